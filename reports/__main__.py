"""`python -m reports COMMAND`, see `reports/cli.py`."""

import sys

from reports.cli import main

sys.exit(main(sys.argv[1:]))
