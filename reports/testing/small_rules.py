"""Small preregistrations and measurements for the tests of this package."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from reports.prereg.known_names import NULLS
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import (
    Cell,
    Claim,
    Control,
    ControlModel,
    Dense,
    Graduated,
    Interval,
    OneBit,
    Preregistration,
    Probe,
    RAdam,
    Rotations,
    Scope,
    Secondary,
    Subject,
    Trap,
)
from reports.prereg.probed_families import BEST, GAUSSIAN, NOISE, RECOVERED, SEARCHED
from reports.prereg.rules import Rule, ShareBelow, TrapRule
from reports.prereg.samples import Measured
from reports.seals.seal import SealStatus, seal
from reports.store.subject_facts import SubjectFacts
from reports.testing.described_numbers import described

SUBJECT = SubjectFacts("tiny", "fixtures/tiny", None, (0, 1, 2, 3), exploratory=False, sealed_layer_sha256=None)
SHIPPED = Path(__file__).parents[2] / "hypotheses" / "preregistrations" / "E-ffn-rotation-v4.toml"
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


def a_trap(name: str, rule: TrapRule, claim: str = "beta_lift") -> Trap:
    return Trap(name=name, claim=claim, rule=rule)


def a_probe(**fields: object) -> Probe:
    values = {
        "name": "radam_convergence",
        "claim": "beta_lift",
        "procrustes_steps": 120,
        "annealed_steps": 120,
        "momentum_steps": 100,
        "budget_factor": 2,
        "agree_within": 0.015,
        "gain_at_most": 0.005,
        "band": 0.02,
        "recoveries": ("lattice_radam", "lattice_annealed"),
        **fields,
    }
    return Probe(**values)  # type: ignore[arg-type]


def a_secondary(layers: int = 4, **fields: object) -> Secondary:
    values = {
        "name": "specialist_narrower",
        "claim": "narrow_d",
        "metric": "relative_energy_rank_95",
        "band": 0.0,
        "statement": "Experts are narrower than the FFN of a dense model.",
        "dense": Dense("tiny-dense", "fixtures/tiny_dense", "olmo", layers, 8, 4, None, "3" * 64, "2" * 64),
        **fields,
    }
    return Secondary(**values)  # type: ignore[arg-type]


def a_control_model(**fields: object) -> ControlModel:
    values = {
        "layers": 2,
        "experts_per_token": 1,
        "heads": 2,
        "vocab_size": 16,
        "scale": 0.05,
        "prompts": 4,
        "prompt_tokens": 3,
        "nll": 1.4,
        "nll_tolerance": 0.1,
        "basis": "learned",
        **fields,
    }
    return ControlModel(**values)  # type: ignore[arg-type]


def a_one_bit(**fields: object) -> OneBit:
    values = {
        "dtype": "float32",
        "row_scale": "least_squares",
        "best_of": ("radam",),
        "starts": 1,
        "scopes": (2, 4),
        "batch_tokens": 64,
        "continuations": 1,
        "continuation_tokens": 4,
        **fields,
    }
    return OneBit(**values)  # type: ignore[arg-type]


def rotations(scope: Scope) -> Rotations:
    return Rotations(
        scope=scope,
        optimiser="radam",
        steps=100,
        iterate="best",
        precision="float32",
        null_precision="float32",
        start_seed=1,
        draws=10,
        draw_seed=2,
        nulls=("gaussian", "spectral", "shuffled"),
        null_experts=1,
        gaussian_draws=4,
        null_seed=3,
        rotation_bits=16,
        scale_bits=16,
        radam=RAdam(1.0, "cosine", "orth_rebased", (0.9, 0.999), 1e-8),
        graduated=Graduated(1.0, 0.9, 1.5),
    )


def a_preregistration(
    claims: Iterable[Claim],
    controls: Iterable[Control] = (),
    layers: int = 4,
    traps: Iterable[Trap] = (),
    probes: Iterable[Probe] = (),
) -> Preregistration:
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
            config=None,
            layer_sha256=None,
            weights_sha256=None,
            tokenizer_sha256=None,
            prompts=None,
            prompts_sha256=None,
        ),
        claims=tuple(claims),
        controls=tuple(controls),
        interval=Interval(level=0.95, draws=200, seed=3),
        tolerances={"energy_rank_95": 0.0},
        canonical_sha256="1" * 64,
        traps=tuple(traps),
        probes=tuple(probes),
    )


def a_measurement(cell: Cell, values: Sequence[float], **others: Sequence[float]) -> Measurement:
    """`values` under the registered metric, `others` under further ones."""
    samples = {"energy_rank_95": tuple(values), **{name: tuple(other) for name, other in others.items()}}
    return of(cell, described(samples, dict.fromkeys(samples, 0.777)))


def of(cell: Cell, measured: Measured) -> Measurement:
    """`measured` as if on the tensors of the cell's layer, or on a control's own."""
    if cell.layer is None:
        return Measurement(cell, "a" * 64, measured, 0.01, "control")
    return Measurement(cell, f"{cell.layer:064d}", measured, 0.01)


def sampled(
    samples: Mapping[str, Sequence[float]],
    reference: Mapping[str, float] | None = None,
    draws: Sequence[float] | None = None,
) -> Measured:
    return described({**samples, **({} if draws is None else {"haar_draws": tuple(draws)})}, reference)


def lifted(
    lift: float, random: float = 1.0, fits: Sequence[float] = (1.0, 1.0, 1.0), draws: Sequence[float] = (1.0,)
) -> Measured:
    """One matrix of a layer, lifted and decomposed; `fits` of its nulls in the order of `NULLS`."""
    samples = {"lift": (lift,), "sampled_lift": (lift,), "sampled_random": (random,), "beta": (0.6,), "landing": (0.9,)}
    samples |= {f"null_{null}": (fit,) for null, fit in zip(NULLS, fits, strict=True)}
    return sampled({**samples, "residual": (0.1,)}, {"lift": 1.1, "lift_squared": 1.21}, draws)


def probed(
    structure: float = 1.0,
    *,
    landing: float = 0.90,
    larger_budget: float = 0.90,
    annealed: float = 0.90,
    recovered: float = 0.99,
) -> Measured:
    """The probe of one layer, one rotation: long graduated steps land at `structure` times the best on nulls."""
    null = 0.92
    families = {"landing": landing, "larger_budget": larger_budget, "annealed_procrustes": annealed}
    families |= {"start": 0.80, "procrustes": 0.88, "momentum": 0.89, "graduated": null * structure}
    others = {"ceiling": (1.5,), "plateau_step": (60.0,), RECOVERED: (recovered,) * len(SEARCHED)}
    others |= {NOISE + family: (null if family == "graduated" else 0.90,) for family in SEARCHED}
    others |= {BEST + name: (null - 0.01,) for name in NULLS if name != GAUSSIAN}
    return sampled({**{family: (beta,) for family, beta in families.items()}, **others})


def generated(
    nll: Sequence[float], quantised: Mapping[str, Sequence[float]], texts: Mapping[str, str] | None = None
) -> Measured:
    """A model's NLL on its prompts, all of one domain, and that of each variant, with KL 0.5, half of the first tokens
    kept and 3 of 4 experts; out of 1024 tokens."""
    samples = {"nll": tuple(nll)}
    for variant, values in quantised.items():
        n = len(values)
        samples |= {f"nll_{variant}": tuple(values), f"kl_{variant}": (0.5,) * n}
        samples |= {f"same_top_{variant}": (0.5,) * n, f"overlap_{variant}": (0.75,) * n}
    labels = {"domains": "\n".join(["prose"] * len(nll)), **(texts or {})}
    return described(samples, {"nll": math.log(1024)}, texts=labels)


def of_model(cell: Cell, measured: Measured, sha256: str = "e" * 64) -> Measurement:
    """`measured` as if on the whole model and its prompts, or on a control's own."""
    return Measurement(cell, sha256, measured, 0.01, "control" if cell.layer is None else "model")


ENVIRONMENT = {
    "started": "2026-01-01T00:00:00+00:00",
    "ended": "2026-01-01T00:01:00+00:00",
    "options": {},
    "subject_location": "weights",
    "subject_revision": None,
    "python": "3.11.0",
    "platform": "Linux x86_64",
    "cores": 2,
    "code_sha256": "c" * 64,
    "settings": {"device": "cpu"},
}
