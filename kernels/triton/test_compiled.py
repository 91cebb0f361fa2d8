"""The kernels compile for a GPU where there is none: the interpreter accepts what the compiler would refuse.

In a process of its own, since kernels once defined for the interpreter are not compiled. Compute capability 9.0, the
blocks that are shipped.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kernels.triton import library_absent

pytestmark = pytest.mark.nightly  # the compiler is slow

Assembly = dict[str, str]  # "kernel, dtype" -> PTX


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    if (reason := library_absent()) is not None:
        pytest.skip(reason)
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path_factory.mktemp("compiled"))}
    environment.pop("TRITON_INTERPRET", None)
    run = subprocess.run(
        [sys.executable, "-m", "kernels.triton.test_compiled"],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: Assembly = json.loads(run.stdout)
    return found


def test_every_kernel_compiles(assembly: Assembly) -> None:
    assert sorted(assembly) == [
        "_gram, fp32",
        "_move rectified, fp32",
        "_move rectified, fp64",
        "_move, fp32",
        "_move, fp64",
        "_row_sums, fp32",
        "_row_sums, fp64",
        "_sign_rows, fp32",
        "_sign_rows, fp64",
    ]


def test_float32_is_neither_widened_nor_narrowed(assembly: Assembly) -> None:
    for name, code in assembly.items():
        operations = [line.split()[0] for line in code.splitlines() if line.startswith("\t") and line.split()]
        assert not [operation for operation in operations if "tf32" in operation], name
        wide = [operation for operation in operations if operation.startswith(("add", "mul", "fma", "sub", "div"))]
        assert any(".f64" in operation for operation in wide) <= name.endswith("fp64"), name
        assert any(".f32" in operation for operation in operations) <= name.endswith("fp32"), name
    assert "fma.rn.f32" in assembly["_gram, fp32"]


def compiled(kernel: Any, dtype: str, constants: Mapping[str, object]) -> str:
    """The PTX of `kernel` for pointers to `dtype`, with the scalars that it declares and its constants."""
    import triton

    types = {name: "constexpr" if name in constants else f"*{dtype}" for name in kernel.arg_names}
    types |= {p.name: p.annotation_type for p in kernel.params if p.annotation_type}
    source = triton.compiler.ASTSource(
        kernel, types, {(kernel.arg_names.index(name),): value for name, value in constants.items()}
    )
    target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
    code: str = triton.compile(source, target=target, options={"enable_fp_fusion": True}).asm["ptx"]
    return code


def main() -> None:
    from kernels.triton import descent, passes, products

    found = {"_gram, fp32": compiled(products._gram, "fp32", {"tile": products.TILE, "depth": products.DEPTH})}
    moments = {"first_weight": 0.1, "second_decay": 0.999, "second_weight": 0.001, "epsilon": 1e-8}
    for dtype in ("fp32", "fp64"):
        found[f"_row_sums, {dtype}"] = compiled(passes._row_sums, dtype, {"block": passes.BLOCK})
        found[f"_sign_rows, {dtype}"] = compiled(passes._sign_rows, dtype, {"block": passes.BLOCK})
        for rectified in (True, False):
            constants = {**moments, "rectified": rectified, "tile": descent.TILE}
            found[f"_move{' rectified' if rectified else ''}, {dtype}"] = compiled(descent._move, dtype, constants)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
