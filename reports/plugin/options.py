"""The study's command-line options as a run was given them; `reports/plugin/early/` declares them."""

from pathlib import Path

import pytest

from reports.base.printing import as_text
from reports.plugin.early import ADVICE
from reports.plugin.exit_code import lists_only
from reports.plugin.workers import ORDERS

ROOT = pytest.StashKey[Path]()  # the checkout whose `hypotheses/` runs, whatever pytest calls its rootdir


UNSET = (None, False, "auto")


def require_none(config: pytest.Config) -> None:
    """Raises `UsageError` where an option of the study is given to another run: it would go unheeded."""
    if lists_only(config):
        return
    names = ("prereg", "model", "revision", "dense_model", "prompts", "device", "layers", "cells", "sample")
    for name in (*names, "save_rotations", "reproduce", "report", "out"):
        if config.getoption(name) not in UNSET:
            option = f"--{name.replace('_', '-')}"
            raise pytest.UsageError(f"{option}: no test of the study is named; {ADVICE}")


def echo(config: pytest.Config) -> dict[str, object]:
    """Every option of the study as given, for the header and the environment of the verdict."""
    layers = config.getoption("layers")

    def given(name: str) -> str | None:
        return None if config.getoption(name) is None else as_text(str(config.getoption(name)))

    return {
        "prereg": given("prereg"),
        "model": given("model"),
        "revision": given("revision"),
        "dense_model": given("dense_model"),
        "prompts": given("prompts"),
        "device": config.getoption("device"),
        "layers": None if layers is None else sorted(layers),
        "cells": given("cells"),
        "out": given("out"),
        "sample": config.getoption("sample"),
        "save_rotations": config.getoption("save_rotations"),
        "report": config.getoption("report"),
        "reproduce": given("reproduce"),
        "stop_at_first_kill": config.stash[ORDERS].stop,
        "workers": getattr(config.option, "numprocesses", None),
    }
