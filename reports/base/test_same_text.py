"""Two texts are the same but for the tenth digit of a number, and for nothing else."""

import pytest

from reports.base.same_text import first_departure


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("", ""),
        ("a\nb\n", "a\nb\n"),
        ('{"x": 0.3489583333}', '{"x": 0.3489583334}'),
        ('{"x": 1.0}', '{"x": 1.000000001}'),
        ('{"x": 0.9999999999}', '{"x": 1.0}'),
        ('{"x": 1234567.891}', '{"x": 1234567.892}'),
        ("residual 3.331e-16", "residual 2.220e-16"),
        ("residual 0.0", "residual 1e-17"),
        ("[-0.000, +0.000]", "[+0.000, -0.000]"),
    ],
)
def test_what_a_last_bit_can_move_is_the_same(ours: str, theirs: str) -> None:
    assert first_departure(ours, theirs) is None
    assert first_departure(theirs, ours) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "line"),
    [
        ("a", "b", 1),
        ("a\n", "a", 2),
        ("a\nb", "a\nc", 2),
        ("below 0.4 [-]", "below 0.5 [-]", 1),
        ("observed 0.348", "observed 0.349", 1),
        ('{"x": 0.3489583333}', '{"x": 0.3489584333}', 1),
        ('{"n": 192}', '{"n": 193}', 1),
        ('{"n": 1}', '{"n": 1.0}', 1),
        ('{"n": 1000000000001}', '{"n": 1000000000002}', 1),  # a count has no tenth digit that may move
        ("sha256 1e3f", "sha256 1e4f", 1),
        ("sha256 11e55", "sha256 11e56", 1),
        ("numpy 2.4.60000000001", "numpy 2.4.60000000002", 1),
        ("1e+9999999", "1e+9999998", 1),
        ("2026-11-27", "2026-11-28", 1),
    ],
)
def test_anything_else_is_another_text(ours: str, theirs: str, line: int) -> None:
    assert first_departure(ours, theirs) == line
    assert first_departure(theirs, ours) == line
