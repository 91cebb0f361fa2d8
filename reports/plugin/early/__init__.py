"""What pytest has to know before it looks for a conftest.py: the study's options, and where a study is.

pytest takes the value of an option that it does not know for a path of tests. It would import `DIR/conftest.py` of
`--model DIR`, and put DIR on `sys.path`. So an entry point (`pytest11`) adds the options: it is loaded before any
conftest.py. It is installed under a name of its own, imports nothing of the suite, and leaves every other project
alone. pytest chooses its ini file even earlier; a study under an ini file that is not its own is refused.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

NAME = "moe-falsification"  # of this plugin, in pyproject.toml
SESSION = "study-session"  # the name that the hooks of a run are registered under
BAD_INPUT = 13  # as in reports/base/errors.py, which this file may not import
MOST_LAYERS = 9999
MOST_JOBS = 999_999
DEFAULT_PREREGISTRATION = "E-ffn-rotation-v4-olmoe_nano"
ADVICE = "write the path first and join every option to its value: pytest hypotheses/ --model=DIR"


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("study", "pre-registered claims about mixture-of-experts weights")
    group.addoption(
        "--prereg",
        metavar="NAME",
        help="preregistration under hypotheses/preregistrations/, or a path "
        f"(default: the one that seals --model, else {DEFAULT_PREREGISTRATION})",
    )
    group.addoption("--model", metavar="PATH_OR_HUB_ID", help="the subject (default: the sealed one)")
    group.addoption("--revision", metavar="REV", help="revision of a hub model (default: the sealed one, else main)")
    group.addoption(
        "--dense-model",
        metavar="PATH_OR_HUB_ID",
        help="the dense model that secondaries compare with (default: the sealed one, where it lies in the repository)",
    )
    group.addoption(
        "--prompts", type=Path, metavar="FILE", help="prompts for the claim about the whole model (default: the sealed)"
    )
    group.addoption("--device", default="auto", metavar="auto|cpu|cuda[:i]", help="where to compute (default: auto)")
    group.addoption("--layers", type=layer_set, metavar="0-3,8", help="run the cells of these layers only")
    group.addoption(
        "--cells",
        type=cells_asked,
        metavar="I/N|CELL,…",
        help="one job of a scheduler's array: measure the I-th of N parts of the cells, or the cells named, into the "
        "store that all jobs share, and judge nothing; python -m reports cells lists them",
    )
    group.addoption(
        "--sample",
        action="store_true",
        help="of each layer the registered sample of experts only: exploratory, and hours in place of days on a CPU",
    )
    group.addoption(
        "--save-rotations",
        action="store_true",
        help="keep the learned rotations of every layer measured, beside its measurements (large)",
    )
    group.addoption(
        "--reproduce",
        type=Path,
        metavar="DECISION",
        help="measure afresh, whole, and be green exactly when this decision.json is reproduced",
    )
    group.addoption("--report", action="store_true", help="write report.html and its figures as well (some seconds)")
    group.addoption("--out", type=Path, metavar="DIR", help="where measurements and verdicts go (default: reports/out)")


def layer_set(text: str) -> frozenset[int]:
    """`0-3,8` -> {0, 1, 2, 3, 8}."""
    layers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise argparse.ArgumentTypeError(
                f"{part.strip()!r} is no layer or range of layers; write for example 0-3,8"
            )
        if len(last or first) > len(str(MOST_LAYERS)) or int(last or first) > MOST_LAYERS:
            raise argparse.ArgumentTypeError(f"no model has a layer above {MOST_LAYERS}; write for example 0-3,8")
        layers.update(range(int(first), int(last or first) + 1))
    return frozenset(layers)


def cells_asked(text: str) -> str:
    """`0/64` to `63/64`, or names of cells: as it was typed, once it is one of both."""
    part, slash, parts = text.partition("/")
    if not slash and all(name.strip() for name in text.split(",")):
        return text
    numbers = [number if number.isascii() and number.isdecimal() else "" for number in (part, parts)]
    if not all(numbers) or max(map(len, numbers)) > len(str(MOST_JOBS)) or int(parts) > MOST_JOBS:
        raise argparse.ArgumentTypeError(
            f"{text!a} is neither a part of the cells nor names of them; write for example 3/64 or narrow_d[L03]"
        )
    if int(part) >= int(parts):
        raise argparse.ArgumentTypeError(
            f"{text!a} counts from 0, expected at most {max(int(parts) - 1, 0)}/{parts}; give a Slurm array 0-N, or "
            "name N yourself where only some of its jobs run again"
        )
    return text


def study_root(arguments: Iterable[str], here: Path) -> Path | None:
    """The checkout whose `hypotheses/` one of these paths or test ids reaches into, seen from the folder `here`."""
    for argument in arguments:
        path = Path(os.path.realpath(here / argument.partition("::")[0]))
        for folder in (path / "hypotheses", path, *path.parents):
            if folder.name == "hypotheses" and os.path.isdir(folder / "preregistrations"):
                return folder.parent
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Adds the options where the command names a study or is typed in a checkout of one, and takes their values out of
    the paths that pytest is about to look for a conftest.py in."""
    here, known = early_config.invocation_params.dir, early_config.known_args_namespace
    if study_root([*known.file_or_dir, *map(str, (here, *here.parents))], here) is None:
        return
    try:
        add_options(parser)
        told = vars(parser.parse_known_args(args))
    except (ValueError, argparse.ArgumentError) as error:  # by pytest 9, and by pytest 8
        _refuse(f"another plugin has an option of the study's ({error}); leave it out with -p no:NAME")
    for name, value in told.items():
        if name == "file_or_dir" or not hasattr(known, name):
            setattr(known, name, value)
    root = study_root(known.file_or_dir or [str(here)], here)
    if root is not None and early_config.inipath != root / "pyproject.toml":
        ini = early_config.inipath or "no ini file"
        _refuse(f"pytest reads {ini}, expected {root / 'pyproject.toml'}, or data could set its options; {ADVICE}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if study_root(config.args, config.invocation_params.dir) is not None:
        _require_session(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Also of a command that only comes upon the study: one that names a folder above the checkout."""
    if any(study_root([str(item.path)], Path()) for item in session.items):
        _require_session(session.config)


def _require_session(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin(SESSION):
        pytest.exit(
            "BAD INPUT: the study's plugin is not loaded, so that no cell can be judged; name hypotheses/ and leave "
            "out --noconftest and -p no:…",
            returncode=BAD_INPUT,
        )


def _refuse(line: str) -> NoReturn:
    """Ends pytest before its session begins, where an exception of any other kind would end in exit code 1."""
    print(f"BAD INPUT: {line if line.isprintable() else ascii(line)}", file=sys.stderr)
    raise SystemExit(BAD_INPUT)
