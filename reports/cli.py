"""`python -m reports`: lint, seal, amend, log, status, decide, reproduce: one function and one line each."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reports.errors import BadInput, ExitCode, StudyError, Tampered
from reports.ledger import LEDGER, read_ledger
from reports.lint import lint, sealable
from reports.parse import load_preregistration
from reports.seal import SealStatus, amend, seal, verify, was_sealed
from reports.table import closest

PREREGISTRATIONS = Path(__file__).resolve().parents[1] / "hypotheses" / "preregistrations"

Options = argparse.Namespace
Command = Callable[[Options], ExitCode]
Argument = tuple[str, dict[str, object]]

NAME: Argument = ("name", {"metavar": "NAME", "help": "a preregistration by its stem, or a path"})
NAMES: Argument = ("names", {"metavar": "NAME", "nargs": "*", "help": "preregistrations (default: all of them)"})
WHAT: Argument = ("--what", {"required": True, "metavar": "TEXT", "help": "what is sealed or changed, in one line"})
WHY: Argument = ("--why", {"required": True, "metavar": "TEXT", "help": "the reason, in one line"})
FOLDER: Argument = (
    "results",
    {"type": Path, "metavar": "FOLDER", "help": "what a run wrote, under reports/out or --out"},
)
EXPECTED: Argument = ("expected", {"type": Path, "metavar": "DECISION", "help": "the decision.json to be reproduced"})
OBTAINED: Argument = (
    "--with",
    {
        "dest": "obtained",
        "type": Path,
        "metavar": "DECISION",
        "help": "the decision.json of a new run (default: judge the measurements published beside DECISION again)",
    },
)
SEEN: dict[str, object] = {"choices": ("yes", "no"), "help": "had results of this rung on this subject been seen?"}


def parser() -> argparse.ArgumentParser:
    """The command line. A command's help is the first line of its function's docstring."""
    top = argparse.ArgumentParser(prog="python -m reports", description="Seal preregistrations and judge what was run.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command, *arguments: Argument) -> None:
        text = (run.__doc__ or "").partition("\n")[0]
        added = commands.add_parser(name, help=text, description=text)
        for flag, options in arguments:
            added.add_argument(flag, **options)  # type: ignore[arg-type]  # argparse has no type for its options
        added.set_defaults(run=run)

    command("lint", run_lint, NAMES)
    command("seal", run_seal, NAME, WHAT, WHY, ("--results-seen", {**SEEN, "default": "no"}))
    command("amend", run_amend, NAME, WHAT, WHY, ("--results-seen", {**SEEN, "required": True}))
    command("log", run_log)
    command("status", run_status, NAMES)
    command("decide", run_decide, FOLDER)
    command("reproduce", run_reproduce, EXPECTED, OBTAINED)
    return top


def main(arguments: Sequence[str], folder: Path = PREREGISTRATIONS) -> ExitCode:
    """Runs one command on the preregistrations in `folder`; a fault of what was handed over is one line on stderr."""
    options = parser().parse_args(arguments, argparse.Namespace(folder=folder))
    run: Command = options.run
    try:
        return run(options)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def run_lint(options: Options) -> ExitCode:
    """Show that each gate can be met and can be killed, or which theorem forbids it; 13 if one cannot."""
    allowed = True
    for path in _paths(options.folder, options.names):
        findings = lint(load_preregistration(path))
        print(f"{path.stem}: {'may be sealed' if sealable(findings) else 'REFUSED'}")
        for finding in findings:
            print(f"  {finding.line()}")
        allowed = allowed and sealable(findings)
    return ExitCode.SURVIVED if allowed else ExitCode.BAD_INPUT


def run_seal(options: Options) -> ExitCode:
    """Seal a preregistration for the first time, in the ledger and beside the file."""
    return _sealed(options, seal)


def run_amend(options: Options) -> ExitCode:
    """Seal a changed preregistration anew, with the reason, in public."""
    return _sealed(options, amend)


def run_log(options: Options) -> ExitCode:
    """Verify the ledger, print every seal and amendment, and the head that a signed tag can anchor."""
    ledger = read_ledger(options.folder / LEDGER)
    for entry in ledger.entries:
        seen = "results had been seen" if entry.results_seen else "no results had been seen"
        print(f"{entry.index} {entry.date} {entry.kind} {entry.file} ({seen})")
        print(f"  what: {entry.what}\n  why: {entry.why}\n  rule {entry.canonical_sha256}")
    print(f"head {ledger.head}, {len(ledger.entries)} entries; a cut tail shows only against a head kept elsewhere")
    return ExitCode.SURVIVED


def run_status(options: Options) -> ExitCode:
    """Say of each preregistration whether it is sealed, not sealed, or tampered with (then 12)."""
    states = {path.stem: _state(path) for path in _paths(options.folder, options.names)}
    for name, (text, _) in states.items():
        print(f"{name}: {text}")
    codes = {code for _, code in states.values()}
    return next((code for code in (ExitCode.TAMPERED, ExitCode.BAD_INPUT) if code in codes), ExitCode.SURVIVED)


def run_decide(options: Options) -> ExitCode:
    """Judge a run's measurements again, without weights or torch; the exit code is the verdict's."""
    from reports.rejudge import rejudge  # noqa: PLC0415 - numpy, which most commands do not need

    judged = rejudge(options.results, options.folder)
    decision = judged.decision
    told = f", {decision.trigger}" if decision.trigger else f", {len(decision.missing)} registered cells not measured"
    print(f"{decision.prereg.rung}, design {decision.prereg.design}: {decision.verdict}{told}")
    print(f"core sha256 {judged.core_sha256}")
    return ExitCode[decision.verdict]


def run_reproduce(options: Options) -> ExitCode:
    """Say whether a verdict is reproduced, by a new run or by its own published measurements, or in what not (14)."""
    from reports.circumstances import circumstances  # noqa: PLC0415 - as above
    from reports.rejudge import drifted, rebuilt, rejudge  # noqa: PLC0415
    from reports.reproduce import differences, outcome_line, read_decision  # noqa: PLC0415

    expected = read_decision(options.expected)
    prereg = verify(options.folder / Path(str(expected["seal"]["file"])).name).prereg
    drift: list[str] = []
    if options.obtained is None:
        judged = rejudge(options.expected.parent, options.folder)
        obtained = rebuilt(judged, expected)
        drift = drifted(judged, expected, options.expected.parent)
    else:
        obtained = read_decision(options.obtained)
    found = list(differences(obtained, expected, prereg.tolerances))
    for line in [*(difference.line() for difference in found), *drift]:
        print(line)
    for line in circumstances(obtained, expected):
        print(f"note: {line}")
    print(outcome_line(expected, reproduced=not found and not drift))
    return ExitCode.MISMATCH if found or drift else ExitCode.SURVIVED


def _sealed(options: Options, act: Callable[..., SealStatus]) -> ExitCode:
    (path,) = _paths(options.folder, [options.name])
    seen, today = options.results_seen == "yes", datetime.now(UTC).date().isoformat()
    before = len(read_ledger(path.with_name(LEDGER)).entries)
    status = act(path, what=options.what, why=options.why, results_seen=seen, date=today)
    if status.entry.index <= before:
        print(f"{path.stem}: this content was sealed before; nothing was added to the ledger")
    print(f"{path.stem}: {status.describe()}\nledger head {status.entry.sha256}")
    return ExitCode.SURVIVED


def _state(path: Path) -> tuple[str, ExitCode]:
    try:
        if was_sealed(path):
            return verify(path).describe(), ExitCode.SURVIVED
        draft = load_preregistration(path).draft
        return f"not sealed{', draft' if draft else ''}", ExitCode.SURVIVED
    except Tampered as error:
        return f"TAMPERED: {error}", error.exit_code
    except BadInput as error:
        return f"INVALID: {error}", error.exit_code


def _paths(folder: Path, names: Sequence[str]) -> list[Path]:
    """The files that `names` mean, stems in `folder` or paths ending in .toml; without names, all of `folder`."""
    known = sorted(folder.glob("*.toml"))
    if not names and not known:
        raise BadInput(f"{folder.name}: no preregistrations here, expected *.toml; run it from a checkout")
    return [_path(folder, name, known) for name in names] if names else known


def _path(folder: Path, name: str, known: Sequence[Path]) -> Path:
    stems = [path.stem for path in known]
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        raise BadInput(f"{name!a}: no such preregistration; there are {', '.join(stems)}{closest(name, stems)}")
    return path
