"""The law of INT4 on normal weights against draws of them, whose ranks are scipy's."""

import pytest
import torch
from scipy import stats

from kernels.closed_forms.int4_law import MOST_CORRELATED, int4_law
from kernels.integer.int_groups import int_groups, squared_error
from kernels.integer.kurtosis_rank import excess_kurtosis


@pytest.mark.parametrize("group", [32, 128])
def test_draws_have_this_error_and_this_rank_correlation(group: int) -> None:
    """Over 600 matrices ρ scatters by 0.02; those of 64 × 128 have tails that are not quite normal."""
    w = torch.randn(600, 64, 128, dtype=torch.float64, generator=torch.Generator().manual_seed(group))
    lost = squared_error(w, int_groups(w, group))
    law = int4_law(group)
    assert float(lost.mean().sqrt()) == pytest.approx(law.error, rel=2e-3)
    kurtosis = excess_kurtosis(w)
    assert float(stats.spearmanr(kurtosis, lost).statistic) == pytest.approx(law.spearman, abs=0.06)
    assert float(stats.pearsonr(kurtosis, lost).statistic) == pytest.approx(law.correlation, abs=0.06)


def test_noise_alone_has_most_of_what_is_possible() -> None:
    assert int4_law(32).spearman == pytest.approx(0.7245, abs=1e-4)
    assert int4_law(128).spearman == pytest.approx(0.7599, abs=1e-4)
    most = int4_law(MOST_CORRELATED).spearman
    assert most == pytest.approx(0.7683, abs=1e-4)
    near = range(MOST_CORRELATED - 4, MOST_CORRELATED + 5)
    assert max(int4_law(group).spearman for group in (*near, *(2**power for power in range(1, 13)))) == most


@pytest.mark.parametrize("group", [1, 4097])
def test_another_group_is_refused(group: int) -> None:
    with pytest.raises(ValueError, match=rf"int4_law: group is {group}, expected 2 to 4096"):
        int4_law(group)
