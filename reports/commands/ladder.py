"""The climb as a person sees it: what will run and at what cost, what became of each rung, one scoreboard."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from reports.base.errors import BadInput, ExitCode, StudyError, Tampered
from reports.base.printing import one_line
from reports.commands.climbing import VERDICT_CODES, Climb, Climbed, Pace, Stop, stopping
from reports.commands.rungs import Asked, Rung, rungs_of
from reports.judge.compare.reproduce import read_decision
from reports.plugin.live import duration
from reports.published.published import DECISION
from reports.published.rejudge import rejudge
from reports.published.scoreboard import (
    AFTER_KILL,
    Standing,
    cell_seconds,
    scoreboard_html,
    scoreboard_markdown,
    standing_of,
    with_foundations,
)
from reports.published.scoreboard_text import scoreboard_text
from reports.store.store import write_atomically

ABOUT = "Every sealed rung that the subject allows, climbed by python -m reports ladder, cheapest first."
PAGES = ("scoreboard.md", "scoreboard.html")


def climb_ladder(asked: Asked, folder: Path, out: Path | None, workers: int | None, device: str) -> ExitCode:
    """Climbs the rungs of `folder`, the preregistrations of a checkout. Raises `BadInput` where no rung can run."""
    root = folder.resolve().parents[1]
    if folder.resolve() != root / "hypotheses" / "preregistrations":
        raise BadInput(f"{folder}: expected the folder hypotheses/preregistrations of a checkout; run it from one")
    rungs = rungs_of(asked, root, len(os.sched_getaffinity(0)))
    running, left_out = [one for one in rungs if one.why_not is None], [one for one in rungs if one.why_not is not None]
    broken = next((one for one in left_out if one.code == ExitCode.TAMPERED), None)
    if broken is not None:  # then nothing runs
        raise Tampered(f"{broken.rule}: {broken.why_not}")
    if not running:
        why = "; ".join(f"{one.rule}: {one.why_not}" for one in left_out) or "no rule is sealed for it"
        raise BadInput(f"{asked.model or 'ladder'}: no rung can run, expected one at least ({why})")
    runs = (root / "reports" / "out" if out is None else out).resolve()
    pages = runs / ("ladder" if asked.model is None else f"ladder--{_safe(Path(asked.model).name)}")
    pages.mkdir(parents=True, exist_ok=True)
    given = (("model", asked.model), ("revision", asked.revision), ("prompts", asked.prompts), ("device", device))
    options = [f"--{name}={value}" for name, value in (*given, ("out", runs)) if value is not None]
    climb = Climb(
        root=root,
        out=runs,
        logs=pages,
        options=[*options, *([f"-n{workers}"] if workers else []), *(["-x"] if asked.stop else [])],
        say=lambda line: print(one_line(line), flush=True),
        pace=Pace(workers=workers or 1),
        terminal=os.isatty(2),
    )
    for line in plan_lines(running, left_out, climb):
        climb.say(line)
    with stopping() as stop:
        climbed, board = climb_all(running, climb, folder, stop)
        board += [Standing(one.rule, f"{one.rule}: not run, {one.why_not}") for one in left_out]
        write_board(pages, with_foundations(board), climb)
    if stop.asked:
        decided = sum(one.error is None and one.verdict != "INCOMPLETE" for one in board)
        climb.say(f"interrupted: {decided} of {len(running)} rungs are decided; what was measured is kept")
        climb.say("to go on, give the same command again")
    return exit_code([one.code for one in climbed], interrupted=stop.asked > 0)


def plan_lines(running: Sequence[Rung], left_out: Sequence[Rung], climb: Climb) -> list[str]:
    """What will run, in which order, at what cost and by whose word; what will not, and why."""
    total, every = climb.pace.left(running).removesuffix(" left"), len(running) + len(left_out)
    lines = [f"ladder: {len(running)} of {every} {'rung' if every == 1 else 'rungs'}, cheapest first, {total}"]
    for place, rung in enumerate(running, 1):
        cost = "" if rung.cost.seconds is None else f"{duration(rung.cost.seconds)}, "
        lines.append(f"  {place}. {rung.rule}: {cost}{rung.cost.basis}")
    lines += [f"  not run: {rung.rule}: {rung.why_not}" for rung in left_out]
    return [*lines, f"what each pytest prints: {climb.logs}"]


def climb_all(running: Sequence[Rung], climb: Climb, folder: Path, stop: Stop) -> tuple[list[Climbed], list[Standing]]:
    """What became of each rung that was started, and the standing of every one."""
    started: list[Climbed] = []
    board: list[Standing] = []
    for place, rung in enumerate(running, 1):
        if stop.asked:
            board.append(Standing(rung.rule, f"{rung.rule}: not reached, the climb was interrupted"))
            continue
        where = f"[{place}/{len(running)}] {rung.cells}"
        climb.say(f"{where}: {climb.pace.left(running[place - 1 :])}")
        climbed = climb.run(rung, stop)
        one = standing(climbed, climb, folder)
        climb.pace.learn(rung.cost.seconds, one.seconds, climbed.wall)
        climb.say(f"{where}: {outcome(one, climbed)}")
        started.append(climbed)
        board.append(one)
    return started, board


def standing(climbed: Climbed, climb: Climb, folder: Path) -> Standing:
    """What the run that just ended left, judged again from its own measurements."""
    rung = climbed.rung
    name = rung.run or rung.rule
    if climbed.fault is not None:
        return Standing(name, f"{rung.rule}: {one_line(climbed.fault)}")
    try:
        judged = rejudge(climb.out / name, Path(rung.rule).parent if rung.rule.endswith(".toml") else folder)
        document = read_decision(climb.out / name / DECISION)
    except StudyError as error:
        return Standing(name, f"{rung.rule}: {error}")
    return standing_of(name, judged.decision, document, cell_seconds(judged))


def outcome(one: Standing, climbed: Climbed) -> str:
    """One line: the verdict, the last gate that it rests on, and the time, which a resumed rung hardly takes."""
    if one.error is not None:
        return f"no verdict, {duration(climbed.wall)}: {one.error}"
    judged = [gate for gate in one.gates if not gate.remarks.startswith(AFTER_KILL)]
    observed = "".join(f", {gate.name} {gate.observed}, needed {gate.threshold}" for gate in judged[-1:])
    stored = "" if climbed.measured else ", all of it from the store"
    return f"{one.verdict}{observed}; {duration(climbed.wall)}{stored} (its cells {duration(one.seconds)})"


def write_board(folder: Path, board: Sequence[Standing], climb: Climb) -> None:
    """The scoreboard, as lines and as two pages in `folder`."""
    markdown, html = (folder / name for name in PAGES)
    write_atomically(markdown, scoreboard_markdown(board, ABOUT).encode())
    write_atomically(html, scoreboard_html(board, ABOUT).encode())
    for line in ("", *scoreboard_text(board), "", f"scoreboard: {markdown}", f"            {html}"):
        climb.say(line)


def exit_code(codes: Sequence[int], *, interrupted: bool) -> ExitCode:
    """The gravest of what the rungs' processes ended in; a verdict, whichever, is no fault."""
    for code in (ExitCode.TAMPERED, ExitCode.BAD_INPUT, ExitCode.INCONCLUSIVE):
        if code in codes:
            return code
    if interrupted or any(code not in VERDICT_CODES for code in codes):
        return ExitCode.INCOMPLETE
    return ExitCode.SURVIVED


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name) or "model"
