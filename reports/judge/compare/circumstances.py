"""What two runs were made with, and in what that differs: named beside every reproduction, no reason to refuse it."""

from collections.abc import Mapping
from typing import Any

# Differ between any two runs, or between a run and its reproduction, and change no number
UNTOLD = ("started", "ended", "subject_location", "options.reproduce", "options.report", "options.prereg")


def circumstances(obtained: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """One line for each setting that the environments of two decision documents do not share."""
    ours, theirs = _flat(obtained["environment"]), _flat(expected["environment"])
    return [
        f"{name}: {_shown(ours.get(name))} here, {_shown(theirs.get(name))} there"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name) and name not in UNTOLD
    ]


def _flat(environment: Mapping[str, Any]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in environment.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat


def _shown(value: object) -> str:
    text = "unknown" if value is None else str(value)
    return f"{text[:12]}…" if len(text) == 64 else text  # noqa: PLR2004 - a SHA-256
