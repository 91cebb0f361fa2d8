"""Which published verdicts were measured by other code than is here?

    changed_code.py DECISION...

Prints the names of those in whose `run.json` the digest of a measure's code is not what it is here, a line each. Needs
the suite's own packages. Ends with 2 and one line where a verdict or its rule cannot be read.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fixtures.code_digest import codes  # noqa: E402 - of this checkout
from reports.base.errors import BadInput  # noqa: E402
from reports.prereg.parsing.parse import load_preregistration  # noqa: E402

RULES = ROOT / "hypotheses" / "preregistrations"


def is_changed(decision: Path) -> bool:
    """Whether a measure behind `decision` has other code now."""
    run = json.loads((decision.parent / "run.json").read_bytes())
    here = codes(load_preregistration(RULES / str(run["preregistration"])))
    return any(here.get(measure) != digest for measure, digest in run["code"].items())


def main(decisions: list[Path]) -> int:
    for decision in decisions:
        try:
            changed = is_changed(decision)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, BadInput) as error:
            print(f"{decision}: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
        if changed:
            print(decision)
    return 0


if __name__ == "__main__":
    sys.exit(main([Path(given) for given in sys.argv[1:]]))
