"""The commands of `python -m reports` that judge a verdict again, explain it, or render it. All of them offline.

Each imports what it needs when it runs: numpy, and for pages matplotlib and jinja2, which the others do without.
"""
# ruff: noqa: PLC0415

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reports.base.errors import BadInput, ExitCode
from reports.base.files import read_regular
from reports.base.printing import as_word, one_line
from reports.plugin.early import DEFAULT_PREREGISTRATION
from reports.published.found_folder import VERDICTS
from reports.seals.seal import verify
from reports.store.store import write_atomically

if TYPE_CHECKING:
    from reports.judge.judged_verdict import Judged
    from reports.store.subject_facts import SubjectFacts

ROOT = Path(__file__).resolve().parents[2]
SCOREBOARD = "README.md"  # where a person who opens the folder of verdicts sees it

Options = argparse.Namespace
Command = Callable[[Options], ExitCode]
Argument = tuple[str, dict[str, object]]

FOLDER: Argument = (
    "results",
    {"type": Path, "metavar": "FOLDER", "help": "what a run wrote, under reports/out or --out, or a published verdict"},
)
RUN: Argument = (
    "--in",
    {
        "dest": "results",
        "type": Path,
        "metavar": "FOLDER",
        "default": ROOT / "reports" / "out" / DEFAULT_PREREGISTRATION,
        "help": "what a run wrote, or a published verdict (default: the default run under reports/out)",
    },
)
CELL: Argument = ("cell", {"metavar": "CELL", "help": "as a run prints it, for example narrow_d[L03]"})
EXPECTED: Argument = ("expected", {"type": Path, "metavar": "DECISION", "help": "the decision.json to be reproduced"})
OBTAINED: Argument = (
    "--with",
    {
        "dest": "obtained",
        "type": Path,
        "metavar": "DECISION",
        "help": "the decision.json of a new run (default: judge the measurements published beside DECISION again)",
    },
)
TO: Argument = (
    "--to",
    {"type": Path, "metavar": "FILE", "help": "where the statement goes (default: FOLDER's name.intoto.json, here)"},
)
SIDE_A: Argument = ("a", {"metavar": "A", "help": "what a run wrote, or a published verdict, by its path or its name"})
SIDE_B: Argument = ("b", {"metavar": "B", "help": "the other one, of the same subject or of another"})
PAGE: Argument = (
    "--page",
    {"type": Path, "metavar": "FILE", "help": "write the comparison as one page too, with figures"},
)
CARD: Argument = (
    "--to",
    {"type": Path, "metavar": "FILE", "help": "where the card goes (default: printed)"},
)
JOBS: Argument = (
    "--jobs",
    {
        "action": "store_true",
        "help": "judge what jobs of pytest --cells measured and recorded as checked, and write the verdict beside it",
    },
)
REWRITE: Argument = (
    "--write",
    {
        "action": "store_true",
        "help": "write decision.json and every page beside it anew, whatever schema the decision.json there now has",
    },
)
WRITE: Argument = (
    "--write",
    {
        "action": "store_true",
        "help": f"into reports/verdicts/, as {SCOREBOARD} and scoreboard.html, and the table of claims into the README",
    },
)


def run_decide(options: Options) -> ExitCode:
    """Judge a run's measurements again, without weights or torch; the exit code is the verdict's."""
    from reports.judge.compare.reproduce import read_json
    from reports.published.publication import history, rebuilt, require_same_rule
    from reports.published.published import DECISION, artefacts
    from reports.published.rejudge import read_run, rejudge, store_of
    from reports.store.bundle import BUNDLE, pack

    if options.jobs:
        return _decide_jobs(options)
    run = read_run(options.results)
    rule = options.folder / run.preregistration
    judged = rejudge(options.results, options.folder)
    decision = judged.decision
    store = store_of(options.results, run, decision.prereg)
    if options.write:
        document = read_json(options.results / DECISION)
        require_same_rule(document, rule)
        document = rebuilt(judged, document, history(document, rule))
        files = artefacts(judged, document, options.results)
        for name, data in {**files, BUNDLE: pack(judged.measurements)}.items():
            write_atomically(options.results / name, data)
    _print_verdict(judged, f"weights not checked: judged from {BUNDLE if store is None else 'the store of this run'}")
    return ExitCode[decision.verdict]


def _decide_jobs(options: Options) -> ExitCode:
    """What jobs measured: weights are not read here, and each measurement counted is of weights that a job digested."""
    from reports.published.judged_jobs import RUN_JOBS, judge_jobs, write_verdict

    if options.write:
        raise BadInput("--jobs: writes the verdict by itself, obtained --write beside it; leave one out")
    found = judge_jobs(options.results, options.folder)
    decision = found.judged.decision
    written = write_verdict(found, options.results)
    count = len(found.judged.measurements)
    _print_verdict(found.judged, f"weights checked by jobs: {count} measurements, each of tensors that a job digested")
    if found.unchecked:
        named = ", ".join(cell.id for cell in found.unchecked[:5])
        print(f"not counted, no job recorded them as checked: {len(found.unchecked)} cells ({named}); {RUN_JOBS}")
    if found.elsewhere:
        print(f"jobs measured under other settings too ({', '.join(found.elsewhere)}): use machines of one kind")
    print(f"written to {one_line(str(options.results))}: {', '.join(path.name for path in written)}")
    return ExitCode[decision.verdict]


def _print_verdict(judged: "Judged", weights: str) -> None:
    decision = judged.decision
    told = f", {decision.trigger}" if decision.trigger else f", {len(decision.missing)} registered cells not measured"
    print(f"{decision.prereg.rung}, design {decision.prereg.design}: {decision.verdict}{told}")
    for line in (f"subject {_subject(judged.subject)}", weights):
        print(line)
    print(f"outcome sha256 {judged.outcome_sha256}")
    print(f"core sha256 {judged.core_sha256}")


def _subject(subject: "SubjectFacts") -> str:
    """As the rule describes it, never as a folder does, but for one that says itself that it is not the sealed one."""
    return f"{subject.name}{', EXPLORATORY: not the sealed subject' if subject.exploratory else ''}"


def run_reproduce(options: Options) -> ExitCode:
    """Say whether a verdict is reproduced, by a new run or by its own published measurements, or in what not (14)."""
    from reports.judge.compare.circumstances import circumstances
    from reports.judge.compare.differences import differences, unpromised
    from reports.judge.compare.reproduce import outcome_line, read_decision
    from reports.published.publication import read_publication, require_same_rule
    from reports.published.published import DECISION
    from reports.store.subject_facts import recorded_not_sealed

    drift: tuple[str, ...] = ()
    notes: list[str] = []
    if options.obtained is None:
        if options.expected.name != DECISION:
            raise BadInput(
                f"{options.expected}: not a {DECISION}; name that of a published verdict, or a run --with it"
            )
        published = read_publication(options.expected.parent, options.folder)
        expected, obtained, drift = published.expected, published.document, published.drift
        prereg, shown = published.judged.decision.prereg, published.document
        recorded = recorded_not_sealed(prereg, published.judged.subject)
        notes += [] if recorded is None else [recorded]
    else:
        expected = read_decision(options.expected)
        rule = options.folder / Path(str(expected["seal"].get("file"))).name
        require_same_rule(expected, rule)
        prereg, obtained, shown = verify(rule).prereg, read_decision(options.obtained), expected
    found = list(differences(obtained, expected, prereg.tolerances))
    for line in [*(difference.line() for difference in found), *drift]:
        print(line)
    for line in [*notes, *unpromised(expected), *circumstances(obtained, expected)]:
        print(f"note: {line}")
    print(outcome_line(shown, reproduced=not found and not drift))
    return ExitCode.MISMATCH if found or drift else ExitCode.SURVIVED


def run_why(options: Options) -> ExitCode:
    """Explain one cell, from its raw values to its part in the verdict."""
    from reports.pages.why import why
    from reports.published.rejudge import rejudge

    judged = rejudge(options.results, options.folder)
    told = why(options.cell, judged.decision, judged.measurements)
    print(f"subject {_subject(judged.subject)}; weights not checked\n\n{told}")
    return ExitCode.SURVIVED


def run_report(options: Options) -> ExitCode:
    """Write report.html, its figures and every other artefact of a run anew, from its measurements."""
    from reports.judge.compare.reproduce import read_decision
    from reports.pages.report import write_report
    from reports.published.publication import history, rebuilt, require_same_rule
    from reports.published.published import DECISION, artefacts
    from reports.published.rejudge import read_run, rejudge

    rule = options.folder / read_run(options.results).preregistration
    stated = read_decision(options.results / DECISION)
    require_same_rule(stated, rule)
    judged = rejudge(options.results, options.folder, published=True)
    document = rebuilt(judged, stated, history(stated, rule))
    for name, data in artefacts(judged, document, options.results).items():
        write_atomically(options.results / name, data)
    page, *figures = write_report(options.results, judged.decision, document, judged.measurements)
    print(f"{page}\n{len(figures)} figures in {page.parent / 'figures'}")
    return ExitCode.SURVIVED


def run_scoreboard(options: Options) -> ExitCode:
    """Print every committed verdict over rungs and designs, or write the table beside them; 13 if one does not hold."""
    from reports.published.claims_table import with_claims
    from reports.published.scoreboard import scoreboard_html, scoreboard_markdown, standings

    found = standings(VERDICTS, options.folder)
    if not found:
        raise BadInput(
            f"{VERDICTS.name}: no verdicts here, expected folders with a decision.json; run it from a checkout"
        )
    if options.write:
        write_atomically(VERDICTS / SCOREBOARD, scoreboard_markdown(found).encode())
        write_atomically(VERDICTS / "scoreboard.html", scoreboard_html(found).encode())
        readme = ROOT / "README.md"
        write_atomically(readme, with_claims(readme.read_text("utf8"), found).encode())
    else:
        print(scoreboard_markdown(found), end="")
    return ExitCode.BAD_INPUT if any(standing.error for standing in found) else ExitCode.SURVIVED


def run_attest(options: Options) -> ExitCode:
    """Write a verdict that its measurements give as an in-toto Statement, unsigned, and say how to sign it."""
    from reports.judge.compare.reproduce import read_decision
    from reports.published.published import DECISION
    from reports.seals.attest import statement
    from reports.seals.ledger import LEDGER, read_ledger

    path = options.results / DECISION
    document = read_decision(path)
    data = read_regular(path)
    again = argparse.Namespace(expected=path, obtained=None, folder=options.folder)
    code = run_reproduce(again)
    if code != ExitCode.SURVIVED:
        return code
    if read_regular(path) != data:
        raise BadInput(f"{path}: was changed meanwhile; run it again")
    prereg = verify(options.folder / Path(str(document["seal"]["file"])).name).prereg
    to = options.to or Path(f"{options.results.resolve().name}.intoto.json")
    write_atomically(to, statement(data, read_ledger(options.folder / LEDGER), prereg.subject))
    written = as_word(str(to))
    print(f"written to {written}; unsigned. To sign it with your own key, either of:")
    print(f"cosign attest-blob --key=cosign.key --statement={written} --bundle={written}.sigstore.json")
    print(f"ssh-keygen -Y sign -n file -f ~/.ssh/id_ed25519 {written}")
    return ExitCode.SURVIVED


def run_audit(options: Options) -> ExitCode:
    """Show from git that the ledger only grew and that every verdict was published after its seal; 12 if not."""
    from reports.seals.audit import audit
    from reports.seals.history import open_history
    from reports.seals.ledger import LEDGER

    root = options.folder.resolve().parents[1]
    found = audit(open_history(root), options.folder / LEDGER, root / "reports" / "verdicts")
    for finding in found:
        print(finding.line())
    codes = {finding.code for finding in found}
    return next((code for code in (ExitCode.TAMPERED, ExitCode.BAD_INPUT) if code in codes), ExitCode.SURVIVED)


def run_compare(options: Options) -> ExitCode:
    """Put two runs or published verdicts side by side: gates, lifts, spectra; 0 whatever they differ in."""
    from reports.pages.beside.beside_page import beside_html, beside_text
    from reports.pages.beside.side import Side
    from reports.published.found_folder import found_folder
    from reports.published.rejudge import rejudge

    folders = [found_folder(named) for named in (options.a, options.b)]
    a, b = (Side(folder.resolve().name, rejudge(folder, options.folder)) for folder in folders)
    print(beside_text(a, b), end="")
    if options.page is not None:
        write_atomically(options.page, beside_html(a, b).encode())
        print(f"\nwritten to {as_word(str(options.page))}")
    return ExitCode.SURVIVED


def run_export(options: Options) -> ExitCode:
    """Write a verdict as the metadata of a Hugging Face model card, model-index in YAML, from decision.json alone."""
    from reports.judge.compare.reproduce import read_decision
    from reports.published.found_folder import found_folder
    from reports.published.model_card import model_card
    from reports.published.published import DECISION

    card = model_card(read_decision(found_folder(options.results) / DECISION))
    if options.to is None:
        print(card, end="")
    else:
        write_atomically(options.to, card.encode())
        print(f"written to {as_word(str(options.to))}")
    return ExitCode.SURVIVED


VERDICT_COMMANDS: tuple[tuple[str, Command, tuple[Argument, ...]], ...] = (
    ("decide", run_decide, (FOLDER, REWRITE, JOBS)),
    ("reproduce", run_reproduce, (EXPECTED, OBTAINED)),
    ("why", run_why, (CELL, RUN)),
    ("report", run_report, (FOLDER,)),
    ("compare", run_compare, (SIDE_A, SIDE_B, PAGE)),
    ("scoreboard", run_scoreboard, (WRITE,)),
    ("export", run_export, (FOLDER, CARD)),
    ("audit", run_audit, ()),
    ("attest", run_attest, (FOLDER, TO)),
)
