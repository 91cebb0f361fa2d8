"""Small preregistrations and measurements for the tests of this package."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from reports.measurement import Measured, Measurement
from reports.preregistration import Cell, Claim, Control, Interval, Preregistration, Rule, ShareBelow, Subject
from reports.seal import SealStatus, seal
from reports.subject import SubjectFacts

SUBJECT = SubjectFacts("tiny", "fixtures/tiny", None, (0, 1, 2, 3), exploratory=False, sealed_layer_sha256=None)
SHIPPED = Path(__file__).parents[1] / "hypotheses" / "preregistrations" / "E-ffn-rotation-v4.toml"
NARROW = ShareBelow(metric="energy_rank_95", below=0.4, at_least=0.7)


def first_seal(path: Path) -> SealStatus:
    return seal(path, what="design 4", why="before any run", results_seen=False, date="2026-11-23")


def a_claim(
    name: str = "narrow_d", rule: Rule = NARROW, checkpoints: tuple[int, ...] = (2, 4), **fields: object
) -> Claim:
    label = name.replace("_", "-")
    values = {"label": label, "statement": "Experts are narrow.", "sensitivity": (), **fields}
    return Claim(name=name, rule=rule, checkpoints=checkpoints, **values)  # type: ignore[arg-type]


def a_control(name: str, claim: str = "narrow_d", expected: str = "MET", **fields: object) -> Control:
    values = {
        "generator": "gaussian",
        "seed": 1,
        "experts": 2,
        "hidden_size": 8,
        "intermediate_size": 4,
        **fields,
    }
    return Control(name=name, claim=claim, expected=expected, **values)  # type: ignore[arg-type]


def a_preregistration(claims: Iterable[Claim], controls: Iterable[Control] = (), layers: int = 4) -> Preregistration:
    return Preregistration(
        rung="E-test",
        design=4,
        round=1,
        draft=False,
        title="A rung for tests",
        prediction="Nothing is narrow.",
        subject=Subject(
            name="tiny",
            source="fixtures/tiny",
            revision=None,
            model_type="olmoe",
            layers=layers,
            experts=2,
            experts_per_token=1,
            hidden_size=8,
            intermediate_size=4,
            vocab_size=16,
            config_sha256="0" * 64,
            layer_sha256=None,
            weights_sha256=None,
            prompts=None,
            prompts_sha256=None,
        ),
        claims=tuple(claims),
        controls=tuple(controls),
        interval=Interval(level=0.95, draws=200, seed=3),
        tolerances={"energy_rank_95": 0.0},
        canonical_sha256="1" * 64,
    )


def a_measurement(cell: Cell, values: Sequence[float], **others: Sequence[float]) -> Measurement:
    """`values` under the registered metric, `others` under further ones."""
    samples = {"energy_rank_95": tuple(values), **{name: tuple(other) for name, other in others.items()}}
    digest = "a" * 64 if cell.layer is None else f"{cell.layer:064d}"
    return Measurement(cell, digest, Measured(samples, dict.fromkeys(samples, 0.777), {}), 0.01)
