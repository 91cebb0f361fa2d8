"""What quantisation does to a spectrum: it widens what is narrow, and leaves i.i.d. noise where it was."""

import pytest
import torch
from torch import Tensor

from kernels.nulls.gaussian import gaussian_null
from kernels.nulls.norms import norms_null
from kernels.planted.planted import low_rank_plus_noise
from kernels.spectra.rank_estimators import energy_rank
from kernels.spectra.spectrum import spectrum
from kernels.stored.quantised_like import quantised_like
from kernels.stored.storage import MXFP4, WHOLE, Storage

BLOCKS = Storage("F8_E4M3", (128, 128), "F32")
ROWS = Storage("F8_E4M3", (1, WHOLE), "BF16")
SHAPE = (256, 512)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rank(w: Tensor, share: float) -> int:
    return int(energy_rank(spectrum(w[None], 1).energies, share)[0])


def test_what_is_not_quantised_is_itself() -> None:
    w = gaussian_null(SHAPE, seeded(0))
    assert quantised_like(w, None) is w


@pytest.mark.parametrize("storage", [BLOCKS, ROWS, MXFP4], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_and_shape_are_kept_and_the_error_is_the_formats(storage: Storage, dtype: torch.dtype) -> None:
    w = gaussian_null((3, *SHAPE), seeded(1)).to(dtype)
    found = quantised_like(w, storage)
    assert (found.dtype, found.shape) == (dtype, w.shape)
    error = float((found - w).norm() / w.norm())  # of Gaussian entries, as measured: 2.65 % and 11.5 %
    assert error == pytest.approx(0.115 if storage == MXFP4 else 0.0265, rel=0.03)


def test_a_narrow_matrix_widens_and_noise_does_not() -> None:
    """A planted rank of 32 of 256, by its energy ranks of 90, 95 and 99 %.

    The i.i.d. null that is quantised alike is as wide as it was, so no judgement against it differs: what MXFP4 adds
    to a narrow matrix is seen, and it is small at 95 %.
    """
    planted, noise = low_rank_plus_noise(SHAPE, 32 / 256, 0.0, seeded(2)), gaussian_null(SHAPE, seeded(3))
    shares = (0.90, 0.95, 0.99)
    of = {
        storage: [[rank(quantised_like(w, storage), share) for share in shares] for w in (planted, noise)]
        for storage in (None, BLOCKS, MXFP4)
    }
    assert of[None] == [[29, 31, 32], [170, 199, 238]]
    assert of[BLOCKS] == of[None]
    assert of[MXFP4] == [[30, 31, 38], [170, 199, 237]]


def test_uneven_columns_widen_and_so_does_their_null() -> None:
    """Noise with uneven columns and no low rank: MXFP4 rounds what is beside a large entry, as in its null.

    A null that is not quantised is too narrow, by 2 of 82. One that is quantised alike is too wide by as much, since
    the norms that it keeps are those of weights that were rounded already.
    """
    normal = torch.randn(SHAPE[1], dtype=torch.float64, generator=seeded(5))
    w = gaussian_null(SHAPE, seeded(3)) * torch.exp2(2.0 * normal).float()
    stored = quantised_like(w, MXFP4)
    null = norms_null(stored, seeded(9))
    assert (rank(w, 0.95), rank(stored, 0.95)) == (77, 82)
    assert (rank(null, 0.95), rank(quantised_like(null, MXFP4), 0.95)) == (80, 84)


@pytest.mark.parametrize("power", [0.0, 0.25, 0.5, 0.75])
def test_where_noise_is_within_an_octave_moves_no_rank(power: float) -> None:
    """MXFP4's scales are powers of two, so that a null of unit variance is not of its subject's place in the octave."""
    noise = gaussian_null(SHAPE, seeded(4)) * 2.0**power
    assert abs(rank(quantised_like(noise, MXFP4), 0.95) - rank(noise, 0.95)) <= 1
