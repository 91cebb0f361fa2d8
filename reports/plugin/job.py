"""One job of a scheduler's array, `--cells`: whether its cells are measured, and which command judges them.

A job writes no verdict and ends in 0 where each of its cells was measured and recorded as checked. What it makes of a
control or trap that is out of line is for the judge: the number is stored, and said.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from reports.base.errors import ExitCode
from reports.base.printing import as_word
from reports.plugin.artefacts import PYTEST_KEEPS, Session, remember_run, store_of
from reports.prereg.preregistration import Cell
from reports.store.cell_checks import checks_folder
from reports.store.checked_cells import counted_cells
from reports.store.store import append_attempt


@dataclass(frozen=True)
class JobResult:
    """What came of a job."""

    asked: int  # cells
    missing: tuple[Cell, ...]
    records: Path | None  # the folder that says what jobs have checked; None where this one measured nothing
    run_folder: Path
    exit_code: int

    def lines(self, here: Path) -> list[str]:
        """What is printed at the end."""
        done = self.asked - len(self.missing)
        folder = self.run_folder.relative_to(here) if self.run_folder.is_relative_to(here) else self.run_folder
        lines = [f"job: {done} of {self.asked} cells measured and recorded as checked; nothing is judged here"]
        if self.missing:
            named = ", ".join(cell.id for cell in self.missing[:5])
            more = f" and {len(self.missing) - 5} more" if len(self.missing) > 5 else ""  # noqa: PLR2004 - as above
            lines.append(f"not measured: {named}{more}; give the same command again")
        return [*lines, f"when every job has ended: python -m reports decide {as_word(str(folder))} --jobs"]


def conclude_job(session: Session) -> JobResult:
    """What the job came to; the store, its records and `run.json` are all that a judge needs.

    Raises `BadInput` where `run.json` cannot be written.
    """
    plan, asked = session.plan, session.plan.asked or frozenset()
    store = store_of(session)
    unasked = _skipped_secondaries(session)
    checked = counted_cells(asked, session.checked)
    missing = tuple(cell for cell in plan.cells() if cell in asked - checked and cell.id not in unasked)
    if store is not None:
        remember_run(plan, store)
    exit_code = settle_job(session, bool(missing), bool(asked))
    attempt = {
        "started": session.started.isoformat(timespec="seconds"),
        "options": dict(session.options),
        "cells": len(asked) - len(missing),
        "exit_code": exit_code,
    }
    append_attempt(plan.run_folder, attempt)
    records = None if store is None else checks_folder(plan.run_folder, store.folder)
    return JobResult(len(asked), missing, records, plan.run_folder, exit_code)


def settle_job(session: Session, missing: bool, any_cell: bool) -> int:
    """0 where every cell was measured, also if there was none to measure; a fault's own code; else INCOMPLETE."""
    if session.interrupted:
        return pytest.ExitCode.INTERRUPTED
    nothing_to_do = not any_cell and session.exit_status == pytest.ExitCode.NO_TESTS_COLLECTED
    if session.exit_status in PYTEST_KEEPS and not nothing_to_do:
        return session.exit_status
    faults = {dict(getattr(report, "user_properties", ())).get("exit_code") for report in session.reports
              if report.outcome == "failed"}  # fmt: skip
    for code in (ExitCode.TAMPERED, ExitCode.BAD_INPUT):
        if code in faults:
            return code
    whole = not missing and (nothing_to_do or session.exit_status == pytest.ExitCode.OK)
    return ExitCode.SURVIVED if whole else ExitCode.INCOMPLETE


def leave_to_the_judge(report: pytest.TestReport) -> None:
    """A control or trap that is out of line was measured, which is all that its job is asked."""
    if report.failed and dict(report.user_properties).get("exit_code") == ExitCode.INCONCLUSIVE:
        report.user_properties.append(("said", f"{str(report.longrepr).splitlines()[0]} (as the judge will find)"))
        report.outcome, report.longrepr = "passed", None


def _skipped_secondaries(session: Session) -> set[object]:
    """Cells without a dense model to compare with: a complete run lacks them, too."""
    properties = [dict(getattr(report, "user_properties", ())) for report in session.reports
                  if report.outcome == "skipped"]  # fmt: skip
    return {found.get("cell") for found in properties if found.get("kind") == "secondary"}
