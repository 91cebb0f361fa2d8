"""Preregistration, seal, store, decision, rendering. Nothing imports torch: a verdict can be re-judged on a laptop."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.published.loading import Loaded


def load(folder: str | Path) -> "Loaded":
    """A verdict for a notebook: what `decision.json` states, typed, and every number that was measured.

    `folder` is what a run wrote, or a published verdict, by its path or by its name under `reports/verdicts/`.

    >>> import reports
    >>> found = reports.load("W-exponent-entropy-v1-olmoe_nano")
    >>> found.verdict.verdict
    'SURVIVED'
    >>> [(gate.claim, gate.checkpoint, gate.status, gate.observed) for gate in found.verdict.gates]
    [('lossless_saving', 16, 'MET', 0.3404755238), ('common_exponents', 16, 'MET', 0.9998779297)]
    >>> row = found.measurements[0]
    >>> row.cell, row.metric, row.value, row.unit, row.at
    ('common_exponents[L00]', 'common_exponents', 1.0, '-', {'projection': 'gate_proj', 'expert': '0'})
    >>> rows = [row for row in found.measurements if row.cell == "lossless_saving[L03]"]
    >>> saved = [row.value for row in rows if row.metric == "lossless_saving"]
    >>> len(saved), round(min(saved), 4)
    (48, 0.3363)

    `found.measurements.to_pandas()` makes a table of it, with a column for each axis; pandas is needed for that alone.

    The files are held to their own digests, and not judged again: `python -m reports reproduce FOLDER/decision.json`
    does that. Raises `BadInput` where there is no such folder, or no decision.json of the schema that this version
    reads, and `Tampered` where a file was edited, or measurements and verdict are not of one run.
    """
    from reports.published.loading import load as loaded  # noqa: PLC0415 - pydantic, when it is asked for

    return loaded(folder)
