"""`--reproduce`: a run that measures afresh and is green exactly when it comes to the verdict that it was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from reports.base.errors import BadInput, ExitCode, Incomplete
from reports.judge.compare.circumstances import circumstances
from reports.judge.compare.differences import Difference, differences, gate_name, unpromised
from reports.judge.compare.reproduce import read_decision
from reports.prereg.preregistration import (
    Cell,
    Preregistration,
    Verdict,
    gates,
    registered_cells,
    running_order,
)

REPRODUCTION = pytest.StashKey["Reproduction"]()


@dataclass(frozen=True)
class Reproduction:
    """The verdict to be reproduced, and the cells at which it was reported that something fired."""

    expected: Mapping[str, Any]
    fired: frozenset[str]  # ids of cells that killed or misfired

    def turn(self, report: pytest.TestReport, cell: str) -> None:
        """A kill that was expected passes; a cell that was to kill or misfire and did not fails."""
        properties = dict(report.user_properties)
        if (
            report.failed
            and cell in self.fired
            and properties.get("exit_code") in (ExitCode.KILLED, ExitCode.INCONCLUSIVE)
        ):
            report.user_properties.append(("said", f"{str(report.longrepr).splitlines()[0]} (as it was reported)"))
            report.outcome, report.longrepr = "passed", None
        elif report.passed and report.when == "call" and cell in self.fired:
            report.outcome, report.longrepr = (
                "failed",
                f"{cell} fired in the verdict to be reproduced, and does not here",
            )
            report.user_properties += [("outcome", "MISMATCH"), ("exit_code", int(ExitCode.MISMATCH))]


@dataclass(frozen=True)
class Comparison:
    """What came of it."""

    expected: Mapping[str, Any]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]  # what is not promised, and what the two runs were made with

    def exit_code_after(self, settled: int) -> int:
        """Green or MISMATCH where a verdict was settled; whatever kept one from being settled stays what it is."""
        if settled not in {ExitCode[verdict] for verdict in get_args(Verdict)}:
            return settled
        return ExitCode.MISMATCH if self.differences else ExitCode.SURVIVED


def read_expected(path: Path) -> Mapping[str, Any]:
    """What `--reproduce` names. Raises as `read_decision` does, and `BadInput` where no preregistration is named."""
    document = read_decision(path)
    if not isinstance(document["seal"].get("file"), str):
        raise BadInput(f"--reproduce {path}: does not name its preregistration; name a decision.json that a run wrote")
    return document


def reproduction(expected: Mapping[str, Any], prereg: Preregistration, layers: Sequence[int]) -> Reproduction:
    """What is expected of each cell of a run of `prereg` on a subject with `layers`.

    Raises `Incomplete` where the verdict rests on too little to be reproduced.
    """
    _require_enough(expected, prereg, layers)
    order = {cell: index for index, cell in enumerate(running_order(prereg, layers))}
    killed = {gate_name(gate) for gate in (*expected["gates"], *expected["after_kill"]) if gate["status"] == "KILLED"}
    closing = {max(gate.claim_cells, key=order.__getitem__).id for gate in gates(prereg, layers) if gate.id in killed}
    controls = {row["name"] for row in expected["controls"] if row["sound"] is False}
    traps = {Cell("trap", row["name"], row["layer"]).id for row in expected["traps"] if row["sound"] is False}
    return Reproduction(expected, frozenset(closing | controls | traps))


def _require_enough(expected: Mapping[str, Any], prereg: Preregistration, layers: Sequence[int]) -> None:
    """As `reports/published/publication.py` does with measurements, from the document alone."""
    absent = {*expected["missing"], *expected["not_measured"]}
    order = registered_cells(prereg, layers)
    if all(cell.id in absent for cell in order):
        raise Incomplete("--reproduce: not one cell of that verdict was measured, so there is nothing to reproduce")
    killed = {gate_name(gate) for gate in expected["gates"] if gate["status"] == "KILLED"}
    needed = frozenset(cell for gate in gates(prereg, layers) if gate.id in killed for cell in gate.cells)
    closing = max((index for index, cell in enumerate(order) if cell in needed), default=0)
    first = next((cell for cell in order[:closing] if cell.id in absent), None)
    if first is not None:
        raise Incomplete(
            f"--reproduce: {first.id} was not measured, though it is registered before the trigger of that verdict; "
            "run the study in its registered order and reproduce that"
        )


def compare(expected: Mapping[str, Any], obtained: Mapping[str, Any], tolerances: Mapping[str, float]) -> Comparison:
    return Comparison(
        expected,
        tuple(differences(obtained, expected, tolerances)),
        (*unpromised(expected), *circumstances(obtained, expected)),
    )
