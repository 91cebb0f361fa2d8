"""One entry of a store, or one line of `measurements.jsonl.gz`: a measured cell, and the digest of the rest of it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reports.artefacts.forms import Count, Expected, Listed, Sha256, Table


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


Word = Annotated[str, AfterValidator(_printable), Expected("text on one line")]  # pages show it as it is
Numbers = Annotated[Listed[Annotated[float, Expected("a finite number")]], Expected("an array of finite numbers")]


class SamplesEntry(Table):
    """One metric of the cell, with what it takes to judge it and to show it."""

    values: Numbers
    """Along the axes, the last one fastest."""
    label: Word
    unit: Word
    axes: Listed[Word]
    counted: Word
    """What n counts where a rule pools the values."""
    noise: Numbers | None
    """What a structureless matrix of the same shape has, value by value."""
    least: Numbers | None
    """What every machine's value is at least, where that is certified."""
    most: Numbers | None
    made_of: Listed[Word]
    """The samples that a derived metric is made of."""


class UnsignedEntry(Table):
    """A measured cell."""

    kind: Literal["claim", "trap", "control", "probe", "secondary"]
    name: Word
    layer: Count | None
    of: Literal["layer", "model", "dense", "control"]
    """Whose tensors were measured."""
    tensors_sha256: Sha256
    norm_sha256: Sha256 | None = None
    """Of the norm that feeds the experts, where matrices are measured in the canonical parametrisation."""
    stored_as: Word | None = None
    """How the tensors are quantised, where they are."""
    axes: dict[Word, Listed[Word]]
    """What lies along each axis."""
    samples: dict[str, SamplesEntry]
    profiles: dict[str, Numbers]
    texts: dict[str, str]
    seconds: Annotated[float, Expected("a finite number")]
    """Wall time of reading, digesting and computing [s]."""


class MeasurementEntry(UnsignedEntry):
    """A measured cell, and the digest of the rest of the entry as canonical JSON (RFC 8785)."""

    entry_sha256: Annotated[Sha256, Field()]
