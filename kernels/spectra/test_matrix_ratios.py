"""The numbers a narrow-d cell stores: JSON-ready, in order, and next to their Marchenko-Pastur values."""

import json
import re

import pytest
import torch

from kernels.closed_forms.marchenko_pastur import ESTIMATORS, marchenko_pastur_ratio, singular_value_quantile
from kernels.nulls.gaussian import gaussian_null
from kernels.planted.planted import low_rank_plus_noise
from kernels.spectra.matrix_ratios import mean_spectrum_quantiles, measure_effective_dimension
from kernels.spectra.rank_estimators import energy_rank
from kernels.spectra.spectrum import singular_values, spectrum


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def test_keys_order_and_json() -> None:
    w = torch.stack([gaussian_null((64, 128), torch.Generator().manual_seed(i)) for i in range(4)])
    w[2] = low_rank_plus_noise((64, 128), 0.2, 0.01, torch.Generator().manual_seed(5))
    measured = measure_effective_dimension(w.bfloat16(), workers=2)
    assert tuple(measured) == ESTIMATORS
    assert json.loads(json.dumps(measured)) == measured
    expected = energy_rank(singular_values(w.bfloat16()).square(), 0.95) / 64
    assert measured["energy_rank_95"] == expected.double().tolist()
    assert [ratio < 0.4 for ratio in measured["energy_rank_95"]] == [False, False, True, False]
    assert measured == measure_effective_dimension(w.bfloat16().reshape(2, 2, 64, 128), workers=1)


@pytest.mark.parametrize("shape", [(6, 256, 512), (6, 512, 256)])
def test_null_quantiles_are_marchenko_pastur(shape: tuple[int, ...]) -> None:
    w = gaussian_null(shape, torch.Generator().manual_seed(3))
    quantiles = mean_spectrum_quantiles(spectrum(w).energies)
    expected = [singular_value_quantile((i + 0.5) / 64, 0.5) for i in range(64)]
    assert quantiles == sorted(quantiles)
    assert len(quantiles) == 64
    assert quantiles == pytest.approx(expected, abs=0.01)
    scaled = torch.arange(1, 7)[:, None, None] * w  # scale does not weigh
    assert mean_spectrum_quantiles(spectrum(scaled).energies) == pytest.approx(quantiles, abs=1e-6)
    planted = low_rank_plus_noise(shape, 0.5, 0.01, torch.Generator().manual_seed(3))
    assert mean_spectrum_quantiles(spectrum(planted).energies) != pytest.approx(expected, abs=0.1)
    assert marchenko_pastur_ratio("energy_rank_95", 0.5) == pytest.approx(
        sum(measure_effective_dimension(w)["energy_rank_95"]) / 6, abs=0.01
    )


def test_refused_count_is_named() -> None:
    with pytest.raises(ValueError, match=exactly("mean_spectrum_quantiles: count is 0, expected >= 1")):
        mean_spectrum_quantiles(torch.ones(2, 3), 0)
