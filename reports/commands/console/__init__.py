"""`moe-falsify COMMAND`: `python -m reports COMMAND` of the checkout that was installed, from any folder.

Installed as `moe_falsification_command`. The suite's own packages (`reports`, `fixtures`, `kernels`) stay out of the
environment, where another project may want such names: only this process finds them, and in front of any other. Unlike
`python -m`, it imports nothing from the working directory.
"""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]  # of an editable install: the checkout
BAD_INPUT = 13  # as in reports/base/errors.py, which this file may not import before it has found it


def main(root: Path = ROOT) -> None:
    """Runs the command line of `root`; an installation without its checkout is one line on stderr, and 13."""
    if not ((root / "reports" / "__main__.py").is_file() and (root / "hypotheses" / "preregistrations").is_dir()):
        where = str(Path(__file__).parent)
        print(
            f"error: {where if where.isprintable() else ascii(where)}: installed without its checkout, expected an "
            "editable install, since rules and verdicts are in the checkout; run there: pip install -e .",
            file=sys.stderr,
        )
        sys.exit(BAD_INPUT)
    sys.path.insert(0, str(root))
    runpy.run_module("reports", run_name="__main__", alter_sys=True)
