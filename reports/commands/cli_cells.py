"""The command line of `python -m reports cells`; what it does is imported when it runs."""
# ruff: noqa: PLC0415

import json
import os

from reports.base.errors import ExitCode
from reports.commands.cli_verdicts import Argument, Options

CELLS: tuple[Argument, ...] = (
    ("--prereg", {"metavar": "NAME", "help": "a preregistration (default: the one that pytest hypotheses/ takes)"}),
    ("--model", {"metavar": "PATH_OR_ID", "help": "the subject (default: the sealed one, by its sealed shapes alone)"}),
    ("--revision", {"metavar": "REV", "help": "of a hub model"}),
    ("--json", {"action": "store_true", "help": "one line of JSON, for a scheduler"}),
)


def run_cells(options: Options) -> ExitCode:
    """List the registered cells in running order, the gate each serves, and its bytes and seconds; runs nothing."""
    from reports.commands.cell_costs import cell_lines, list_cells

    cores = len(os.sched_getaffinity(0))
    listed = list_cells(options.folder, options.prereg, options.model, options.revision, cores)
    for line in [json.dumps(listed.to_json())] if options.json else cell_lines(listed):
        print(line)
    return ExitCode.SURVIVED
