"""What a quantised storage is, by its values and by what shares a scale. Imports no torch."""

from dataclasses import dataclass
from typing import Literal

Values = Literal["F8_E4M3", "MXFP4"]
ScaleDtype = Literal["F32", "BF16", "F16", "F8_E8M0"]
WHOLE = 0  # in a block: the whole side
VALUES_PER_SCALE = 32  # of MXFP4


@dataclass(frozen=True)
class Storage:
    """How a matrix `(out, in)` is stored whose numbers need scales: two of equal `Storage` are quantised alike."""

    values: Values
    block: tuple[int, int]  # rows and columns that share a scale; `WHOLE` where it is the whole side
    scales: ScaleDtype

    @property
    def label(self) -> str:
        """`F8_E4M3[128x128,F32]`: where a plain matrix has its dtype, as in the lines of a layer's digest."""
        rows, columns = (side or "all" for side in self.block)
        return f"{self.values}[{rows}x{columns},{self.scales}]"

    def __str__(self) -> str:
        if self.values == "MXFP4":
            return f"MXFP4, a power of two for each {VALUES_PER_SCALE} values of a row"
        return f"FP8 (E4M3), {_SCALE[self.scales]} for each {self._shared}"

    @property
    def _shared(self) -> str:
        if self.block == (WHOLE, WHOLE):
            return "matrix"
        if self.block == (1, WHOLE):
            return "row"
        return "{} × {} block".format(*(side or "whole" for side in self.block))

    def grid(self, shape: tuple[int, int]) -> tuple[int, int]:
        """How many scales a matrix of `shape` has along `out` and `in`; blocks at the end may be cut short."""
        rows, columns = (1 if side == WHOLE else -(-of // side) for side, of in zip(self.block, shape, strict=True))
        return rows, columns


MXFP4 = Storage("MXFP4", (1, VALUES_PER_SCALE), "F8_E8M0")
_SCALE = {"F32": "an fp32 scale", "BF16": "a bf16 scale", "F16": "an fp16 scale", "F8_E8M0": "a power of two"}
