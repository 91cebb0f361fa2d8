"""Which published verdicts are measured afresh here, those of changed code first, the cheapest first?

    measured_here.py SECONDS DECISION... [--first DECISION...]

Not one whose subject is a Python package that is not installed, and none that would take the sum beyond SECONDS, by
what its published cells took, on two cores: a nightly workflow measures these. Prints the names of the others, a
line each, and on stderr a line for each that is left out. A package is looked up by its metadata, never imported. Needs
no other package. Ends with 2 and one line where a verdict, its rule or its measurements cannot be read.
"""

import argparse
import gzip
import json
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RULES = Path(__file__).resolve().parents[1] / "hypotheses" / "preregistrations"
PACKAGE = "package:"
CORES = 2


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


def seconds(decision: Path) -> float:
    """What its published cells took, on as many cores as measure it here."""
    with gzip.open(decision.parent / "measurements.jsonl.gz", "rt", encoding="utf8") as lines:
        return sum(json.loads(line)["seconds"] for line in lines) / CORES


def main(most: float, decisions: list[Path], first: list[Path], rules: Path = RULES) -> int:
    spent, found = 0.0, []
    for decision in decisions:
        try:
            found.append((decision not in first, seconds(decision), decision, lacking(decision, rules)))
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            print(f"{decision}: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
    for _, cost, decision, package in sorted(found):
        left_out = f"left out: {decision.parent.name}, "
        if package is not None:
            print(f"{left_out}measured on {package}, which is not installed", file=sys.stderr)
        elif spent + cost > most:
            print(f"{left_out}about {cost:.0f} s beyond the {most:.0f} s that there are", file=sys.stderr)
        else:
            spent += cost
            print(decision)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="measured_here.py", description=__doc__.partition("\n")[0])
    parser.add_argument("seconds", type=float)
    parser.add_argument("decisions", type=Path, nargs="+")
    parser.add_argument("--first", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    sys.exit(main(given.seconds, given.decisions, given.first))
