"""Can a published verdict be measured afresh here? Not where its subject is a Python package that is not installed.

    measured_here.py DECISION...

Prints the names of those that can, a line each, and on stderr a line for each that cannot. A package is looked up by
its metadata, never imported. Needs no other package. Ends with 2 and one line where a verdict or its rule
cannot be read.
"""

import json
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RULES = Path(__file__).resolve().parents[1] / "hypotheses" / "preregistrations"
PACKAGE = "package:"


def lacking(decision: Path, rules: Path) -> str | None:
    """The package that is not here, with its sealed version; None where nothing is lacking."""
    rule = rules / Path(json.loads(decision.read_bytes())["seal"]["file"]).name
    subject = tomllib.loads(rule.read_text("utf8"))["subject"]
    name = subject["source"].removeprefix(PACKAGE)
    if name == subject["source"]:
        return None
    try:
        found = version(name)
    except PackageNotFoundError:
        found = None
    return None if found == subject["version"] else f"{name}=={subject['version']}"


def main(decisions: list[Path], rules: Path = RULES) -> int:
    for decision in decisions:
        try:
            package = lacking(decision, rules)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            print(f"{decision}: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
        if package is None:
            print(decision)
        else:
            print(f"left out: {decision.parent.name}, measured on {package}, which is not installed", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main([Path(given) for given in sys.argv[1:]]))
