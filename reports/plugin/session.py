"""The pytest plugin: seal before collection, cells in registered order, verdict and artefacts at the end.

Imports no torch: `pytest --help`, collection errors and re-judging stay fast, and the controller of `-n N` needs none.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from reports.base.errors import ExitCode, StudyError, exit_code_lines, unusable
from reports.base.printing import one_line
from reports.plugin import collected_cells as cells
from reports.plugin import early, hooks, terminal
from reports.plugin.artefacts import Session, SessionResult, conclude
from reports.plugin.early import SESSION
from reports.plugin.exit_code import last_word, lists_only
from reports.plugin.job import JobResult, conclude_job, leave_to_the_judge
from reports.plugin.live import Live, live_line
from reports.plugin.options import ROOT, echo, require_none
from reports.plugin.plan import PLAN, make_plan
from reports.plugin.reproduction import REPRODUCTION, Comparison, compare
from reports.plugin.told_elsewhere import tell_elsewhere
from reports.plugin.workers import ORDERS, Failures, Slots, instruct, orders_of
from reports.store.checked_cells import Checked
from reports.study import Study

OUTCOMES = {
    ExitCode.KILLED: "KILLED",
    ExitCode.INCONCLUSIVE: "MISFIRED",
    ExitCode.TAMPERED: "TAMPERED",
    ExitCode.BAD_INPUT: "BAD INPUT",
    ExitCode.MISMATCH: "MISMATCH",
}
MEANINGS = {
    ExitCode.KILLED: "The claim is dead by its registered rule and its controls are sound: a result, not a fault.",
    ExitCode.INCONCLUSIVE: "The instrument is broken: its claim is INCONCLUSIVE, neither dead nor alive.",
}


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.has_plugin(early.NAME):  # then `pytest_configure` refuses to run the study
        early.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "claim(name): the registered claim that this cell measures or controls")
    config.addinivalue_line("markers", "trap(name): the registered trap that this cell sets")
    config.addinivalue_line("markers", "probe(name): the registered probe that this cell feeds; it enters no verdict")
    config.addinivalue_line("markers", "secondary(name): the registered comparison that this cell feeds; no verdict")
    root = early.study_root(map(str, config.args), config.invocation_params.dir)
    if root is None:
        require_none(config)
        return
    if not config.pluginmanager.has_plugin(early.NAME):
        raise pytest.UsageError(
            "the suite is not installed here, and pytest would take a folder that an option names for tests of yours; "
            "run: pip install -e ."
        )
    keep_data_off_the_path(config)
    config.stash[ROOT] = root
    config.stash[ORDERS] = orders_of(config)
    config.pluginmanager.register(StudySession(config), SESSION)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """0 is a verdict, or a list or a job that was asked for; 1 is a kill: nothing else of a study ends in either."""
    known = config.known_args_namespace
    named = early.study_root(known.file_or_dir, config.invocation_params.dir) is not None
    try:
        code = yield
    except Exception as error:  # pytest itself ran out of memory, say; Python would end in 1
        if not named or isinstance(error, pytest.UsageError):
            raise
        why = "nobody reads its output" if isinstance(error, BrokenPipeError) else f"{type(error).__name__}, look above"
        print(f"INCOMPLETE: pytest broke off ({why}); run again to go on from the store", file=sys.stderr)
        return ExitCode.INCOMPLETE
    if getattr(config.option, "help", False):
        print("\n" + "\n".join(exit_code_lines()))
    session = config.pluginmanager.get_plugin(SESSION)
    if hasattr(config, "workerinput") or not (session or (named and lists_only(config))):  # --help configures nothing
        return code
    reproduce = getattr(known, "reproduce", None) is not None
    settled, job = (None, False) if session is None else (session.settled, session.job is not None)
    code, wrong = last_word(int(code), settled, config.invocation_params.args, reproduce, job)
    if wrong is not None:
        print(f"{ExitCode(code).name}: {wrong}", file=sys.stderr)
    return code


class StudySession:
    """The hooks of one run. Registered only where the command line reaches into `hypotheses/`."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.started = time.time()
        self.reports: list[pytest.TestReport | pytest.CollectReport] = []
        self.interrupted = False
        self.worker = hasattr(config, "workerinput")
        self.conclusion: SessionResult | None = None
        self.comparison: Comparison | None = None
        self.job: JobResult | None = None
        self.failure: str | None = None  # why there is no conclusion
        self.settled: int | None = None  # the exit code that this run came to
        self.untold: list[str] = []  # what a CI asked for and could not be written
        self.slots = Slots()
        # a worker has no terminal, and -q asks for none; the copy is made before pytest captures stderr
        silent = self.worker or getattr(config.option, "verbose", 0) < 0
        self.live = Live(None) if silent else live_line(2, os.environ)
        self.order: dict[str, int] = {}  # test id -> position in the registered order
        self.running: str | None = None  # test id

    @property
    def failures(self) -> Failures:
        return Failures(self.config.stash[PLAN].run_folder / f".failed-{self.config.stash[ORDERS].run}")

    @property
    def checked(self) -> Checked:
        return Checked(self.config.stash[PLAN].run_folder / f".checked-{self.config.stash[ORDERS].run}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        instruct(node, self.config.stash[ORDERS], self.slots)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.slots.free(node.gateway.id)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        try:
            self.config.stash[PLAN] = make_plan(self.config)
        except StudyError as error:
            pytest.exit(f"{error.exit_code.name.replace('_', ' ')}: {error}", returncode=error.exit_code)
        except OSError as error:
            pytest.exit(f"BAD INPUT: {unusable(error)}", returncode=ExitCode.BAD_INPUT)
        if not self.worker:
            terminal.prepare(self.config)
            terminate_as_interrupted(self.config)

    def pytest_report_header(self) -> list[str]:
        return terminal.header(self.config.stash[PLAN], echo(self.config))

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """A rung's tests are in the folder of its name: those of the other rungs are not looked at."""
        rungs = config.stash[ROOT] / "hypotheses"
        other = collection_path.parent == rungs and collection_path.is_dir()
        return True if other and collection_path.name != config.stash[PLAN].prereg.rung else None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        cells.parametrize(metafunc)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """After every other plugin: the order is registered, and one that shuffles tests would end `-x` elsewhere."""
        yield
        cells.order_and_select(config, items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        cells.remember_selection(session)
        self.order = {item.nodeid: position for position, item in enumerate(session.items)}
        if session.items:  # the controller of -n collects nothing and learns of cells as they start
            self.live.expect([cell_id(nodeid) for nodeid in self.order], 1)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        if not self.order:
            self.order = {nodeid: position for position, nodeid in enumerate(ids)}
            self.live.expect([cell_id(nodeid) for nodeid in ids], len(self.config.getoption("tx")))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.live.start(cell_id(nodeid))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.live.finish(cell_id(nodeid))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Under `-n N -x` a test that is behind a failure is not run, as if pytest had stopped there.

        Any other is run once: a plugin that runs a failed test again would judge a kill again.
        """
        self.running = item.nodeid
        if not self.overtaken():
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            runtestprotocol(item, nextitem=nextitem)
            item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def overtaken(self) -> bool:
        """Under `-n N -x`: did a test fail that is before the one that this worker runs?"""
        if not self.worker or self.running is None or not self.config.stash[ORDERS].stop:
            return False
        return self.failures.before(self.order.get(self.running, 0), self.order)

    def go_on(self) -> None:
        """Asked between the parts of a long cell: skips its rest where it would not have been started any more."""
        if self.overtaken():
            pytest.skip("not finished: -x, and a cell before this one failed")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
        """A `StudyError` is an outcome, not a crash: its one line replaces a traceback."""
        report = yield
        cell = item.stash.get(cells.CELL, None)
        if cell is not None:
            properties = dict(report.user_properties)
            if "cell" not in properties:
                item.user_properties += [("cell", cell.id), ("kind", cell.kind)]
            report.user_properties = list(item.user_properties)
        if call.excinfo is not None and isinstance(call.excinfo.value, StudyError):
            error = call.excinfo.value
            report.longrepr = f"{error}\n{MEANINGS.get(error.exit_code, '')}".strip()
            report.user_properties.append(("outcome", OUTCOMES.get(error.exit_code, "ERROR")))
            report.user_properties.append(("exit_code", int(error.exit_code)))
        if cell is not None and REPRODUCTION in self.config.stash:
            self.config.stash[REPRODUCTION].turn(report, cell.id)
        if cell is not None and self.config.stash[PLAN].asked is not None:
            leave_to_the_judge(report)
        if report.failed and self.worker and self.config.stash[ORDERS].stop:
            self.failures.add(item.nodeid)
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.worker:
            self.reports.append(report)

    def pytest_report_teststatus(self, report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, Any] | None:
        return terminal.status(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.worker:
            return
        if report.failed and self.config.stash[ORDERS].stop:
            self.failures.add(report.nodeid)  # also of a worker that died and wrote nothing down
        if report.when == "call" or report.outcome != "passed":
            self.reports.append(report)
            self.live.erase()
            terminal.write_cell(self.config, report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """xdist ends `-x` with its own subclass of KeyboardInterrupt, which is not an interruption by a person.

        An interruption between two instructions of one line may be at no line at all: pytest dies of such an entry
        when it shows the traceback, and with exit code 1.
        """
        self.interrupted = self.interrupted or excinfo.type is KeyboardInterrupt
        excinfo.traceback = excinfo.traceback.filter(lambda entry: entry._rawentry.tb_lineno is not None)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.worker or lists_only(self.config) or PLAN not in self.config.stash:
            return
        ended = Session(
            plan=self.config.stash[PLAN],
            reports=tuple(self.reports),
            exit_status=int(exitstatus),
            interrupted=self.interrupted,
            options=echo(self.config),
            started=datetime.fromtimestamp(self.started, UTC),
            root=self.config.stash[ROOT],
            checked=self.checked.cells(),
        )
        self.failures.forget()
        self.checked.forget()
        try:
            if ended.plan.asked is not None:
                self.job = conclude_job(ended)
                session.exitstatus = self.settled = self.job.exit_code
                return
            self.conclusion = conclude(ended)
            session.exitstatus = self.conclusion.exit_code
            if REPRODUCTION in self.config.stash:
                expected, plan = self.config.stash[REPRODUCTION].expected, ended.plan
                self.comparison = compare(expected, self.conclusion.document, plan.prereg.tolerances)
                session.exitstatus = self.comparison.exit_code_after(self.conclusion.exit_code)
        except StudyError as error:
            self.failure = f"{error.exit_code.name.replace('_', ' ')}: {error}"
            session.exitstatus = error.exit_code
        except OSError as error:
            self.failure, session.exitstatus = f"BAD INPUT: {unusable(error)}", ExitCode.BAD_INPUT
        except Exception as error:
            self.failure = f"ERROR: no verdict ({type(error).__name__}: {one_line(str(error))}); please report it"
            session.exitstatus = ExitCode.INCOMPLETE
        self.settled = int(session.exitstatus)
        self.untold = tell_elsewhere(self.config, self.conclusion, self.comparison, self.failure)

    def pytest_unconfigure(self) -> None:
        self.live.close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.conclusion is not None:
            terminal.write_summary(terminalreporter, self.conclusion, Path.cwd())
            if self.comparison is not None:
                terminal.write_comparison(terminalreporter, self.comparison)
        elif self.job is not None:
            terminal.write_job(terminalreporter, self.job, Path.cwd())
        elif self.failure is not None:
            terminalreporter.write_line(self.failure, red=True, bold=True)
        for line in self.untold:
            terminalreporter.write_line(line, yellow=True)


def cell_id(nodeid: str) -> str:
    """`narrow_d[L03]` of `…::test_narrow_d[L03]`, `planted_narrow_d` of `…::test_control[planted_narrow_d]`."""
    test = nodeid.rpartition("::")[2]
    return test.removeprefix("test_control[").removesuffix("]") if "_control[" in test else test.removeprefix("test_")


def after_kill(item: pytest.Item, study: Study) -> None:
    """A cell registered after a kill is exploratory; under `-x` it does not start, on whichever worker."""
    cell = item.stash.get(cells.CELL, None)
    trigger = None if cell is None else study.killed_before(cell)
    if trigger is None:
        return
    if item.config.stash[ORDERS].stop:
        pytest.skip(f"not started: -x, and the rung was killed before ({trigger})")
    item.user_properties.append(("exploratory", trigger))


def keep_data_off_the_path(config: pytest.Config) -> None:
    """Workers are started by `python -c`, which would import from the working directory: it may be the model's."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"

    def restore() -> None:
        if before is None:
            os.environ.pop("PYTHONSAFEPATH", None)

    config.add_cleanup(restore)


def terminate_as_interrupted(config: pytest.Config) -> None:
    """SIGTERM ends a run as Ctrl-C does: what was measured is judged, and the exit code says interrupted."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: the verdict is being written
        raise KeyboardInterrupt("SIGTERM")

    signal.signal(signal.SIGTERM, interrupt)

    def restore() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    config.add_cleanup(restore)
