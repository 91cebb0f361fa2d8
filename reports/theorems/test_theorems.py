"""Each theorem held by what obeys it and VIOLATED by a forged measurement; statuses by the one rule alone."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kernels.closed_forms.haar_level import haar_level
from reports.base.matrix_names import by_projection, matrix_name
from reports.judge.decision import decide
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.prereg.rules import AtLevel, LargestAtMost, MeanAtLeast
from reports.prereg.samples import Measured
from reports.testing.described_numbers import described
from reports.testing.small_rules import (
    SUBJECT,
    a_claim,
    a_control,
    a_preregistration,
    a_probe,
    a_trap,
    of,
    of_model,
    probed,
    rotations,
    sampled,
)
from reports.testing.test_schemas import validator
from reports.theorems.proof_files import proof_record
from reports.theorems.theorem_checks import ROUNDING, Check
from reports.theorems.theorem_laws import row_square, row_variance
from reports.theorems.theorem_list import THEOREMS
from reports.theorems.theorem_page import theorems_markdown
from reports.theorems.theorems import (
    CHECKED_BY,
    TheoremOutcome,
    outcome_of,
    proof_status,
    status_of,
    theorems_json,
    track,
    violates,
)

RECORD = proof_record()
WIDTHS = (8, 8, 4)  # gate, up and down of the specimens' subject and controls
LEVELS = tuple(haar_level(n) for n in WIDTHS)
PREREG = replace(
    a_preregistration(
        [a_claim(), a_claim("beta_lift", MeanAtLeast("lift", 1.5), checkpoints=(4,))],
        [
            a_control("noise"),
            a_control("noisy_lift", claim="beta_lift"),
            a_control("lattice", claim="beta_lift", generator="sign_lattice", landing_at_least=0.97),
        ],
        traps=[
            a_trap("random_rotation", AtLevel("haar_beta", 0.01, 1.5)),
            a_trap("trivial_pass", LargestAtMost("triviality", 1e-5)),
        ],
        probes=[a_probe()],
    ),
    rotations=rotations("per_matrix"),
)
CLAIM, TRAP, NARROW = (
    Cell("claim", "beta_lift", 0),
    Cell("trap", "random_rotation", 0),
    Cell("claim", "narrow_d", 0),
)
LATTICE, NOISE, NOISY = Cell("control", "lattice"), Cell("control", "noise"), Cell("control", "noisy_lift")
TRIVIAL, PROBE = Cell("trap", "trivial_pass", 0), Cell("probe", "radam_convergence", 0)


def lift(beta: float, landing: float, residual: float = 0.5, **others: tuple[float, ...]) -> Measured:
    """Three matrices, gate, up and down of one expert."""
    samples = {"beta": (beta,) * 3, "landing": (landing,) * 3, "lift": (landing / beta,) * 3}
    return sampled({**samples, "residual": (residual,) * 3, **others})


def randomly(beta: float, haar: tuple[float, ...] = LEVELS, level: float = sum(LEVELS) / 3) -> Measured:
    samples = {"beta": (beta,) * 3, "haar_beta": haar, "lift": tuple(value / beta for value in haar)}
    return sampled(samples, {"haar_beta": level}, draws=(1.0,) * 10)


def spectra(**values: float) -> Measured:
    """Of equal singular values unless told otherwise: d = 4."""
    ranks = {"energy_rank_90": 1.0, "energy_rank_95": 1.0, "energy_rank_99": 1.0, "stable_rank": 1.0}
    ranks |= {"participation_ratio": 1.0, "entropy_rank_energy": 1.0, "entropy_rank_sigma": 1.0, **values}
    return described({name: (value,) * 3 for name, value in ranks.items()}, dict.fromkeys(ranks, 0.777))


def exponents(entropy: float, share: float) -> Measured:
    return sampled({"exponent_entropy": (2.5, entropy), "common_exponents": (1.0, share)})


def outcomes(found: Mapping[Cell, Measured]) -> dict[str, TheoremOutcome]:
    measurements = {
        cell: of_model(cell, measured) if cell.name == "trivial_pass" else of(cell, measured)
        for cell, measured in found.items()
    }
    return {outcome.theorem.name: outcome for outcome in track(decide(PREREG, range(4), {}), measurements)}


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_status_moves_by_one_rule(checks: int, violated: int) -> None:
    """Every combination: a violated check outweighs all, none at all is no evidence."""
    expected = "VIOLATED" if violated else "held" if checks else "not checked in this run"
    assert status_of(checks, violated) == expected


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, 1.0000001, math.inf, math.nan]), max_size=6))
def test_status_and_counts_follow_the_residuals(residuals: list[float]) -> None:
    checks = [Check(str(index), residual, 1.0, made=False) for index, residual in enumerate(residuals)]
    outcome = outcome_of(THEOREMS[0], checks)
    beyond = [residual for residual in residuals if math.isnan(residual) or residual > 1.0]
    assert (outcome.checks, outcome.violated) == (len(residuals), len(beyond))
    assert outcome.status == ("VIOLATED" if beyond else "held" if residuals else "not checked in this run")
    assert outcome.worst is None or violates(outcome.worst) == bool(beyond)


def test_every_theorem_is_listed_once_and_no_status_is_typed() -> None:
    names = [theorem.name for theorem in THEOREMS]
    assert len(set(names)) == len(names)
    assert set(CHECKED_BY) <= set(names)
    assert all(theorem.checks.startswith("nothing: ") for theorem in THEOREMS if theorem.name not in CHECKED_BY)
    assert not {"status", "held"} & set(vars(THEOREMS[0]))


def test_without_measurements_nothing_is_checked() -> None:
    assert {outcome.status for outcome in outcomes({}).values()} == {"not checked in this run"}


SOUND = {
    CLAIM: lift(0.8, 0.96),
    TRAP: randomly(0.8),
    NARROW: spectra(),
    LATTICE: lift(0.8, 0.98),
    NOISY: lift(0.8, 0.96),
    NOISE: spectra(
        energy_rank_90=0.8, energy_rank_95=0.8, energy_rank_99=0.8, stable_rank=0.5, participation_ratio=0.7
    ),
    TRIVIAL: sampled({"identity_inflation": (0.0,), "round_trip": (3e-7,) * 3, "identity_lift": (0.0,) * 3}),
    PROBE: probed(),
}


def test_what_obeys_them_holds() -> None:
    found = outcomes(SOUND)
    unmeasured = {"residual_energy", "uniform_moment_ratio", "laplace_moment_ratio"}
    unmeasured |= {"no_code_beats_the_entropy", "commonest_exponents"}
    assert {name for name, outcome in found.items() if outcome.status == "held"} == set(CHECKED_BY) - unmeasured
    assert not [name for name, outcome in found.items() if outcome.status == "VIOLATED"]


@pytest.mark.parametrize(
    ("theorem", "cell", "forged"),
    [
        ("jensen_ceiling", CLAIM, lift(0.8, 1.0 + 1e-9)),  # a lift above 1/β
        ("jensen_ceiling", CLAIM, lift(0.8, math.nan)),
        ("jensen_ceiling", TRAP, randomly(0.8, haar=(1.001, *LEVELS[1:]))),
        ("jensen_ceiling", PROBE, probed(landing=1.01)),
        ("jensen_equality", LATTICE, lift(0.8, 1.001)),
        ("gauge_range", CLAIM, lift(0.3, 0.9)),  # below 1/√8 = 0.354
        ("gauge_range", CLAIM, lift(1.001, 1.0)),
        ("haar_level", TRAP, randomly(0.8, haar=(0.65, *LEVELS[1:]))),
        ("haar_level", TRAP, randomly(0.8, haar=(math.nan, *LEVELS[1:]))),
        ("gaussian_moment_ratio", NOISY, lift(0.5, 0.9)),
        ("uniform_moment_ratio", NOISY, lift(0.8, 0.9, beta_uniform=(0.3, 0.87, 0.87))),
        ("laplace_moment_ratio", NOISY, lift(0.8, 0.9, beta_laplace=(0.1, 0.75, 0.75))),
        ("residual_energy", CLAIM, lift(0.8, 0.9, one_bit_error=(0.36, 0.36, 0.3601))),
        ("layer_gauge", TRIVIAL, sampled({"round_trip": (1e-7, 1e-7, 2e-5)})),
        ("energy_rank_bounds", NARROW, spectra(energy_rank_90=0.25)),  # one direction cannot hold 90 % at stable rank d
        ("energy_rank_bounds", NARROW, spectra(stable_rank=0.25, energy_rank_95=0.5)),  # nor two, at P = d
        ("rank_order", NARROW, spectra(participation_ratio=0.5)),  # stable rank above it
        ("rank_order", NARROW, spectra(entropy_rank_sigma=1.1)),
        ("rank_order", NARROW, spectra(entropy_rank_energy=math.nan)),
        ("marchenko_pastur", NOISE, spectra(energy_rank_99=0.25)),
        ("no_code_beats_the_entropy", TRIVIAL, sampled({"over_entropy": (0.01, 0.0, -1e-9)})),
        ("commonest_exponents", NARROW, exponents(math.log2(15) + 1e-6, 1.0)),
        ("commonest_exponents", NARROW, exponents(3.93, 0.999)),
    ],
)
def test_a_forged_measurement_violates(theorem: str, cell: Cell, forged: Measured) -> None:
    outcome = outcomes({**SOUND, cell: forged})[theorem]
    assert outcome.status == "VIOLATED"
    assert outcome.worst is not None
    assert outcome.worst.where.startswith(cell.id)


def test_what_no_cell_measures_yet_is_checked_as_soon_as_one_does() -> None:
    ratios = lift(0.8, 0.9, one_bit_error=(1.0 - 0.8**2,) * 3, beta_uniform=(0.87,) * 3, beta_laplace=(0.75,) * 3)
    found = outcomes({NOISY: ratios})
    for name in ("residual_energy", "uniform_moment_ratio", "laplace_moment_ratio"):
        assert found[name].status == "held"


@pytest.mark.parametrize(
    ("entries", "ratio", "variance"),
    [("gaussian", math.sqrt(2 / math.pi), 1 - 3 / math.pi), ("uniform", math.sqrt(3) / 2, 1 / 40),
     ("laplace", 1 / math.sqrt(2), 1 / 8)],
)  # fmt: skip
def test_moment_ratios_and_their_spread_are_those_of_simulated_matrices(
    entries: str, ratio: float, variance: float
) -> None:
    """2000 matrices of 16 × 64, numpy: the mean within 4 standard errors, the spread within 10 %."""
    assert row_variance(entries, 1) == pytest.approx(variance)
    assert row_square(entries, 10**12) == pytest.approx(ratio**2)
    generator = np.random.Generator(np.random.PCG64(2024112500))
    shape = (2000, 16, 64)
    match entries:
        case "gaussian":
            matrices = generator.standard_normal(shape)
        case "uniform":
            matrices = generator.uniform(-1.0, 1.0, shape)
        case _:
            matrices = generator.laplace(size=shape)
    betas = one_bit_cosine(matrices)
    of_matrix = row_variance(entries, 64) / 16
    assert betas.std() == pytest.approx(math.sqrt(of_matrix), rel=0.1)
    expected = math.sqrt(row_square(entries, 64) - of_matrix)
    assert abs(betas.mean() - expected) < 4 * math.sqrt(of_matrix / 2000) + 2e-4  # the rest is of order 1/n²


@pytest.mark.parametrize("directions", [1, 3, 16])
def test_the_spread_over_haar_rotations_stays_below_what_the_participation_ratio_allows(directions: int) -> None:
    """300 Haar rotations of one 32 × 32 matrix of that rank; of rank one the bound is the spread itself."""
    generator = np.random.Generator(np.random.PCG64(2024112501))
    matrix = generator.standard_normal((32, directions)) @ generator.standard_normal((directions, 32))
    energies = np.linalg.svd(matrix, compute_uv=False) ** 2
    participating = float(energies.sum() ** 2 / (energies**2).sum())
    q, r = np.linalg.qr(generator.standard_normal((300, 32, 32)))
    haar = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]
    betas = one_bit_cosine(matrix @ haar)
    bound = math.sqrt(row_variance("gaussian", 32) / participating)
    assert betas.std() < 1.1 * bound  # 300 draws know a spread to 4 %
    assert directions > 1 or betas.std() > 0.9 * bound


def one_bit_cosine(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """β of each, by its definition."""
    mass = (np.abs(matrices).sum(-1) ** 2).sum(-1)
    found: NDArray[np.float64] = np.sqrt(mass / (matrices.shape[-1] * (matrices**2).sum((-2, -1))))
    return found


def test_codes_hold_where_a_run_measured_them() -> None:
    """15 equally likely exponents; 3.92 bits at 0.999 is below 0.999 log₂(15/0.999) + 0.001 log₂(241/0.001) = 3.922."""
    coded = sampled({"over_entropy": (0.0, 0.01)})
    found = outcomes({NARROW: exponents(math.log2(15), 1.0), NOISE: exponents(3.92, 0.999), TRIVIAL: coded})
    assert {name: found[name].checks for name in ("commonest_exponents", "no_code_beats_the_entropy")} == {
        "commonest_exponents": 4,
        "no_code_beats_the_entropy": 2,
    }
    assert {found[name].status for name in ("commonest_exponents", "no_code_beats_the_entropy")} == {"held"}


def test_a_proof_status_follows_the_record() -> None:
    """Every theorem as the record has it; with one of its proofs gone from there it is cited."""
    statuses = {theorem.name: proof_status(theorem, RECORD) for theorem in THEOREMS}
    assert {name for name, status in statuses.items() if status == "refuted"} == {"jensen_floor", "moment_ratio_bound"}
    assert {name for name, status in statuses.items() if status == "cited"} == {
        "haar_level", "gaussian_moment_ratio", "uniform_moment_ratio", "laplace_moment_ratio", "marchenko_pastur",
        "eckart_young",
    }  # fmt: skip
    for theorem in THEOREMS:
        for name in theorem.formal:
            less = {known: one for known, one in RECORD.theorems.items() if known != name}
            assert proof_status(theorem, RECORD.model_copy(update={"theorems": less})) == "cited"
        assert bool(theorem.proof) == (statuses[theorem.name] == "cited")


def test_a_rotation_that_is_none_is_no_check() -> None:
    """The theorem is about rotations: a sheared one may land anywhere."""
    assert outcomes({CLAIM: lift(0.8, 1.2, residual=1e10)})["jensen_ceiling"].checks == 0


def test_a_search_that_misses_the_lattice_says_nothing_about_the_theorem() -> None:
    assert outcomes({LATTICE: lift(0.8, 0.96)})["jensen_equality"].status == "not checked in this run"
    held = outcomes({LATTICE: lift(0.8, 0.97)})["jensen_equality"]
    assert (held.status, held.checks) == ("held", 3)


def test_tightness_names_the_matrix_whose_lift_came_closest_to_its_ceiling() -> None:
    near = sampled({"beta": (0.8, 0.7, 0.8), "landing": (0.95, 0.99, 0.9), "lift": (0.95 / 0.8, 0.99 / 0.7, 0.9 / 0.8)})
    subject, made = outcomes({CLAIM: near, LATTICE: lift(0.8, 0.9999)})["jensen_ceiling"].tight
    assert (subject.where, subject.made) == ("beta_lift[L00] learned, up_proj", False)
    assert subject.detail == "lift 1.4143 of at most 1.4286"
    assert subject.residual == pytest.approx(-0.01)
    assert (made.where, made.made) == ("lattice learned, gate_proj", True)


def test_a_subject_of_other_widths_is_not_held_to_the_registered_ones() -> None:
    """Measurements name no sizes; the mean Haar level they hold does."""
    other = outcomes({TRAP: randomly(0.8, level=haar_level(512))})
    assert {other[name].checks for name in ("gauge_range", "haar_level")} == {0}


def test_the_tolerance_of_the_haar_level_shrinks_with_the_participation_ratio() -> None:
    """Of d = 4 directions all or one: √(4) apart; 1 is assumed where nobody measured the spectrum."""
    at = {
        name: outcomes({TRAP: randomly(0.8), **beside})["haar_level"].worst
        for name, beside in {
            "all": {NARROW: spectra()},
            "one": {NARROW: spectra(participation_ratio=0.25)},
            "unknown": {},
        }.items()
    }
    tolerances = {name: worst.tolerance for name, worst in at.items() if worst is not None}
    assert tolerances["one"] == tolerances["unknown"]
    # 6 √((1 − 3/π)/(n P draws)) at n = 4 or 8, whichever matrix is worst
    assert tolerances["all"] < tolerances["one"]
    allowed = {6 * math.sqrt((1 - 3 / math.pi) / (n * 1 * 10)) for n in (4, 8)}
    assert min(abs(tolerances["one"] - value) for value in allowed) < ROUNDING


def test_a_broken_level_of_a_gaussian_control_is_told_apart_from_chance() -> None:
    """Mean β of 16 × 64 rows of length 128: 6 σ is 6 √((1 − 3/π)/(128 · 1024)) = 0.0035 [-]."""
    control = a_control("noisy_lift", claim="beta_lift", experts=16, hidden_size=128, intermediate_size=64)
    prereg = replace(PREREG, controls=(control,))
    expected = math.sqrt(haar_level(128) ** 2 - (1 - 3 / math.pi) / (128 * 64))

    def status(offset: float) -> str:
        betas = (expected + offset,) * 32 + (haar_level(64),) * 16
        found: dict[Cell, Measurement] = {NOISY: of(NOISY, sampled({"beta": betas}))}
        tracked = track(decide(prereg, range(4), {}), found)
        return next(outcome.status for outcome in tracked if outcome.theorem.name == "gaussian_moment_ratio")

    assert (status(0.0034), status(0.0037)) == ("held", "VIOLATED")


def test_documents_are_the_same_bytes_whatever_the_order_of_measurements() -> None:
    forwards = {cell: of(cell, measured) for cell, measured in SOUND.items()}
    backwards = dict(reversed(forwards.items()))
    pages = set()
    for found in (forwards, backwards):
        decision = decide(PREREG, range(4), found)
        tracked = track(decision, found)
        document = theorems_json(decision, SUBJECT, tracked, RECORD)
        validator("theorems").validate(document)
        pages.add(json.dumps(document) + theorems_markdown(decision, SUBJECT, tracked, RECORD))
    assert len(pages) == 1


def test_the_page_tells_each_theorem_with_its_numbers() -> None:
    found = {CLAIM: of(CLAIM, lift(0.8, 0.96)), LATTICE: of(LATTICE, lift(0.8, 1.001))}
    decision = decide(PREREG, range(4), found)
    page = theorems_markdown(decision, replace(SUBJECT, exploratory=True), track(decision, found), RECORD)
    assert page.startswith("# Theorems behind E-test, design 4, on tiny (exploratory: not the sealed subject)\n")
    row = "| `jensen_ceiling` | bound | machine-checked | VIOLATED | 6 | 1.00e-03 | 1.00e-12 | lattice learned, gate"
    assert f"\n{row}_proj |\n" in page
    checked = "Machine-checked: `jensen_ceiling` in `RowGauge.v` (sha256 "
    assert f"- {checked}{RECORD.files['RowGauge.v'].sha256[:12]}…), `matrix_jensen_ceiling` in `MatrixGauge.v`" in page
    assert "- Cited: ∫|x| e^(−x²/2) dx/√(2π) = √(2/π), after half-normal mean" in page
    assert "- Refuted: `floor_distortion_bound_is_vacuous` in `Refuted.v` (sha256 " in page
    assert "| `laplace_moment_ratio` | law | cited | not checked in this run | 0 | — | — | — |" in page
    assert "**not checked in this run**; it needs β of matrices with Laplace entries (" in page
    assert all(f"\n## {theorem.name}\n\n{theorem.statement}\n" in page for theorem in THEOREMS)


def test_a_residual_that_is_no_number_is_null_in_json() -> None:
    found = {CLAIM: of(CLAIM, lift(0.8, math.nan))}
    decision = decide(PREREG, range(4), found)
    document = theorems_json(decision, SUBJECT, track(decision, found), RECORD)
    validator("theorems").validate(document)
    assert '"residual": null' in json.dumps(document, allow_nan=False)


def test_matrices_are_named_in_registered_order() -> None:
    assert [matrix_name(index, 6) for index in (0, 3, 5)] == [
        "gate_proj of expert 0",
        "up_proj of expert 1",
        "down_proj of expert 1",
    ]
    assert (matrix_name(2, 3), matrix_name(1, 4), matrix_name(0, 1)) == ("down_proj", "value 2 of 4", "value 1 of 1")
    assert by_projection((1.0, 2.0, 3.0)) == {"gate_proj": (1.0,), "up_proj": (2.0,), "down_proj": (3.0,)}
    assert by_projection((1.0, 2.0)) == by_projection(()) == {}
