import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.spans import listed, spans


@pytest.mark.parametrize(
    ("numbers", "text"), [((), ""), ((3,), "3"), ((0, 1, 2, 3), "0-3"), ((7, 0, 2, 1, 8), "0-2, 7-8"), ((1, 3), "1, 3")]
)
def test_spans(numbers: tuple[int, ...], text: str) -> None:
    assert spans(numbers) == text


def test_each_number_is_written_in_its_form() -> None:
    assert spans({4, 5, 9}, "L{:02d}") == "L04-L05, L09"


@given(st.sets(st.integers(0, 40)))
def test_no_number_is_lost_or_added(numbers: set[int]) -> None:
    read: list[int] = []
    for part in spans(numbers).split(", ") if numbers else []:
        first, _, last = part.partition("-")
        read.extend(range(int(first), int(last or first) + 1))
    assert read == sorted(numbers)


@pytest.mark.parametrize(
    ("numbers", "text"), [((), "no"), ((16,), "16"), ((4, 16), "4 and 16"), ((4, 8, 16), "4, 8 and 16")]
)
def test_a_list_is_read_as_it_is_said(numbers: tuple[int, ...], text: str) -> None:
    assert listed(numbers) == text
