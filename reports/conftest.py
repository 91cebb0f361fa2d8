"""What tests share: `fixtures/unit_tests.py`, a sealed preregistration, and a study in miniature run serially, with
`-n0` and with `-n2`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.unit_tests import prepare
from reports.specimens import SHIPPED, first_seal


def pytest_configure(config: pytest.Config) -> None:
    prepare(config)


MODES = {"serial": [], "n0": ["-n0"], "n2": ["-n2"]}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> list[str]:
    return MODES[request.param]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """`run("-x", weights="gaussian")` writes the miniature on first use and runs `pytest hypotheses/` on it."""
    from fixtures.miniature import NAME, REPOSITORY, write_miniature  # noqa: PLC0415 - `pytest --help` loads this file

    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))

    def run_study(*arguments: str, **miniature: str) -> pytest.RunResult:
        if not (pytester.path / "hypotheses").exists():
            write_miniature(pytester.path, **miniature)
        # in-process where xdist spawns nothing: torch is imported once, not once a test
        return pytester.runpytest_inprocess("hypotheses", "--prereg", NAME, *arguments)

    return run_study


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of a shipped preregistration, not sealed."""
    path = tmp_path / SHIPPED.name
    path.write_bytes(SHIPPED.read_bytes())
    return path


@pytest.fixture
def sealed(path: Path) -> Path:
    """The same, sealed."""
    first_seal(path)
    return path
