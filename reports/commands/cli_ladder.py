"""The command line of `python -m reports ladder`; what it does is imported when it runs."""
# ruff: noqa: PLC0415

import argparse
from pathlib import Path

from reports.base.errors import BadInput, ExitCode
from reports.commands.cli_verdicts import Argument, Options

CODES = """\
exit codes: 0 every rung that ran came to a verdict, KILLED, SURVIVED or VACUOUS: a dead claim is what a ladder is
climbed for, not a failure of it. Otherwise the gravest of: 12 a seal or a subject is not what was sealed; 13 bad input,
or no rung runs; 10 a rung is INCONCLUSIVE; 11 a rung has no verdict, or the climb was interrupted: give the command
again, it goes on. To fail where a claim is dead, run its rung: pytest hypotheses/ --prereg=NAME ends in 1."""
CLAIMS_ALONE = ("model", "prereg", "revision", "prompts", "out", "workers")


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 999:  # noqa: PLR2004 - more processes than a machine has cores
        raise argparse.ArgumentTypeError(f"{text!a} is no number of processes from 1 to 999")
    return int(text)


LADDER: tuple[Argument, ...] = (
    (
        "--claims",
        {"action": "store_true", "help": "run nothing: list each rung's claim, source, needs, bytes, minutes"},
    ),
    ("--model", {"metavar": "PATH_OR_ID", "help": "the subject (default: the embedded model)"}),
    (
        "--prereg",
        {"metavar": "NAME", "action": "append", "help": "this rule, on its own sealed subject; once for each"},
    ),
    ("--all-designs", {"action": "store_true", "help": "every design of a rung, not its latest alone"}),
    ("--revision", {"metavar": "REV", "help": "of a hub model"}),
    ("--prompts", {"type": Path, "metavar": "FILE", "help": "prompts of another model, as pytest takes them"}),
    ("--out", {"type": Path, "metavar": "DIR", "help": "where runs and the scoreboard go (default: reports/out)"}),
    ("-n", {"dest": "workers", "type": _workers, "metavar": "N", "help": "processes of each rung (default: one)"}),
    ("--device", {"default": "auto", "metavar": "auto|cpu|cuda[:i]", "help": "where to compute (default: auto)"}),
    (
        "-x",
        {"dest": "stop", "action": "store_true", "help": "end each rung at its first kill: the verdict is the same"},
    ),
)


def run_ladder(options: Options) -> ExitCode:
    """Climb every sealed rung that a subject allows, cheapest first, to one scoreboard; goes on where it was."""
    if options.claims:
        from reports.commands.catalogue import catalogue_lines

        given = next((name for name in CLAIMS_ALONE if getattr(options, name)), None)
        if given is not None:
            name = "n" if given == "workers" else given
            raise BadInput(f"--claims: reads no model and runs nothing, obtained --{name} beside it; leave one out")
        for line in catalogue_lines(options.folder, all_designs=options.all_designs):
            print(line)
        return ExitCode.SURVIVED
    from reports.commands.ladder import climb_ladder
    from reports.commands.rungs import Asked

    asked = Asked(
        model=_by_whole_path(options.model),
        revision=options.revision,
        prompts=None if options.prompts is None else options.prompts.resolve(),
        rules=tuple(options.prereg or ()),
        all_designs=options.all_designs,
        stop=options.stop,
    )
    if asked.rules and (asked.model or asked.revision or asked.prompts):
        raise BadInput("--prereg: each rule has a sealed subject of its own, obtained another beside it; leave one out")
    return climb_ladder(asked, options.folder, options.out, options.workers, options.device)


def _by_whole_path(model: str | None) -> str | None:
    """A folder's whole path: pytest runs in the checkout, wherever this command was given."""
    return str(Path(model).resolve()) if model is not None and Path(model).is_dir() else model
