"""The rungs of a climb: which rules a subject allows, why it does not allow the others, and the order of the climb."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.base.errors import BadInput, ExitCode, Tampered
from reports.commands.rung_cost import NOT_MEASURED, Cost, cost_of, published_costs, weights_of
from reports.plugin.effort import claim_seconds
from reports.plugin.plan import find_preregistration, rule_name
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Preregistration
from reports.seals.seal import verify, was_sealed

EMBEDDED = "fixtures/olmoe_nano"  # the subject of a ladder that names none


@dataclass(frozen=True)
class Rung:
    """One rule, on one subject."""

    rule: str  # as `--prereg` names it
    prereg: Preregistration
    run: str | None  # the folder that its run writes, in the folder of all runs
    why_not: str | None  # it does not run
    code: ExitCode | None  # of that fault
    cost: Cost

    @property
    def cells(self) -> str:
        return f"{self.prereg.rung}, design {self.prereg.design}"


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    model: str | None
    revision: str | None
    prompts: Path | None
    rules: tuple[str, ...]
    all_designs: bool
    stop: bool


def rungs_of(asked: Asked, root: Path, cores: int) -> list[Rung]:
    """Those that run, cheapest first, and behind them those that do not.

    Raises `BadInput` where a model or a rule cannot be read, `Tampered` where a seal does not hold.
    """
    folder = root / "hypotheses" / "preregistrations"
    named = [find_preregistration(folder, name, None) for name in asked.rules]
    known = {path.stem: load_preregistration(path) for path in sorted(folder.glob("*.toml"))}
    published = published_costs(root / "reports" / "verdicts", known)
    found = []
    if named:
        for path in dict.fromkeys(named):
            prereg = load_preregistration(path)
            name = path.stem if path.parent == folder else str(path.resolve())
            estimated = claim_seconds(prereg, prereg.subject.layers, cores)
            cost = cost_of(name, prereg, weights_of(prereg.subject), estimated, published, asked.stop)
            found.append(_sealed(path, Rung(name, prereg, rule_name(path, folder), None, None, cost)))
    else:
        document = ask_model(asked.model or EMBEDDED, asked.revision, asked.prompts, root)
        for entry in document["rules"]:
            name, prereg = entry["preregistration"], known[entry["preregistration"]]
            if asked.model is None and not entry["sealed_subject"]:
                continue
            cost = cost_of(name, prereg, document["weights"], entry["seconds"], published, asked.stop)
            why_not = "; ".join(entry["cannot"]) or None
            code = None if entry["code"] is None else ExitCode[entry["code"]]
            found.append(_sealed(folder / f"{name}.toml", Rung(name, prereg, entry["run"], why_not, code, cost)))
        found = found if asked.all_designs else latest(found)
    return sorted(found, key=_order)


def latest(rungs: Sequence[Rung]) -> list[Rung]:
    """Of each rung its latest design."""
    last = {rung.prereg.rung: rung.prereg.design for rung in sorted(rungs, key=lambda rung: rung.prereg.design)}
    return [rung for rung in rungs if rung.prereg.design == last[rung.prereg.rung]]


def _order(rung: Rung) -> tuple[bool, bool, float, str]:
    return rung.why_not is not None, rung.cost.seconds is None, rung.cost.seconds or 0.0, rung.rule


def _sealed(path: Path, rung: Rung) -> Rung:
    """The rung as it may run: one whose rule was never sealed does not. Raises `Tampered` where a seal is broken."""
    if was_sealed(path):
        verify(path)
        return rung
    why_not = f'not sealed; before any run: python -m reports seal {path.stem} --what … --why "before any run"'
    return Rung(rung.rule, rung.prereg, None, why_not, ExitCode.BAD_INPUT, Cost(None, NOT_MEASURED))


def ask_model(model: str, revision: str | None, prompts: Path | None, root: Path) -> Mapping[str, Any]:
    """What `python -m fixtures inspect --json` says of the model: a process of its own, which reads headers with torch.

    Raises what that process ended with.
    """
    given = [f"--root={root}"] + ([] if revision is None else [f"--revision={revision}"])
    given += [] if prompts is None else [f"--prompts={prompts}"]
    done = subprocess.run(  # noqa: S603 - this Python, this checkout
        [sys.executable, "-m", "fixtures", "inspect", "--json", *given, "--", model],
        cwd=root, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        line = said[-1].removeprefix("error: ") if said else f"python -m fixtures inspect ended in {done.returncode}"
        raise Tampered(line) if done.returncode == ExitCode.TAMPERED else BadInput(line)
    try:
        document = json.loads(done.stdout)
    except ValueError:
        raise BadInput(f"python -m fixtures inspect {model}: no JSON, expected one line of it; report it") from None
    return dict(document)
