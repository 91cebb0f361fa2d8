"""Words of a grid behind one gauge: lossless through it, at any width, and through it alone."""

import numpy as np
import pytest
import torch

from kernels.integer.gauged_round_trip import relative_error, round_trip_error
from kernels.planted.gauged_grid import CONDITION, gauged_grid, planted_gauge

SHAPE = (3, 40, 16)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_planted_gauge_has_its_condition_and_undoes_the_rows_of_every_matrix() -> None:
    inverse = planted_gauge(16, seeded(5))
    assert np.linalg.cond(inverse.numpy()) == pytest.approx(CONDITION)
    w = gauged_grid(SHAPE, 6, 0.0, seeded(5))
    assert w.dtype == torch.float32
    assert w.double().square().mean((-2, -1)).tolist() == pytest.approx([1.0] * 3, rel=1e-6)
    for bits in (2, 4, 8):
        assert float(round_trip_error(w, torch.linalg.inv(inverse), inverse, bits).max()) < 1e-6  # of float32
        assert float(relative_error(w, bits).min()) > (0.5 if bits == 2 else 0.003)
    levels = w.double() @ torch.linalg.inv(inverse)
    words = (levels / levels.abs().amax(-1, keepdim=True)).round().int()
    assert len(torch.unique(words.reshape(-1, 16), dim=0)) == 6  # the same for the whole batch
    assert set(words.unique().tolist()) == {-1, 0, 1}


def test_noise_has_the_share_that_is_asked_for() -> None:
    clean, noisy = (gauged_grid((64, 40, 16), 4, share, seeded(6)).double() for share in (0.0, 0.04))
    noise = noisy - 0.96**0.5 * clean
    assert float(noise.square().mean()) == pytest.approx(0.04, rel=0.02)  # of 40,960 draws
    assert abs(float((noise * clean).mean())) < 0.003


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SHAPE, 0, 0.0), "gauged_grid: 0 words, expected at least 1"),
        ((SHAPE, 2, 1.0), r"gauged_grid: noise_energy is 1.0, expected 0 <= noise_energy < 1 \[-\]"),
        (((16,), 2, 0.0), r"gauged_grid: shape \(16,\), expected"),
        ((SHAPE, 2, 0.0), r"planted_gauge: condition is 0.5, expected finite and at least 1 \[-\]"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[tuple[int, ...], int, float], message: str) -> None:
    shape, words, noise = arguments
    with pytest.raises(ValueError, match=f"^{message}"):
        gauged_grid(shape, words, noise, seeded(1), condition=0.5)
