"""The study's command-line options, and what they mean before anything is read."""

import argparse
from pathlib import Path

import pytest

from reports.crew import ORDERS

DEFAULT_PREREGISTRATION = "E-ffn-rotation-v4-olmoe_nano"


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
        layers.update(range(int(first), int(last or first) + 1))
    return frozenset(layers)


def study_requested(config: pytest.Config) -> bool:
    """Do the command line's paths reach into `hypotheses/`? Then this is the study, not the unit tests."""
    hypotheses = config.rootpath / "hypotheses"
    paths = [(config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args]
    return any(path == hypotheses or hypotheses in path.parents or path in hypotheses.parents for path in paths)


def echo(config: pytest.Config) -> dict[str, object]:
    """Every option of the study as given, for the header and the environment of the verdict."""
    layers = config.getoption("layers")
    return {
        "prereg": config.getoption("prereg"),
        "model": config.getoption("model"),
        "revision": config.getoption("revision"),
        "dense_model": config.getoption("dense_model"),
        "prompts": None if config.getoption("prompts") is None else str(config.getoption("prompts")),
        "device": config.getoption("device"),
        "layers": None if layers is None else sorted(layers),
        "out": None if config.getoption("out") is None else str(config.getoption("out")),
        "sample": config.getoption("sample"),
        "save_rotations": config.getoption("save_rotations"),
        "report": config.getoption("report"),
        "reproduce": None if config.getoption("reproduce") is None else str(config.getoption("reproduce")),
        "stop_at_first_kill": config.stash[ORDERS].stop,
        "workers": getattr(config.option, "numprocesses", None),
    }
