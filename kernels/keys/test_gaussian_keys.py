"""A draw has the mean and the covariance of the keys, and nothing of what is beyond them."""

import numpy as np
import pytest
import torch
from scipy.stats import kurtosis
from torch import Tensor

from kernels.keys.gaussian_keys import gaussian_keys


def skewed(tokens: int) -> Tensor:
    """Two heads of keys far from Gaussian, with unlike means and covariances: `(2, tokens, 4)`."""
    generator = torch.Generator().manual_seed(3)
    signs = torch.randint(0, 2, (2, tokens, 4), generator=generator).double() * 2.0 - 1.0
    mixing = torch.randn(2, 4, 4, dtype=torch.float64, generator=generator)
    return signs @ mixing + torch.tensor([[[3.0]], [[-1.0]]])


def test_mean_and_covariance_are_the_keys_and_kurtosis_is_not() -> None:
    keys = skewed(20_000)

    found = gaussian_keys(keys, torch.Generator().manual_seed(7))

    for head in range(2):
        ours, theirs = found[head].numpy(), keys[head].numpy()
        np.testing.assert_allclose(ours.mean(0), theirs.mean(0), atol=0.1)
        np.testing.assert_allclose(np.cov(ours.T), np.cov(theirs.T), atol=0.25)
        assert kurtosis(theirs).min() < -0.5
        assert abs(kurtosis(ours)).max() < 0.15


def test_the_same_seed_is_the_same_draw_and_another_is_another() -> None:
    keys = skewed(50)
    one, same, other = (gaussian_keys(keys, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))

    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_keys_of_one_direction_stay_on_it() -> None:
    """A covariance without full rank is no fault: a constant key stays what it is."""
    keys = torch.ones(1, 9, 4).double() * torch.arange(4)

    torch.testing.assert_close(gaussian_keys(keys, torch.Generator().manual_seed(1)), keys, rtol=0.0, atol=1e-6)


def test_what_cannot_be_drawn_is_refused() -> None:
    generator = torch.Generator()
    with pytest.raises(ValueError, match=r"^gaussian_keys: keys of shape \(4, 2\), expected \(heads, tokens, width\)"):
        gaussian_keys(torch.ones(4, 2), generator)
    with pytest.raises(ValueError, match=r"^gaussian_keys: keys hold NaN or Inf"):
        gaussian_keys(torch.full((1, 4, 2), torch.nan), generator)
