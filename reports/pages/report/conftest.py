"""Reports of a small rung, written once: complete, and stopped at the first kill."""

from pathlib import Path

import pytest

from reports.pages.report import write_report
from reports.testing.figured_rung import document_of, first_kill, measured_rung


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The files of a complete run, the page first."""
    decision, measurements = measured_rung()
    return write_report(tmp_path_factory.mktemp("complete"), decision, document_of(decision), measurements)


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The files of a run with -x that ended at the first kill."""
    decision, measurements = measured_rung(first_kill)
    return write_report(tmp_path_factory.mktemp("stopped"), decision, document_of(decision), measurements)
