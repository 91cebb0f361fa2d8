"""Every kind of cell is explained with numbers that can be checked by hand, within 80 columns, absent ones too."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.errors import BadInput
from reports.judge.decision import decide
from reports.pages.why import COLUMNS, why
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, running_order
from reports.prereg.rules import AtLevel, ClosingAbove, ClosingAtMost, LargestAtMost, MeanAtLeast, MeanAtMost
from reports.prereg.samples import Measured
from reports.testing.small_rules import (
    a_claim,
    a_control,
    a_control_model,
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

LAYERS = range(4)
PREREG = replace(
    a_preregistration(
        [
            a_claim(sensitivity=("stable_rank",)),
            a_claim("beta_lift", MeanAtLeast("lift", 1.5, over_tau=0.1), checkpoints=(4,)),
            a_claim("structure_claim", MeanAtLeast("structure", 1.05), checkpoints=(4,)),
            a_claim("one_bit_nll", ClosingAtMost("inflation", 0.1), checkpoints=(4,)),
        ],
        [
            a_control("planted_narrow_d", level=0.1, tolerance=0.01),
            a_control("lattice", claim="beta_lift", expected="KILLED", landing_at_least=0.97, unrotated=0.6,
                      unrotated_tolerance=0.01),
            a_control("planted_one_bit", claim="one_bit_nll", model=a_control_model()),
        ],
        traps=[
            a_trap("random_rotation", AtLevel("haar_beta", 0.01, 1.5)),
            a_trap("off_rotation", MeanAtMost("off_gain", 1.03)),
            a_trap("trivial_pass", LargestAtMost("triviality", 1e-5), claim="one_bit_nll"),
            a_trap("unrotated_one_bit", ClosingAbove("inflation_unrotated", 0.1), claim="one_bit_nll"),
        ],
        probes=[a_probe()],
    ),
    secondaries=(a_secondary(),),
    one_bit=a_one_bit(),
    rotations=rotations("per_matrix"),
)  # fmt: skip
CELLS = running_order(PREREG, LAYERS)


def ranks(*values: float, stable: float = 0.2) -> Measured:
    samples = {"energy_rank_95": values, "stable_rank": (stable,) * len(values)}
    return sampled(samples, {"energy_rank_95": 0.8, "stable_rank": 0.4})


def random_rotation() -> Measured:
    return sampled({"beta": (0.8,), "haar_beta": (0.8,), "lift": (1.0,)}, {"haar_beta": 0.8}, draws=(1.0,))


NLL = {"learned": (2.2, 1.0), "learned_alone": (2.0, 1.0)}
UNROTATED = {"unrotated": (4.0, 2.0), "unrotated_alone": (2.0, 1.2)}
MEASURED: dict[str, Measured] = {
    "narrow_d": ranks(0.3, 0.9, 0.3, 0.3, 0.9, 0.9),  # gate 1 of 2, up 2 of 2, down none
    "planted_narrow_d": ranks(0.1, 0.1, 0.1),
    "beta_lift": lifted(1.44, random=1.2, fits=(1.1, 1.2, 1.15), draws=(1.0, 1.2)),
    "structure_claim": lifted(1.44, random=1.2, fits=(1.1, 1.2, 1.15)),
    "lattice": lifted(1.2),
    "one_bit_nll": generated((2.0, 1.0), NLL),
    "planted_one_bit": generated((2.0, 1.0), {"learned": (2.0, 1.0)}),
    "random_rotation": random_rotation(),
    "off_rotation": sampled({"off_gain": (1.0, 1.1)}),
    "trivial_pass": sampled({"identity_inflation": (0.0,), "round_trip": (3e-7,), "identity_lift": (-4e-7,)}),
    "unrotated_one_bit": generated((2.0, 1.0), UNROTATED),
    "radam_convergence": probed(),
    "specialist_narrower": ranks(0.2, 0.2, 0.2),
}


def measurement(cell: Cell) -> Measurement:
    whole = cell.name in ("one_bit_nll", "planted_one_bit", "trivial_pass", "unrotated_one_bit")
    return (of_model if whole else of)(cell, MEASURED[cell.name])


COMPLETE = {cell: measurement(cell) for cell in CELLS}


def told(cell_id: str, found: dict[Cell, Measurement] | None = None) -> str:
    measurements = COMPLETE if found is None else found
    return why(cell_id, decide(PREREG, LAYERS, measurements), measurements)


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_share_is_spelled_out_from_matrices_to_verdict() -> None:
    text = told("narrow_d[L01]")
    assert "gate_proj: 1 of 2 below 0.4: expert 0" in text
    assert "up_proj: 2 of 2 below 0.4: experts 0-1" in text
    assert "down_proj: 0 of 2 below 0.4\n" in text
    assert "share below 0.4: 3 / 6 = 0.5000 [-]" in text
    assert "gate narrow_d@2-layer, layers 0-1\n  below 0.4: L00:3 + L01:3 = 6 of 12\n  6 / 12 = 0.5000 < 0.7" in text
    assert "gate narrow_d@4-layer, layers 0-3\n  below 0.4: L00:3 + L01:3 + L02:3 + L03:3 = 12 of 24" in text
    assert "fragile: met under stable_rank (1.000)" in text
    assert "controls: 1 of 1 sound\n  traps: none to judge" in text
    kill = "it is the rung's first kill, so it is the verdict: KILLED, narrow-d threshold unmet at 2-layer checkpoint"
    assert kill in one_line(text)
    assert "it comes after the rung's first kill: exploratory" in one_line(text)
    assert "stable_rank            mean 0.2000, noise 0.4000: 0.5000 times noise" in text


def test_beside_noise_of_0_a_value_is_told_by_a_difference() -> None:
    level = sampled({"lift": (0.2, 0.4)}, {"lift": 0.0})
    found = {cell: of(cell, level) if cell.name == "beta_lift" else one for cell, one in COMPLETE.items()}
    assert "lift                   mean 0.3000, noise 0.0000: +0.3000 above noise" in told("beta_lift[L01]", found)


def test_raw_values_are_tabled_by_projection() -> None:
    assert "  energy_rank_95                   6     0.3000     0.6000     0.6000     0.9000\n" in told("narrow_d[L00]")
    assert "    up_proj                        2     0.3000     0.3000     0.3000     0.3000\n" in told("narrow_d[L00]")


def test_a_gate_reads_only_layers_of_its_checkpoint() -> None:
    assert "gate narrow_d@2-layer" not in told("narrow_d[L03]")


def test_a_lift_is_spelled_out_with_tau_and_what_it_is_made_of() -> None:
    text = one_line(told("beta_lift[L00]"))
    assert "mean lift: 1.4400 / 1 = 1.4400 [-]" in text
    assert "noise fit: the largest of gaussian 1.1000, spectral 1.2000, shuffled 1.1500" in text
    assert "structure: 1.4400 / (1.2000 × 1.2000) = 1.0000 [-]" in text
    assert "(L00:1.4400 + L01:1.4400 + L02:1.4400 + L03:1.4400) / 4 = 1.4400 1.4400 < 1.5" in text
    assert "τ, the best of 2 Haar draws: 1.2000; 1.4400 > 1.1 τ = 1.3200" in text


def test_a_rule_on_structure_reads_the_decomposition() -> None:
    text = one_line(told("structure_claim[L02]"))
    assert "structure: 1.4400 / (1.2000 × 1.2000) = 1.0000 [-]" in text
    assert "mean lift:" not in text
    assert "(L00:1.0000 + L01:1.0000 + L02:1.0000 + L03:1.0000) / 4 = 1.0000 1.0000 < 1.05" in text


def test_an_inflation_is_read_where_its_checkpoint_closes() -> None:
    text = one_line(told("one_bit_nll[L03]"))
    assert "every layer up to this one quantised: mean NLL 1.6000 / 1.5000 nats - 1 = +0.0667 [-]" in text
    assert "this layer alone quantised: mean NLL 1.5000 / 1.5000 nats - 1 = +0.0000 [-]" in text
    assert "read at one_bit_nll[L03] alone, with every layer quantised: 0.0667 ≤ 0.1" in text
    assert "no gate reads this cell" in one_line(told("one_bit_nll[L01]"))


def test_a_control_is_held_to_its_known_answers() -> None:
    text = one_line(told("planted_narrow_d"))
    assert "expected MET by energy_rank_95 < 0.4 for at least 70% of matrices" in text
    assert "known: median energy_rank_95 0.1 ± 0.01; it is 0.1000 obtained MET" in text
    assert "gate narrow_d@2-layer controls: 1 of 1 sound" in text
    lattice = one_line(told("lattice"))
    assert "known: every landing at least 0.97; the least is 0.9000" in lattice
    assert "a learned rotation lands at β 0.9000, expected 0.97 or more: OUT OF LINE" in lattice
    assert "lattice is OUT OF LINE:" in lattice
    assert "known: unquantised NLL 1.4 ± 0.1 nats; it is 1.5000" in one_line(told("planted_one_bit"))


def test_traps_state_their_rule_and_how_they_came_out() -> None:
    assert "must hold: mean haar_beta within 0.01 of its level in theory, and mean lift below 1.5" in one_line(
        told("random_rotation[L00]")
    )
    off = one_line(told("off_rotation[L01]"))
    assert "mean off_gain: 2.1000 / 2 = 1.0500 [-] mean off_gain 1.0500, at most 1.03: OUT OF LINE" in off
    assert "traps: 4 of 8 sound; off_rotation[L00] is OUT OF LINE:" in off
    trivial = one_line(told("trivial_pass[L02]"))
    assert "the largest |value| is 4.00e-07; at most 1e-05 is allowed" in trivial
    unrotated = one_line(told("unrotated_one_bit[L03]"))
    assert "mean NLL 3.0000 / 1.5000 nats - 1 = +1.0000 [-]" in unrotated
    assert "inflation_unrotated 1.0000, must exceed 0.1: sound" in unrotated
    assert "no gate reads this cell" in one_line(told("unrotated_one_bit[L00]"))


def test_probe_and_secondary_say_that_they_enter_no_verdict() -> None:
    probe = one_line(told("radam_convergence[L00]"))
    assert "against annealed Procrustes: 0.9000 / 0.9000 - 1 = +0.0000" in probe
    assert "search unresolved (" in probe
    secondary = one_line(told("specialist_narrower[L00]"))
    assert "experts minus dense: 0.7500 - 0.2500 = +0.5000 [-]" in secondary  # 0.6 and 0.2 over noise, 0.8
    assert "specialist_narrower: not narrower" in secondary
    assert probe.endswith("it enters no verdict")
    assert secondary.endswith("it enters no verdict")


def test_an_unknown_cell_is_refused_with_the_closest_name() -> None:
    with pytest.raises(BadInput, match=r"'narow_d\[L01\]': no such cell in E-test, design 4; there are .*"
                       r"narrow_d\[L00-L03\].*; did you mean 'narrow_d\[L01\]'\?"):  # fmt: skip
        told("narow_d[L01]")
    with pytest.raises(BadInput, match=r"'\\x1b\[31m': no such cell"):
        told("\x1b[31m")


def test_what_a_verdict_without_a_kill_owes_to_a_gate() -> None:
    sound = {cell: found for cell, found in COMPLETE.items() if cell.name == "planted_narrow_d"}
    met = {
        Cell("claim", "narrow_d", layer): of(Cell("claim", "narrow_d", layer), ranks(0.1, 0.1, 0.1)) for layer in (0, 1)
    }
    text = one_line(told("narrow_d[L00]", {**sound, **met}))
    assert "it does not stand in the way of survival; the verdict is INCOMPLETE" in text
    assert "what it needs was not measured; the verdict is INCOMPLETE" in text  # the 4-layer gate
    assert "4-layer checkpoint (layers 0-3): NOT_RUN, not measured: narrow_d[L02], narrow_d[L03]" in text


@given(st.sampled_from(CELLS), st.sets(st.sampled_from(CELLS)))
def test_every_cell_is_explained_whatever_was_measured(cell: Cell, absent: set[Cell]) -> None:
    found = {known: known_measurement for known, known_measurement in COMPLETE.items() if known not in absent}
    text = told(cell.id, found)
    assert text.startswith(f"{cell.id}: {cell.kind} ")
    assert max(len(line) for line in text.splitlines()) <= COLUMNS
    assert (f"{cell.id} was not measured in this run" in text) == (cell in absent)
    assert text == told(cell.id, dict(reversed(found.items())))
