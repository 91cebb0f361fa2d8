"""Where there is no CUDA device, the kernels run in Triton's interpreter, on CPU tensors; where there is one, compiled.

The switch, `TRITON_INTERPRET`, is read when a kernel is defined and again while it runs. It is set here for both, and
for nothing else: no other test of the process, nor a process that one starts, sees it. Other tests may have imported
triton before, without the switch: then its own kernels, such as `tl.sum`, are not interpreted, and those here use none.
"""

import importlib
from collections.abc import Iterator

import pytest
import torch

from kernels.operations import Operations
from kernels.triton import library_absent

CUDA = torch.cuda.is_available()
SMALL = {"passes.BLOCK": 16, "products.TILE": 16, "products.DEPTH": 16, "descent.TILE": 8}

if not CUDA and library_absent() is None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")
        importlib.import_module("kernels.triton.operations")


@pytest.fixture(scope="module", params=["interpreted", "cuda"])
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """Where the operands lie: "cpu" under the interpreter, else "cuda"."""
    if (reason := library_absent()) is not None:
        pytest.skip(reason)
    if request.param == "cuda" and not CUDA:
        pytest.skip("cuda-absent: torch sees no CUDA device to compile the kernels for; they are interpreted instead")
    if request.param == "interpreted" and CUDA:
        pytest.skip("cuda-present: the kernels are compiled; hide the device to have them interpreted")
    with pytest.MonkeyPatch.context() as patch:
        if not CUDA:
            patch.setenv("TRITON_INTERPRET", "1")
        yield torch.device("cuda" if CUDA else "cpu")


@pytest.fixture(scope="module", params=["small blocks", "shipped blocks"])
def operations(device: torch.device, request: pytest.FixtureRequest) -> Iterator[Operations]:
    """`TRITON`, with blocks so small that a small operand has several, and with those that it is shipped with."""
    from kernels.triton.operations import TRITON  # noqa: PLC0415  # not importable without the library

    with pytest.MonkeyPatch.context() as patch:
        if request.param == "small blocks":
            for name, size in SMALL.items():
                patch.setattr(f"kernels.triton.{name}", size)
        yield TRITON
