"""A small rung with every kind of cell, measured as far as a test wants, for the tests of figures and page."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reports.judge.decision import Decision, decide
from reports.judge.document import decision_json
from reports.pages.figures.convergence import CURVE, DRAWN
from reports.pages.figures.spectra import NOISE, PROFILE
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Preregistration
from reports.prereg.rules import AtLevel, ClosingAbove, ClosingAtMost, MeanAtLeast, ShareBelow
from reports.prereg.samples import Measured
from reports.testing.described_numbers import described
from reports.testing.small_rules import (
    SUBJECT,
    a_claim,
    a_control,
    a_one_bit,
    a_preregistration,
    a_probe,
    a_secondary,
    a_trap,
    generated,
    lifted,
    of,
    of_model,
    probed,
    rotations,
    sampled,
)

NARROW = ShareBelow(metric="energy_rank_95", below=0.4, at_least=0.7)
PROJECTIONS = ("gate_proj", "up_proj", "down_proj")
ENVIRONMENT = {"started": "then", "ended": "now", "subject_location": "fixtures/tiny", "code_sha256": "3" * 64}
SEAL = {"file": "E-test.toml", "raw_sha256": "2" * 64, "results_seen": False}
Keep = Callable[[Cell], bool]


def a_rung(structural: bool = False) -> Preregistration:
    """Four layers, every kind of claim, trap, probe and secondary; `structural` registers the lift as design 5 does."""
    lift = MeanAtLeast("structure", 1.05) if structural else MeanAtLeast("lift", 1.5, over_tau=0.1)
    prereg = a_preregistration(
        [
            a_claim("narrow_d", NARROW, sensitivity=("stable_rank",)),
            a_claim("beta_lift", lift),
            a_claim("one_bit_nll", ClosingAtMost("inflation", 0.1), checkpoints=(4,)),
        ],
        [a_control("planted_narrow_d")],
        traps=[
            a_trap("random_rotation", AtLevel("haar_beta", 0.01, None)),
            a_trap("unrotated_one_bit", ClosingAbove("inflation_unrotated", 0.1), "one_bit_nll"),
        ],
        probes=[a_probe(recoveries=())],
    )
    return replace(prereg, rotations=rotations("per_matrix"), one_bit=a_one_bit(), secondaries=(a_secondary(),))


def measured_rung(keep: Keep = lambda _: True, structural: bool = False) -> tuple[Decision, dict[Cell, Measurement]]:
    """The decision of `a_rung` on measurements of the cells that `keep` wants."""
    prereg = a_rung(structural)
    every = {cell: measurement for cell, measurement in _measurements(prereg).items() if keep(cell)}
    return decide(prereg, SUBJECT.layers, every), every


def document_of(decision: Decision, environment: Mapping[str, object] = ENVIRONMENT) -> dict[str, Any]:
    return decision_json(decision, subject=SUBJECT, seal=SEAL, environment=environment, errors=[])


def first_kill(cell: Cell) -> bool:
    """What a run with -x has measured when `narrow_d` dies at its first checkpoint, at layers 0 and 1."""
    return cell.kind == "control" or (cell.name == "narrow_d" and cell.layer is not None and cell.layer < 2)  # noqa: PLR2004


def _measurements(prereg: Preregistration) -> dict[Cell, Measurement]:
    found = {cell: of(cell, narrow(0.1)) for cell in (Cell("control", control.name) for control in prereg.controls)}
    for layer in SUBJECT.layers:
        cells = {
            Cell("claim", "narrow_d", layer): narrow(0.3 + 0.1 * layer),
            Cell("trap", "random_rotation", layer): sampled(
                {"haar_beta": (0.8,), "lift": (1.0,), "beta": (0.8,)}, {"haar_beta": 0.8}
            ),
            Cell("claim", "beta_lift", layer): lifted(1.2, 0.99, (1.2, 1.19, 1.21)),
            Cell("probe", "radam_convergence", layer): curved(),
        }
        found |= {cell: of(cell, measured) for cell, measured in cells.items()}
        dense = Cell("secondary", "specialist_narrower", layer)
        found[dense] = replace(of(dense, narrow(0.5)), of="dense")
        for cell, variant in (
            (Cell("claim", "one_bit_nll", layer), "learned"),
            (Cell("trap", "unrotated_one_bit", layer), "unrotated"),
        ):
            found[cell] = of_model(cell, quantised(variant, layer))
    return found


def narrow(value: float) -> Measured:
    """Three projections of two experts around `value`, with a spectrum."""
    values = tuple(value + 0.02 * i for i in range(6))
    profiles = {PROFILE + projection: (0.2, 0.6, 1.0, 1.6) for projection in PROJECTIONS}
    profiles |= {NOISE + projection: (0.4, 0.8, 1.1, 1.7) for projection in PROJECTIONS}
    return described(
        {"energy_rank_95": values, "stable_rank": values},
        {"energy_rank_95": 0.777, "stable_rank": 0.5},
        profiles,
    )


def curved() -> Measured:
    return replace(probed(), profiles={CURVE + family: (0.8, 0.85, 0.9) for family in DRAWN})


def quantised(variant: str, layer: int) -> Measured:
    worse = 0.02 if variant == "learned" else 0.1
    upto, alone = 2.0 * (1.0 + worse * (layer + 1)), 2.0 * (1.0 + worse)
    texts = {"prose-0 prompt": "Once", "prose-0 unquantised": " upon", f"prose-0 {variant}": " a"} if layer == 3 else {}  # noqa: PLR2004
    return generated((2.0, 2.0), {variant: (upto, upto), f"{variant}_alone": (alone, alone)}, texts)
