"""Calibrated scales against numpy's rint and torch's own fake quantiser; saturation, unseen channels, fallback."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kernels.integer.absmax_scales import LEVELS, absmax_by, half_steps_off, keep_largest, quantise_by, with_fallback


def gaussian(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 10_000), st.sampled_from([2, 4, 8]), st.floats(0.1, 4.0))
def test_it_is_the_plain_definition(seed: int, bits: int, most: float) -> None:
    x, levels = gaussian(seed, 5, 12), LEVELS[bits]
    step = most / levels
    expected = step * np.clip(np.rint(x.numpy() / step), -levels, levels)
    assert np.array_equal(quantise_by(x, torch.full((12,), most, dtype=torch.float64), levels).numpy(), expected)


@given(st.integers(0, 10_000))
def test_it_is_what_torch_makes_of_each_channel(seed: int) -> None:
    """Where no quotient is a half: torch multiplies by 1/s, and rounds that."""
    x = gaussian(seed, 64, 6).float()
    absmax = gaussian(seed + 1, 6).abs().float() + 0.5
    scale = absmax / 7
    theirs = torch.fake_quantize_per_channel_affine(x, scale, torch.zeros(6, dtype=torch.int32), 1, -7, 7)
    assert torch.allclose(quantise_by(x, absmax, 7), theirs, rtol=0.0, atol=1e-6)


@given(st.integers(0, 10_000), st.sampled_from([2, 4, 8]))
def test_what_was_calibrated_on_is_within_half_a_step_and_what_exceeds_saturates(seed: int, bits: int) -> None:
    x, levels = gaussian(seed, 40, 8), LEVELS[bits]
    absmax = x.abs().amax(0)
    assert bool(((quantise_by(x, absmax, levels) - x).abs() <= absmax / levels / 2 * (1 + 1e-9)).all())
    assert torch.allclose(quantise_by(3 * x.sign() * absmax, absmax, levels), x.sign() * absmax, rtol=1e-14, atol=0.0)


def test_a_channel_never_seen_becomes_zero_and_a_scale_is_of_its_own_channel() -> None:
    x = torch.tensor([[5.0, 7.0, -0.4]])
    assert quantise_by(x, torch.tensor([0.0, 7.0, 0.7]), 7).tolist() == [[0.0, 7.0, pytest.approx(-0.4)]]


def test_bf16_is_rounded_in_float32_and_stays_bf16() -> None:
    x = gaussian(3, 4, 8).bfloat16()
    absmax = torch.full((8,), 2.0)
    found = quantise_by(x, absmax, 7)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, quantise_by(x.float(), absmax, 7).bfloat16())


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_the_largest_are_kept_as_they_are(seed: int, kept: int) -> None:
    x = gaussian(seed, 3, 8)
    found = keep_largest(x, torch.zeros_like(x), kept)
    for row, exact in zip(found, x, strict=True):
        assert set(row[row != 0.0].tolist()) == set(sorted(exact.tolist(), key=abs)[8 - kept :])


def test_ties_keep_the_lower_channel() -> None:
    x = torch.tensor([[1.0, -2.0, 2.0, 2.0]])
    assert keep_largest(x, torch.zeros_like(x), 2).tolist() == [[0.0, -2.0, 2.0, 0.0]]


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 5))
def test_absmax_is_of_each_group(seed: int, rows: int, groups: int) -> None:
    x = gaussian(seed, rows, 4).float()
    group = torch.randint(groups, (rows,), generator=torch.Generator().manual_seed(seed))
    found = absmax_by(x, group, groups)
    for number in range(groups):
        of_it = x[group == number].abs().numpy()
        assert np.array_equal(found[number].numpy(), of_it.max(0) if len(of_it) else np.zeros(4, dtype=np.float32))


def test_experts_that_saw_too_little_have_the_layers_scale() -> None:
    absmax, seen = torch.tensor([[1.0, 5.0], [2.0, 0.5], [9.0, 9.0]]), torch.tensor([40, 32, 31])
    assert with_fallback(absmax, seen, 32).tolist() == [[1.0, 5.0], [2.0, 0.5], [9.0, 9.0]]
    assert with_fallback(absmax, seen, 40).tolist() == [[1.0, 5.0], [9.0, 9.0], [9.0, 9.0]]


@given(st.integers(0, 10_000), st.sampled_from([2, 4, 8]))
def test_scales_that_are_too_small_are_seen(seed: int, bits: int) -> None:
    absmax, levels = gaussian(seed, 4, 16).abs() + 0.1, LEVELS[bits]
    assert bool((half_steps_off(absmax, absmax, levels) < 1e-9).all())
    assert bool((half_steps_off(absmax, absmax * 1.3, levels) <= 1.0).all())
    assert bool((half_steps_off(absmax, absmax * 2.0, levels) <= 1.0).all())
    off = half_steps_off(absmax, absmax * 0.4, levels)
    assert torch.allclose(
        off, torch.full((4,), 3.0 * levels, dtype=torch.float64), rtol=1e-8
    )  # 0.6 of absmax, of 0.2 / levels


@pytest.mark.parametrize(("levels", "absmax"), [(0, 1.0), (7, -1.0)])
def test_bad_input_is_refused(levels: int, absmax: float) -> None:
    with pytest.raises(ValueError, match=r"^quantise_by: \d levels, least absmax -?1, expected 1 or more and ≥ 0$"):
        quantise_by(torch.ones(2), torch.tensor([absmax]), levels)
    with pytest.raises(ValueError, match=r"^keep_largest: 2 of 2 channels, expected fewer$"):
        keep_largest(torch.ones(1, 2), torch.ones(1, 2), 2)
