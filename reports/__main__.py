"""`python -m reports COMMAND`, see `reports/commands/cli.py`."""

import sys

from reports.base.printing import end_with_the_reader, print_anywhere
from reports.commands.cli import main

print_anywhere()
end_with_the_reader()
sys.exit(main(sys.argv[1:]))
