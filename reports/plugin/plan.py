"""What is settled before collection: the sealed rule, the subject, and the folder of the run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reports.base.canonical import sha256_hex
from reports.base.errors import BadInput, Mismatch
from reports.base.printing import as_bytes
from reports.plugin.asked_cells import asked_cells
from reports.plugin.early import DEFAULT_PREREGISTRATION
from reports.plugin.options import ROOT
from reports.plugin.reproduction import REPRODUCTION, read_expected, reproduction
from reports.plugin.workers import ORDERS, require_text
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Cell, Preregistration, running_order
from reports.prereg.repeatable import require_publishable
from reports.seals.seal import SealStatus, verify
from reports.store.subject_facts import SubjectFacts
from reports.theorems.proof_files import proof_record

PLAN = pytest.StashKey["Plan"]()
SELECTED = pytest.StashKey[frozenset[Cell]]()


@dataclass(frozen=True)
class Plan:
    prereg: Preregistration  # as registered; its secondaries compare with what --dense-model names
    seal: SealStatus
    subject: SubjectFacts
    run_folder: Path
    layers: frozenset[int] | None  # --layers
    code: Mapping[str, str]  # the digest of each measure's code, by its name
    asked: frozenset[Cell] | None = None  # --cells: this process is a job, which measures them and judges nothing

    def cells(self) -> tuple[Cell, ...]:
        return running_order(self.prereg, self.subject.layers)


def make_plan(config: pytest.Config) -> Plan:
    """Reads and verifies the preregistration, then asks what the subject is. Nothing has been collected yet.

    Raises `Tampered` on a broken seal or a changed proof, and `BadInput` on anything that cannot be used.
    """
    require_text(config)
    root = config.stash[ROOT]
    folder = root / "hypotheses" / "preregistrations"
    expected = _expected(config)
    named = config.getoption("prereg")
    if expected is not None and named is None:
        named = Path(expected["seal"]["file"]).stem
    path = find_preregistration(folder, named, config.getoption("model"))
    seal = verify(path)
    proof_record()
    if expected is not None and expected["rule_sha256"] != seal.prereg.canonical_sha256:
        raise Mismatch(
            f"--reproduce: its rule is {expected['rule_sha256'][:12]}…, {path.stem} is "
            f"{seal.prereg.canonical_sha256[:12]}… now; check out the commit of that verdict, or name its --prereg"
        )
    if config.getoption("save_rotations"):
        require_publishable(seal.prereg)
    subject = config.hook.pytest_study_subject(config=config, prereg=seal.prereg)
    prereg = with_dense(config, seal.prereg)
    layers = config.getoption("layers")
    absent = (layers or frozenset()) - frozenset(subject.layers)
    if absent:
        first, last = subject.layers[0], subject.layers[-1]
        raise BadInput(f"--layers: {min(absent)} has no experts in {subject.name}; choose among {first} to {last}")
    out = config.getoption("out")
    base = root / "reports" / "out" if out is None else config.invocation_params.dir / out
    name = run_name(rule_name(path, folder), subject) + dense_suffix(prereg)
    if expected is not None:
        _same_subject(expected, subject)
        name += f"--reproduced-{config.stash[ORDERS].run}"  # its own store: nothing that was measured before counts
        config.stash[REPRODUCTION] = reproduction(expected, prereg, subject.layers)
    code = config.hook.pytest_study_code(config=config, prereg=prereg)
    plan = Plan(prereg, seal, subject, base / name, layers, code)
    return replace(plan, asked=_asked(config, plan))


def _asked(config: pytest.Config, plan: Plan) -> frozenset[Cell] | None:
    """The cells of this job, of the layers asked for; None where the run is no job."""
    asked = config.getoption("cells")
    if asked is None:
        return None
    for other in ("reproduce", "report"):
        if config.getoption(other):
            raise BadInput(f"--cells: a job judges nothing, obtained --{other} beside it; leave one out")
    layers = plan.layers
    return asked_cells(asked, [cell for cell in plan.cells() if layers is None or cell.layer in {None, *layers}])


def _same_subject(expected: Mapping[str, Any], subject: SubjectFacts) -> None:
    there = expected["subject"]
    if (there["name"], there["exploratory"]) != (subject.name, subject.exploratory):
        raise Mismatch(
            f"--reproduce: its subject is {there['name']}{', exploratory' * there['exploratory']}, obtained "
            f"{subject.name}{', exploratory' * subject.exploratory}; name the same --model, --prompts and --sample"
        )


def _expected(config: pytest.Config) -> Mapping[str, Any] | None:
    path = config.getoption("reproduce")
    return None if path is None else read_expected(config.invocation_params.dir / path)


def with_dense(config: pytest.Config, prereg: Preregistration) -> Preregistration:
    """`prereg` with every secondary comparing with the dense model of this run, which `--dense-model` may name."""
    if config.getoption("dense_model") is not None and not prereg.secondaries:
        raise BadInput("--dense-model: nothing registered here compares with a dense model; leave it out")
    found = [
        (secondary, config.hook.pytest_study_dense(config=config, secondary=secondary))
        for secondary in prereg.secondaries
    ]
    return replace(
        prereg, secondaries=tuple(replace(secondary, dense=dense or secondary.dense) for secondary, dense in found)
    )


def find_preregistration(folder: Path, name: str | None, model: str | None) -> Path:
    """The preregistration that `--prereg` names; else the one that seals `--model`; else the default one."""
    if name is not None:
        path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in folder.glob("*.toml")))
            raise BadInput(
                f"--prereg {name if name.isprintable() else ascii(name)}: no such preregistration; there are {known}"
            )
        return path
    if model is not None:
        for path in sorted(folder.glob("*.toml")):
            if load_preregistration(path).subject.source == model:
                return path
    return folder / f"{DEFAULT_PREREGISTRATION}.toml"


def rule_name(path: Path, folder: Path) -> str:
    """The stem of a preregistration in `folder`. One that is elsewhere is another rule, whatever its file is called,
    so its name also says where: its run must not replace that of the sealed rule."""
    place = path.parent.resolve()
    if place == folder.resolve():
        return path.stem
    return f"{_safe(path.stem)}-{sha256_hex(as_bytes(str(place / path.name)))[:8]}"


def run_name(prereg: str, subject: SubjectFacts) -> str:
    """One folder per rule and subject; another subject of the same name, or other prompts, get another folder."""
    if not subject.exploratory:
        return prereg
    where = subject.location
    if subject.prompts is not None and Path(subject.prompts).parent != Path(where):
        where += f" {subject.prompts}"
    return f"{prereg}--{_safe(subject.name)}-{sha256_hex(as_bytes(where))[:8]}"


def dense_suffix(prereg: Preregistration) -> str:
    """Another dense model than the registered one gets a folder of its own as well."""
    others = [secondary.dense for secondary in prereg.secondaries if secondary.dense.exploratory]
    if not others:
        return ""
    other = others[0]  # --dense-model names one for all
    return f"--beside-{_safe(other.name)}-{sha256_hex(as_bytes(f'{other.source} {other.revision}'))[:8]}"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
