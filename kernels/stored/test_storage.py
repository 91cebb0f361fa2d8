"""A storage says what it is in one phrase, and how many scales a matrix has."""

import pytest

from kernels.stored.storage import MXFP4, WHOLE, Storage

BLOCKS = Storage("F8_E4M3", (128, 128), "F32")


@pytest.mark.parametrize(
    ("storage", "label", "said", "grid"),
    [
        (BLOCKS, "F8_E4M3[128x128,F32]", "FP8 (E4M3), an fp32 scale for each 128 × 128 block", (3, 2)),
        (Storage("F8_E4M3", (WHOLE, WHOLE), "F32"), "F8_E4M3[allxall,F32]",
         "FP8 (E4M3), an fp32 scale for each matrix", (1, 1)),
        (Storage("F8_E4M3", (1, WHOLE), "BF16"), "F8_E4M3[1xall,BF16]",
         "FP8 (E4M3), a bf16 scale for each row", (300, 1)),
        (Storage("F8_E4M3", (1, 32), "F8_E8M0"), "F8_E4M3[1x32,F8_E8M0]",
         "FP8 (E4M3), a power of two for each 1 × 32 block", (300, 8)),
        (MXFP4, "MXFP4[1x32,F8_E8M0]", "MXFP4, a power of two for each 32 values of a row", (300, 8)),
    ],
    ids=["blocks", "matrix", "row", "small blocks", "mxfp4"],
)  # fmt: skip
def test_what_a_storage_is(storage: Storage, label: str, said: str, grid: tuple[int, int]) -> None:
    assert (storage.label, str(storage), storage.grid((300, 256))) == (label, said, grid)
