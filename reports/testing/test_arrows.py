"""Imports go one way: kernels know tensors, reports decide without them, fixtures join both, hypotheses only use."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"kernels", "fixtures", "reports", "hypotheses"}
MAY_IMPORT = {
    "kernels": {"kernels"},
    "reports": {"reports"},  # and kernels.closed_forms, which needs no torch
    "fixtures": {"fixtures", "kernels", "reports"},
    "hypotheses": {"reports"},
}
MUST_NOT_IMPORT = {
    "kernels": {"pytest", "transformers", "safetensors", "pathlib", "os"},
    "reports": {"torch", "transformers", "safetensors"},
    "fixtures": set(),
    "hypotheses": {"torch", "numpy", "os", "pathlib", "xdist", "transformers", "safetensors"},
}


def imported(source: str) -> set[str]:
    """The top-level names that `source` imports, at module level or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def sources(package: str) -> Iterator[Path]:
    for path in sorted((ROOT / package).rglob("*.py")):
        tests_or_tools = {"benchmarks", "training", "conftest.py"} & set(path.relative_to(ROOT).parts)
        if not tests_or_tools and (package == "hypotheses" or not path.name.startswith("test_")):
            yield path


def faults(package: str, source: str) -> set[str]:
    if package == "reports":
        source = re.sub(r"^from kernels\.closed_forms\.", "from reports.", source, flags=re.MULTILINE)
    names = imported(source)
    return ((names & OURS) - MAY_IMPORT[package]) | (names & MUST_NOT_IMPORT[package])


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_arrows(package: str) -> None:
    found = {path.relative_to(ROOT).as_posix(): faults(package, path.read_text()) for path in sources(package)}
    assert found
    assert {path: names for path, names in found.items() if names} == {}


def test_the_check_can_fail() -> None:
    assert faults("kernels", "from reports.store.store import Store\nimport pytest") == {"reports", "pytest"}
    assert faults("reports", "def late():\n    import torch.nn") == {"torch"}
    assert faults("reports", "from kernels.closed_forms.inflation import inflation") == set()
    assert faults("reports", "from kernels.rotations import rotate") == {"kernels"}
    assert faults("hypotheses", "from kernels.spectra.spectrum import spectrum") == {"kernels"}


def test_reports_loads_no_torch() -> None:
    """Nor what only a report needs: `pytest --help` must not wait for matplotlib."""
    relative = (path.relative_to(ROOT).with_suffix("") for path in sources("reports"))
    modules = sorted(".".join(path.parts) for path in relative if path.stem not in ("__init__", "__main__"))
    late = {"torch", "matplotlib", "jinja2", "playwright"}
    code = (
        f"import importlib, sys; [importlib.import_module(m) for m in {modules}]; assert not {late} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_top_level_is_as_given() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    allowed = {"conftest.py", "hypotheses", "fixtures", "kernels", "reports", "pyproject.toml", "README.md"}
    allowed |= {"CHANGELOG.md", "CITATION.cff", "constraints.txt", "LICENSE"}
    top = {name.partition("/")[0] for name in tracked}
    assert {name for name in top if not name.startswith(".")} <= allowed
