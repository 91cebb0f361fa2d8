"""INT4 in groups against a plain loop and numpy's rint; what is lost, and a check that sees other scales than these."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kernels.integer.int_groups import half_steps, int_groups, squared_error


def plain(w: np.ndarray, group: int) -> np.ndarray:
    """The definition, row by row and group by group, the rest of a row being a group."""
    rounded = np.zeros_like(w)
    for row, into in zip(w, rounded, strict=True):
        for first in range(0, len(row), group):
            part = row[first : first + group]
            step = np.abs(part).max() / 7
            if step > 0:
                into[first : first + group] = step * np.clip(np.rint(part / step), -7, 7)
    return rounded


def gaussian(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 40), st.integers(1, 50))
def test_it_is_the_plain_definition_at_any_width(seed: int, rows: int, width: int, group: int) -> None:
    w = gaussian(seed, rows, width)
    rounded = int_groups(w, group)
    assert np.array_equal(rounded.numpy(), plain(w.numpy(), group))
    lost = np.linalg.norm(w.numpy() - plain(w.numpy(), group)) ** 2 / np.linalg.norm(w.numpy()) ** 2
    assert float(squared_error(w, rounded)) == pytest.approx(float(lost), rel=1e-12, abs=1e-30)
    assert 0.0 <= float(half_steps(w, rounded, group)) <= 1.0


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(-20, 20))
def test_scaling_by_a_power_of_two_and_signs_do_nothing_to_what_is_lost(seed: int, group: int, power: int) -> None:
    w = gaussian(seed, 2, 3, 40)
    lost = squared_error(w, int_groups(w, group))
    other = -w * 2.0**power
    assert torch.equal(int_groups(other, group), -int_groups(w, group) * 2.0**power)
    assert torch.equal(squared_error(other, int_groups(other, group)), lost)


def test_halves_go_to_even_and_the_ends_are_7() -> None:
    row = torch.tensor([[7.0, 0.5, 1.5, 2.5, -0.5, -1.5, -7.0, 6.5]])
    assert int_groups(row, 8).tolist() == [[7.0, 0.0, 2.0, 2.0, 0.0, -2.0, -7.0, 6.0]]


def test_a_group_of_zeros_stays_and_the_rest_of_a_row_has_a_scale_of_its_own() -> None:
    row = torch.tensor([[0.0, 0.0, 14.0, 1.0, 0.25]])
    assert int_groups(row, 2).tolist() == [[0.0, 0.0, 14.0, 0.0, 0.25]]  # 1 is half of a step of 2: to even
    assert float(half_steps(row, int_groups(row, 2), 2)) == pytest.approx(1.0, abs=1e-8)


def test_bf16_is_widened_and_a_stack_is_each_matrix() -> None:
    w = gaussian(1, 2, 3, 4, 8).bfloat16()
    rounded = int_groups(w, 4)
    assert rounded.dtype == torch.float64
    assert torch.equal(rounded[1, 2], int_groups(w[1, 2].double(), 4))
    lost = squared_error(w, rounded)
    assert lost.shape == (2, 3)
    assert torch.equal(lost[1, 2], squared_error(w[1, 2], rounded[1, 2]))


def test_other_scales_are_seen() -> None:
    w = gaussian(2, 64, 128)
    assert float(half_steps(w, int_groups(w, 32), 32)) <= 1.0
    assert float(half_steps(w, int_groups(w, 128), 32)) > 1.5  # a scale for the row
    assert float(half_steps(w, int_groups(w, 32, scaled=0.9), 32)) == pytest.approx(1.4, abs=0.01)  # clipped
    assert float(half_steps(w, int_groups(w, 32, scaled=1.05), 32)) > 1.04
    changed = torch.zeros(2, 4)
    assert float(half_steps(changed, changed.double() + 1.0, 2)) == float("inf")


def test_all_zero_is_not_a_number_and_bad_input_is_refused() -> None:
    assert torch.isnan(squared_error(torch.zeros(2, 4), torch.zeros(2, 4)))
    for w, group in ((torch.ones(2, 4), 0), (torch.ones(4), 2), (torch.ones(2, 4, dtype=torch.int64), 2)):
        with pytest.raises(ValueError, match=r"int_groups: .* in groups of \d, expected floating"):
            int_groups(w, group)
