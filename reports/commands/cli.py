"""`python -m reports`: one function and one line for each command about preregistrations and verdicts.

The commands that judge and render live in `reports/commands/cli_verdicts.py`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reports.base.errors import BadInput, ExitCode, StudyError, Tampered, exit_code_lines, unusable
from reports.base.printing import one_line
from reports.base.version import ShowVersion
from reports.commands.cli_cells import CELLS, run_cells
from reports.commands.cli_ladder import CODES, LADDER, run_ladder
from reports.commands.cli_verdicts import VERDICT_COMMANDS, Argument, Command, Options
from reports.prereg.lint import lint, sealable
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.parsing.refusals import closest
from reports.seals.ledger import LEDGER, read_ledger
from reports.seals.seal import SealStatus, amend, seal, verify, was_sealed

PREREGISTRATIONS = Path(__file__).resolve().parents[2] / "hypotheses" / "preregistrations"

NAME: Argument = ("name", {"metavar": "NAME", "help": "a preregistration by its stem, or a path"})
NAMES: Argument = ("names", {"metavar": "NAME", "nargs": "*", "help": "preregistrations (default: all of them)"})
WHAT: Argument = ("--what", {"required": True, "metavar": "TEXT", "help": "what is sealed or changed, in one line"})
WHY: Argument = ("--why", {"required": True, "metavar": "TEXT", "help": "the reason, in one line"})
SEEN: dict[str, object] = {"choices": ("yes", "no"), "help": "had results of this rung on this subject been seen?"}


def parser() -> argparse.ArgumentParser:
    """The command line. A command's help is the first line of its function's docstring."""
    top = argparse.ArgumentParser(
        prog="python -m reports",
        description="Seal preregistrations and judge what was run.",
        epilog="\n".join(exit_code_lines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=ShowVersion)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command, *arguments: Argument, epilog: str | None = None) -> None:
        text = (run.__doc__ or "").partition("\n")[0]
        added = commands.add_parser(name, help=text, description=text, epilog=epilog)
        for flag, options in arguments:
            added.add_argument(flag, **options)  # type: ignore[arg-type]  # argparse has no type for its options
        added.set_defaults(run=run)

    command("lint", run_lint, NAMES)
    command("seal", run_seal, NAME, WHAT, WHY, ("--results-seen", {**SEEN, "default": "no"}))
    command("amend", run_amend, NAME, WHAT, WHY, ("--results-seen", {**SEEN, "required": True}))
    command("log", run_log)
    command("status", run_status, NAMES)
    for name, run, arguments in VERDICT_COMMANDS:
        command(name, run, *arguments)
    command("cells", run_cells, *CELLS)
    command("ladder", run_ladder, *LADDER, epilog=CODES)
    return top


def main(arguments: Sequence[str], folder: Path = PREREGISTRATIONS) -> ExitCode:
    """Runs one command on the preregistrations in `folder`; a fault of what was handed over is one line on stderr."""
    try:
        options = parser().parse_args(arguments, argparse.Namespace(folder=folder))
        run: Command = options.run
        return run(options)
    except StudyError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)  # a folder's name may hold anything
        return error.exit_code
    except OSError as error:
        print(f"error: {unusable(error)}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    except Exception as error:
        print(f"error: {type(error).__name__}: {one_line(str(error))}; please report it", file=sys.stderr)
        return ExitCode.INCOMPLETE


def run_lint(options: Options) -> ExitCode:
    """Show that each gate can be met and can be killed, or which theorem forbids it; 13 if one cannot."""
    from reports.prereg.operating.null_subject_curve import null_curve_lines, null_subject_curve  # noqa: PLC0415 - numpy
    from reports.prereg.operating.operating_curve import curve_lines, operating_curves  # noqa: PLC0415 - as above

    allowed = True
    for path in _paths(options.folder, options.names):
        prereg = load_preregistration(path)
        findings = lint(prereg)
        print(f"{path.stem}: {'may be sealed' if sealable(findings) else 'REFUSED'}")
        for finding in findings:
            print(f"  {finding.line()}")
        null = null_subject_curve(prereg)
        curves = [line for curve in operating_curves(prereg) for line in curve_lines(curve)]
        for line in (*curves, *(() if null is None else null_curve_lines(null))):
            print(f"  {line}")
        allowed = allowed and sealable(findings)
    return ExitCode.SURVIVED if allowed else ExitCode.BAD_INPUT


def run_seal(options: Options) -> ExitCode:
    """Seal a preregistration for the first time, in the ledger and beside the file."""
    return _sealed(options, seal)


def run_amend(options: Options) -> ExitCode:
    """Seal a changed preregistration anew, with the reason, in public."""
    return _sealed(options, amend)


def run_log(options: Options) -> ExitCode:
    """Verify the ledger, print every seal and amendment, and the head that a signed tag can anchor."""
    ledger = read_ledger(options.folder / LEDGER)
    for entry in ledger.entries:
        seen = "results had been seen" if entry.results_seen else "no results had been seen"
        print(f"{entry.index} {entry.date} {entry.kind} {entry.file} ({seen})")
        print(f"  what: {entry.what}\n  why: {entry.why}\n  rule {entry.canonical_sha256}")
    print(f"head {ledger.head}, {len(ledger.entries)} entries; a cut tail shows only against a head kept elsewhere")
    return ExitCode.SURVIVED


def run_status(options: Options) -> ExitCode:
    """Say of each preregistration whether it is sealed, not sealed, or tampered with (then 12)."""
    states = {path.stem: _state(path) for path in _paths(options.folder, options.names)}
    for name, (text, _) in states.items():
        print(f"{name}: {text}")
    codes = {code for _, code in states.values()}
    return next((code for code in (ExitCode.TAMPERED, ExitCode.BAD_INPUT) if code in codes), ExitCode.SURVIVED)


def _sealed(options: Options, act: Callable[..., SealStatus]) -> ExitCode:
    (path,) = _paths(options.folder, [options.name])
    seen, today = options.results_seen == "yes", datetime.now(UTC).date().isoformat()
    before = len(read_ledger(path.with_name(LEDGER)).entries)
    status = act(path, what=options.what, why=options.why, results_seen=seen, date=today)
    if status.entry.index <= before:
        print(f"{path.stem}: this content was sealed before; nothing was added to the ledger")
    print(f"{path.stem}: {status.describe()}\nledger head {status.entry.sha256}")
    return ExitCode.SURVIVED


def _state(path: Path) -> tuple[str, ExitCode]:
    try:
        if was_sealed(path):
            return verify(path).describe(), ExitCode.SURVIVED
        draft = load_preregistration(path).draft
        return f"not sealed{', draft' if draft else ''}", ExitCode.SURVIVED
    except Tampered as error:
        return f"TAMPERED: {error}", error.exit_code
    except BadInput as error:
        return f"INVALID: {error}", error.exit_code


def _paths(folder: Path, names: Sequence[str]) -> list[Path]:
    """The files that `names` mean, stems in `folder` or paths ending in .toml; without names, all of `folder`."""
    known = sorted(folder.glob("*.toml"))
    if not names and not known:
        raise BadInput(f"{folder.name}: no preregistrations here, expected *.toml; run it from a checkout")
    return [_path(folder, name, known) for name in names] if names else known


def _path(folder: Path, name: str, known: Sequence[Path]) -> Path:
    stems = [path.stem for path in known]
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        raise BadInput(f"{name!a}: no such preregistration; there are {', '.join(stems)}{closest(name, stems)}")
    return path
