"""The null with given row and column norms: it has them, and nothing else of the matrix."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.nulls import norms
from kernels.nulls.norms import norms_null


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(2, 20), columns=st.integers(2, 20), seed=st.integers(0, 2**32), power=st.integers(-300, 300))
def test_row_and_column_norms_are_kept(rows: int, columns: int, seed: int, power: int) -> None:
    generator = seeded(seed)
    w = torch.randn(2, rows, columns, dtype=torch.float64, generator=generator)
    w *= torch.randn(2, rows, 1, dtype=torch.float64, generator=generator).exp() * 2.0**power
    w[0, 0], w[1, :, 1] = 0.0, 0.0
    null = norms_null(w, generator)
    for dim in (-1, -2):
        torch.testing.assert_close(null.norm(dim=dim), w.norm(dim=dim), rtol=1e-8, atol=0)
    assert not torch.equal(null, w)


def test_a_rank_is_not_kept_and_draws_are_their_own() -> None:
    w = torch.outer(torch.arange(1.0, 9.0), torch.arange(1.0, 17.0))
    null = norms_null(w, seeded(1))
    assert null.dtype == torch.float32
    assert int(torch.linalg.matrix_rank(null)) == 8
    assert torch.equal(null, norms_null(w, seeded(1)))
    assert not torch.equal(null, norms_null(w, seeded(2)))
    assert not bool(norms_null(w * 0, seeded(1)).any())


def test_norms_that_are_not_met_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    w = torch.diag(torch.tensor([1.0, 10.0, 1e9], dtype=torch.float64))
    assert bool(norms_null(w, seeded(0)).isfinite().all())
    monkeypatch.setattr(norms, "MOST_STEPS", 1)
    message = (
        "norms_null: row norms are not met after 1 steps, 2 of 3 rows are off by more than 1e-9; pass another seed"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        norms_null(w, seeded(0))
    with pytest.raises(ValueError, match=re.escape("norms_null: a matrix has max|w| = nan, expected below 2^400")):
        norms_null(w * torch.nan, seeded(0))
