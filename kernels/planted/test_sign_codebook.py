"""A sign codebook: rows are its words, shared or not, at the energy that was asked for."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.closed_forms.haar_level import haar_level
from kernels.gauge.moments import one_bit_cosine
from kernels.planted.sign_codebook import sign_codebook


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, max_examples=25)
@given(words=st.integers(1, 6), rows=st.integers(1, 30), columns=st.integers(1, 12), seed=st.integers(0, 2**31))
def test_every_row_is_a_word_of_the_shared_book(words: int, rows: int, columns: int, seed: int) -> None:
    w = sign_codebook((3, rows, columns), words, 0.0, generator(seed), hidden=False)
    assert w.dtype == torch.float32
    assert torch.equal(w.abs(), torch.ones(w.shape))
    assert len(torch.unique(w.reshape(-1, columns), dim=0)) <= words
    assert torch.equal(w, sign_codebook((3, rows, columns), words, 0.0, generator(seed), hidden=False))


def test_matrices_share_a_book_or_have_their_own() -> None:
    together, apart = (sign_codebook((4, 64, 16), 2, 0.0, generator(1), shared=shared) for shared in (True, False))
    assert int(torch.linalg.matrix_rank(together.reshape(-1, 16))) == 2
    assert int(torch.linalg.matrix_rank(apart.reshape(-1, 16))) == 8
    assert torch.linalg.matrix_rank(apart).tolist() == [2] * 4


def test_hidden_it_is_at_the_haar_level_and_noise_has_its_share() -> None:
    w = sign_codebook((200, 64, 32), 64, 0.25, generator(2), shared=False)
    assert one_bit_cosine(w).square().mean().sqrt().item() == pytest.approx(haar_level(32), abs=0.003)
    assert w.double().square().mean().item() == pytest.approx(1.0, abs=0.01)
    clean = sign_codebook((200, 64, 32), 1, 0.0, generator(3), shared=False, hidden=False).double()
    noisy = sign_codebook((200, 64, 32), 1, 0.25, generator(3), shared=False, hidden=False).double()
    kept = (clean * noisy).mean().item() ** 2  # what the signal has of a mean square of 1
    assert kept == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(
    ("words", "noise", "said"),
    [
        (0, 0.0, "sign_codebook: 0 words, expected at least 1"),
        (1, 1.0, "sign_codebook: noise_energy is 1.0, expected 0 <= noise_energy < 1 [-]"),
    ],
)
def test_refused_input_is_named(words: int, noise: float, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        sign_codebook((2, 3), words, noise, generator(0))
