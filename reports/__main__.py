"""`python -m reports COMMAND`, see `reports/cli.py`."""

import sys

from reports.cli import main
from reports.printing import print_anywhere

print_anywhere()
sys.exit(main(sys.argv[1:]))
