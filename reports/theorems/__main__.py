"""`python -m reports.theorems`, see `reports/theorems/prove.py`."""

import sys

from reports.base.printing import print_anywhere
from reports.theorems.prove import main

print_anywhere()
sys.exit(main(sys.argv[1:]))
