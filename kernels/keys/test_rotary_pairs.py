"""Turning is transformers' own, in each of its three ways; turning back undoes it."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.cohere.modeling_cohere import apply_rotary_pos_emb as cohere
from transformers.models.glm.modeling_glm import apply_rotary_pos_emb as glm
from transformers.models.olmoe.modeling_olmoe import apply_rotary_pos_emb as olmoe

from kernels.keys.rotary_pairs import LAYOUTS, pair_squares, turned, unturned

WIDTH, TOKENS = 8, 5


def handed_over(repeated: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines `(1, t, n)`, float64, as a model hands them over."""
    angles = torch.arange(TOKENS).double()[:, None] / 10.0 ** torch.arange(WIDTH // 2)
    both = angles.repeat_interleave(2, -1) if repeated else torch.cat([angles, angles], -1)
    return both.cos()[None], both.sin()[None]


def some_keys(seed: int = 0) -> torch.Tensor:
    """`(1, heads, t, n)`."""
    return torch.randn(1, 2, TOKENS, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("name", "theirs"), [("halves", olmoe), ("interleaved", cohere), ("interleaved halves", glm)])
def test_turning_is_what_transformers_does(name: str, theirs: Callable[..., tuple[torch.Tensor, ...]]) -> None:
    layout, keys = LAYOUTS[name], some_keys()
    cos, sin = handed_over(layout.repeated)
    _, expected = theirs(keys.float(), keys.float(), cos.float(), sin.float())

    found = turned(keys, layout.of_pairs(cos), layout.of_pairs(sin), layout)

    torch.testing.assert_close(found.float(), expected, rtol=0.0, atol=1e-6)
    for other in LAYOUTS.values():
        if other is not layout:
            wrong = turned(keys, other.of_pairs(cos), other.of_pairs(sin), other)
            assert float((wrong.float() - expected).abs().max()) > 0.1, other.name


@given(st.sampled_from(sorted(LAYOUTS)), st.integers(0, 2**32), st.floats(0.5, 2.0))
def test_turning_back_undoes_it_also_where_cosines_are_scaled(name: str, seed: int, scale: float) -> None:
    layout, keys = LAYOUTS[name], some_keys(seed)
    cos, sin = (scale * layout.of_pairs(angles) for angles in handed_over(layout.repeated))

    torch.testing.assert_close(unturned(turned(keys, cos, sin, layout), cos, sin, layout), keys, rtol=1e-12, atol=1e-12)


@given(st.sampled_from(sorted(LAYOUTS)), st.integers(0, 2**32))
def test_turning_keeps_the_square_of_each_pair(name: str, seed: int) -> None:
    layout, keys = LAYOUTS[name], some_keys(seed)
    cos, sin = (layout.of_pairs(angles) for angles in handed_over(layout.repeated))

    torch.testing.assert_close(
        pair_squares(turned(keys, cos, sin, layout).square(), layout), pair_squares(keys.square(), layout)
    )


def test_each_coordinate_is_in_one_pair() -> None:
    for layout in LAYOUTS.values():
        first, second = layout.pairs(WIDTH)
        assert sorted([*first.tolist(), *second.tolist()]) == list(range(WIDTH))


def test_what_is_no_rotary_head_is_refused() -> None:
    layout = LAYOUTS["halves"]
    cos, sin = handed_over(repeated=False)
    with pytest.raises(ValueError, match=r"^rotary pairs: a head of width 7, expected an even number"):
        layout.pairs(7)
    with pytest.raises(ValueError, match=r"^rotary pairs: 8 cosines of 4 pairs, expected one each"):
        turned(some_keys(), cos, sin, layout)
    with pytest.raises(ValueError, match=r"^unturned: a cosine and a sine that are both 0"):
        unturned(some_keys(), layout.of_pairs(cos) * 0.0, layout.of_pairs(sin) * 0.0, layout)
