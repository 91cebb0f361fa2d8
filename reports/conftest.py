"""What tests share: `fixtures/testing/unit_tests.py`, a sealed preregistration, and studies in miniature.

A rung that several tests look at is run once per session (`finished`, `finished_rung`); each test gets a copy.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.testing.made_once import once
from fixtures.testing.unit_tests import prepare
from reports.testing.small_rules import SHIPPED, first_seal


def pytest_configure(config: pytest.Config) -> None:
    prepare(config)


MODES = {"serial": [], "n2": ["-n2"]}
SAID = "said.json"  # the exit code and the lines of a finished run


@pytest.fixture(params=["serial", pytest.param("n2", marks=pytest.mark.nightly)])
def mode(request: pytest.FixtureRequest) -> list[str]:
    """In one process, and nightly in two: for what does not depend on processes, or is tried in two elsewhere."""
    return MODES[request.param]


@pytest.fixture(params=["serial", "n2"])
def mode_daily(request: pytest.FixtureRequest) -> list[str]:
    """In one process and in two, every time: for what depends on processes."""
    return MODES[request.param]


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session that all its workers share."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if hasattr(request.config, "workerinput") else base) / "shared"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A study in another folder finds the suite, and loads no plugin that it has no use for: each costs a second."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parent.parent))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio")


@pytest.fixture
def run(pytester: pytest.Pytester, elsewhere: None) -> Callable[..., pytest.RunResult]:
    """`run("-x", weights="gaussian")` writes the miniature on first use and runs `pytest hypotheses/` on it."""
    from fixtures.testing.miniature import NAME, write_miniature  # noqa: PLC0415 - `pytest --help` loads this file

    def run_study(*arguments: str, **miniature: str) -> pytest.RunResult:
        if not (pytester.path / "hypotheses").exists():
            write_miniature(pytester.path, **miniature)
        # in-process where xdist spawns nothing: torch is imported once, not once a test
        return pytester.runpytest_inprocess("hypotheses", "--prereg", NAME, *arguments)

    return run_study


@pytest.fixture
def finished(pytester: pytest.Pytester, shared: Path, elsewhere: None) -> Callable[..., pytest.RunResult]:
    """`finished(weights="gaussian")` is `run(weights="gaussian")`, in one process and once per session.

    The study and all that its run wrote is copied here. What the run said is returned.
    """
    from fixtures.testing.miniature import NAME, write_miniature  # noqa: PLC0415 - as above

    def finished_study(weights: str = "gaussian") -> pytest.RunResult:
        def make(root: Path) -> None:
            write_miniature(root, weights)
            finish(root, pytester, NAME)

        return copied(once(shared, f"mini-{weights}", make), pytester.path)

    return finished_study


@pytest.fixture
def write_rung(pytester: pytest.Pytester, shared: Path) -> Callable[..., Path]:
    """`write_rung(4, weights="planted")` is `write_rotation_miniature` here, with a subject made once per session."""
    from fixtures.testing.rotation_miniature import write_rotation_miniature  # noqa: PLC0415 - as above

    def write(design: int, **miniature: Any) -> Path:
        chosen: dict[str, Any] = {"weights": "planted", "one_bit": False, "sheared": 0.05} | miniature
        name = "-".join(["rung", str(design), *(f"{key}={value}" for key, value in chosen.items())])
        made = once(shared, name, lambda root: write_rotation_miniature(root, design, **chosen))
        shutil.copytree(made, pytester.path, dirs_exist_ok=True)
        return pytester.path / "hypotheses" / "preregistrations" / f"E-turn-v{design}.toml"

    return write


@pytest.fixture
def finished_rung(
    pytester: pytest.Pytester, shared: Path, write_rung: Callable[..., Path], elsewhere: None
) -> Callable[[int], pytest.RunResult]:
    """`finished_rung(4)` is the whole rung of that design on a planted model, run once per session and copied here."""

    def finished_study(design: int) -> pytest.RunResult:
        def make(root: Path) -> None:
            write_rung(design, one_bit=True)
            shutil.copytree(pytester.path, root, dirs_exist_ok=True)
            finish(root, pytester, f"E-turn-v{design}")

        return copied(once(shared, f"finished-{design}", make), pytester.path)

    return finished_study


def finish(root: Path, pytester: pytest.Pytester, prereg: str) -> None:
    """Runs the study under `root`, and keeps what it said beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        done = pytester.runpytest_inprocess("hypotheses", "--prereg", prereg)
    (root / SAID).write_text(json.dumps([int(done.ret), done.outlines, done.errlines]), encoding="utf8")


def copied(made: Path, root: Path) -> pytest.RunResult:
    """What `finish` left in `made`, copied to `root`."""
    shutil.copytree(made, root, dirs_exist_ok=True)
    code, out, err = json.loads((root / SAID).read_text(encoding="utf8"))
    return pytest.RunResult(code, out, err, 0.0)


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
