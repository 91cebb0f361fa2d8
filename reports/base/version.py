"""The version of the suite, from the one place that states it: `pyproject.toml` of this checkout.

Not what an installation says: an editable one keeps the version of the day it was made.
"""

import argparse
import tomllib
from functools import cache
from pathlib import Path
from typing import NoReturn

from reports.base.errors import BadInput

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
SUITE = "moe-falsification-suite"


@cache
def suite_version(pyproject: Path = PYPROJECT) -> str:
    """`0.1.0`. Raises `BadInput` where the file is gone or states none."""
    try:
        stated = tomllib.loads(pyproject.read_text("utf8"))["project"]["version"]
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise BadInput(
            f"{pyproject}: states no version of the suite ({type(error).__name__}: {error}), expected version under "
            "[project]; restore the checkout"
        ) from None
    if not isinstance(stated, str):
        raise BadInput(f"{pyproject}: version is {stated!a}, expected text such as 0.1.0; restore the checkout")
    return stated


class ShowVersion(argparse.Action):
    """`--version`: one line on stdout, and nothing else is done."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version of the suite and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"{SUITE} {suite_version()}")
        parser.exit()
