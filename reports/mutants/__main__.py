"""`python -m reports.mutants`: a Markdown table of broken rules and who noticed; exit code 1 if one survives."""

import sys
import time

from reports.base.printing import print_anywhere
from reports.mutants.driver import all_tried, closing_lines, result_table
from reports.mutants.every import MUTANTS


def main() -> int:
    began = time.perf_counter()
    results = all_tried(MUTANTS)
    print(result_table(results), *closing_lines(results, time.perf_counter() - began), sep="\n\n")
    return 0 if all(result.dead for result in results) else 1


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main())
