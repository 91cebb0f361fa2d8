"""Planted matrices land where their formula says, on the right side of the 0.4 gate, and the checks can fail."""

import math
import re

import pytest
import torch
from torch import Tensor

from kernels.nulls.gaussian import gaussian_null
from kernels.planted.planted import haar_frame, low_rank_plus_noise, predicted_energy_rank, rank_one, scaled_identity
from kernels.spectra.rank_estimators import effective_dimension_ratios, energy_rank
from kernels.spectra.spectrum import singular_values, spectrum


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


GATE = 0.4  # the registered narrow-d threshold on energy_rank_95 / k, unit [-]
DOSES = {0.20: True, 0.30: True, 0.35: True, 0.45: False, 0.60: False}  # rank_fraction: narrow?


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(8, 64, 128), (8, 128, 64)], ids=str)
@pytest.mark.parametrize("rank_fraction", DOSES)
def test_doses_land_on_their_side_of_the_gate(rank_fraction: float, shape: tuple[int, ...]) -> None:
    w = low_rank_plus_noise(shape, rank_fraction, 0.01, generator(1))
    ranks = energy_rank(spectrum(w).energies, 0.95)
    assert ((ranks / 64 < GATE) == DOSES[rank_fraction]).all()
    assert ((ranks / 64 - GATE).abs() > 0.03).all()  # clearly: two directions of 64 from the gate
    predicted = predicted_energy_rank(shape, rank_fraction, 0.01)
    assert ((ranks - predicted).abs() <= 1).all()
    assert abs(ranks.double().mean().item() - predicted) <= 1.0


def test_dose_is_read_monotonically_and_the_null_is_wide() -> None:
    shape = (8, 64, 128)
    means = [
        energy_rank(spectrum(low_rank_plus_noise(shape, f, 0.01, generator(2))).energies, 0.95).double().mean()
        for f in DOSES
    ]
    assert means == sorted(means)
    null = energy_rank(spectrum(gaussian_null(shape, generator(2))).energies, 0.95)
    assert (null / 64 > 0.7).all()  # the gate's other control: the prediction check above would fail on it
    assert ((null - predicted_energy_rank(shape, 0.20, 0.01)).abs() > 1).all()


def test_energy_budget() -> None:
    """Mean square 1, of it `noise_energy` noise: without it the rank is exact, with it the tail holds its share."""
    shape = (4, 64, 128)
    clean = spectrum(low_rank_plus_noise(shape, 0.25, 0.0, generator(3))).energies
    assert torch.allclose(clean[:, :16], torch.full((4, 16), 64 * 128 / 16, dtype=torch.float64), rtol=1e-5)
    assert (clean[:, 16:] < 1e-8 * clean[:, :1]).all()
    noisy = spectrum(low_rank_plus_noise(shape, 0.25, 0.01, generator(3))).energies
    assert (noisy.sum(-1) / (64 * 128)).tolist() == pytest.approx([1.0] * 4, abs=0.01)
    tail = 0.01 * (64 - 16) * (128 - 16) / (64 * 128)
    assert (noisy[:, 16:].sum(-1) / noisy.sum(-1)).tolist() == pytest.approx([tail] * 4, rel=0.1)


def test_prediction_refuses_a_boundary_inside_the_noise() -> None:
    assert predicted_energy_rank((64, 128), 0.3125, 0.0) == 19  # r = 20: exactly 0.95 * 20, not rounded up to 20
    with pytest.raises(
        ValueError,
        match=exactly("predicted_energy_rank: share 0.95 > 0.8568 held by the signal [-]; lower noise_energy"),
    ):
        predicted_energy_rank((64, 128), 0.2, 0.2)


def sign_score(frames: Tensor) -> float:
    """Standard score of the number of positive (1, 1) entries against a fair coin."""
    positive = (frames[:, 0, 0] > 0).double().mean().item()
    return (positive - 0.5) * 2 * math.sqrt(len(frames))


def test_signal_vectors_are_haar() -> None:
    """Uniform signs of the first left vector's entries; a raw QR without the sign fix leaves them one-sided."""
    frames = haar_frame((4000, 3, 3), generator(4))
    assert torch.allclose(frames.mT @ frames, torch.eye(3, dtype=torch.float64), atol=1e-12)
    assert abs(sign_score(frames)) < 4
    raw = torch.linalg.qr(torch.randn(4000, 3, 3, generator=generator(4), dtype=torch.float64))[0]
    assert abs(sign_score(raw)) > 4


def test_scaled_identity() -> None:
    w = scaled_identity((2, 64, 128), scale=0.03)
    assert w.dtype == torch.float32
    assert w.shape == (2, 64, 128)
    ratios = effective_dimension_ratios(spectrum(w).energies)
    assert ratios["energy_rank_95"].tolist() == [math.ceil(0.95 * 64) / 64] * 2
    assert ratios["stable_rank"].tolist() == pytest.approx([1.0, 1.0])


def test_rank_one() -> None:
    w = rank_one((3, 64, 128), generator(5))
    assert w.dtype == torch.float32
    assert torch.equal(w, rank_one((3, 64, 128), generator(5)))
    for name, ratio in effective_dimension_ratios(spectrum(w).energies).items():
        # float32 rounding leaves 64 singular values of 1e-8 sigma_1, which the entropy of sigma feels at 1e-5
        assert (ratio * 64).tolist() == pytest.approx([1.0] * 3, abs=1e-4), name
    assert (singular_values(w)[:, 1] < 1e-6 * singular_values(w)[:, 0]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: low_rank_plus_noise((8, 8), 0.0, 0.01, generator(0)),
            "low_rank_plus_noise: rank_fraction is 0.0, expected 0 < rank_fraction <= 1 [-]",
        ),
        (
            lambda: low_rank_plus_noise((8, 8), 0.5, 1.0, generator(0)),
            "low_rank_plus_noise: noise_energy is 1.0, expected 0 <= noise_energy < 1 [-]",
        ),
        (lambda: rank_one((8,), generator(0)), "rank_one: shape (8,), expected (..., out, in) with every axis >= 1"),
        (
            lambda: scaled_identity((0, 8)),
            "scaled_identity: shape (0, 8), expected (..., out, in) with every axis >= 1",
        ),
    ],
)
def test_refused_input_is_named(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=exactly(message)):
        call()
