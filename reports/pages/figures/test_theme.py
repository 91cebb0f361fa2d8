"""Colours that everybody can tell apart, on either page."""

import pytest

from reports.pages.figures.theme import COLOURS, PAGE, SERIES, css_variables, light


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2) [-]."""
    channels = [byte / 255 for byte in bytes.fromhex(colour[1:])]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("role", [role for role in COLOURS if role != "rule"])
@pytest.mark.parametrize("dark", [False, True])
def test_text_and_lines_stand_out(role: str, dark: bool) -> None:
    assert contrast(COLOURS[role][dark], PAGE[dark]) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_light_colours_are_unique() -> None:
    """They are what an inlined figure has replaced by variables."""
    colours = [light(role) for role in COLOURS] + [PAGE[0]]
    assert len(set(colours)) == len(colours)


def test_no_two_series_differ_by_colour_alone() -> None:
    assert len({marker for _, marker, _ in SERIES}) == len({line for _, _, line in SERIES}) == len(SERIES)


def test_variables_name_every_role() -> None:
    assert css_variables(dark=True).startswith(f"--page: {PAGE[1]}; --ink: {COLOURS['ink'][1]};")
    assert css_variables(dark=False).count("--") == len(COLOURS) + 1
