"""A house one can live in: a wing imports from wings below it, and no folder holds more than a person can look over."""

import ast
from collections.abc import Iterator, Mapping
from functools import partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# From the ground up. A file of a package itself is a wing of its own, and so is a folder within one that is named here;
# tests and what they share stand above all
WINGS: Mapping[str, tuple[str, ...]] = {
    "kernels": (
        "closed_forms", "coding", "batch", "rotations", "overlap", "canonical", "gauge", "spectra", "matching",
        "keys", "planted", "nulls", "stored", "descent", "searches", "integer", "benchmarks",
    ),
    "reports": (
        "base", "artefacts", "prereg", "prereg.parsing", "store", "seals", "judge", "judge.compare", "theorems",
        "pages", "pages.figures", "pages.report", "pages.beside", "published", "study", "plugin", "commands",
        "__main__",
    ),
    "fixtures": (
        "families", "checkpoints", "hub", "code_digest", "planted", "subjects", "models", "rotating", "comparing",
        "bench", "quantising", "keys", "measures", "plugin", "model_plugin", "inspecting", "__main__",
    ),
}  # fmt: skip
ABOVE_ALL = ("testing", "faults", "training", "conftest", "specimens")
FLOORS = 9  # of wings that rest on one another
MOST = 28  # entries of a folder, tests included


def wing(package: str, module: str) -> str | None:
    """The wing of `reports.judge.gates` is `judge`; None for another package's module and for the package itself."""
    parts = module.split(".")
    if parts[0] != package or len(parts) == 1:
        return None
    inner = ".".join(parts[1:3])
    return inner if inner in WINGS[package] else parts[1]


def wing_of(package: str, path: Path) -> str:
    """The wing of a file at `path`, relative to the package."""
    return wing(package, ".".join((package, *path.with_suffix("").parts))) or ""


def imported(source: str) -> Iterator[str]:
    """The modules that `source` imports, at module level or inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def upwards(package: str, path: Path, source: str) -> set[str]:
    """The wings above its own that a file at `path`, relative to the package, imports from."""
    order = WINGS[package]
    here = wing_of(package, path)
    wings = {wing(package, module) for module in imported(source)} - {None, here}
    return {str(one) for one in wings if one not in order or order.index(str(one)) > order.index(here)}


def sources(package: str) -> Iterator[Path]:
    for path in sorted((ROOT / package).rglob("*.py")):
        relative = path.relative_to(ROOT / package)
        words = {*relative.parts[:-1], relative.stem}
        if not (words & set(ABOVE_ALL) or relative.name.startswith("test_") or relative == Path("__init__.py")):
            yield relative


@pytest.mark.parametrize("package", WINGS)
def test_a_wing_imports_from_wings_below_it(package: str) -> None:
    found = {path: upwards(package, path, (ROOT / package / path).read_text("utf8")) for path in sources(package)}
    assert len(found) > 30
    assert {str(path): wings for path, wings in found.items() if wings} == {}


def test_an_arrow_that_runs_up_is_seen() -> None:
    gates = Path("judge/gates.py")
    assert upwards("reports", gates, "from reports.prereg.rules import Rule\nimport reports.base.errors") == set()
    assert upwards("reports", gates, "def late():\n    from reports.pages import why") == {"pages"}
    assert upwards("reports", gates, "import reports.testing.small_rules") == {"testing"}
    assert upwards("reports", Path("pages/why.py"), "from reports.pages.figures import axes") == {"pages.figures"}
    assert upwards("reports", Path("pages/figures/axes.py"), "from reports.pages.section import Section") == set()
    assert upwards("fixtures", Path("hub/remote.py"), "from fixtures.rotating.learning import Learning") == {"rotating"}


def floors(package: str) -> dict[str, int]:
    """How high each wing is above what it rests on: the longest chain of imports from it, in wings."""
    below: dict[str, set[str]] = {one: set() for one in WINGS[package]}
    for path in sources(package):
        here = wing_of(package, path)
        modules = imported((ROOT / package / path).read_text("utf8"))
        below[here] |= {one for one in map(partial(wing, package), modules) if one in below}
    height: dict[str, int] = {}
    for one in WINGS[package]:  # from the ground up
        height[one] = 1 + max((height[other] for other in below[one] - {one}), default=0)
    return height


@pytest.mark.parametrize("package", WINGS)
def test_no_number_passes_more_than_nine_floors(package: str) -> None:
    found = floors(package)
    del found[WINGS[package][-1]]  # `python -m`, two lines
    assert 3 < max(found.values()) <= FLOORS


def ring(files: Mapping[str, str]) -> list[str]:
    """Modules that import one another in a ring, what only a type checker reads included; `files`: source by name."""
    below = {name: {one for one in imported(source) for one in (one, one.rpartition(".")[0])} & files.keys() - {name}
             for name, source in files.items()}  # fmt: skip
    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_files_import_one_another_in_a_ring() -> None:
    files = {
        ".".join((package, *path.with_suffix("").parts)): (ROOT / package / path).read_text("utf8")
        for package in WINGS
        for path in sources(package)
    }
    assert len(files) > 250
    assert ring(files) == []
    assert ring({"a.one": "from a.two import Two", "a.two": "if X:\n    from a import one"}) != []
    assert ring({"a.one": "from a.two import Two", "a.two": "import a.three", "a.three": ""}) == []


def entries(folder: Path) -> int:
    """What is there but for what runs write."""
    return sum(entry.name not in ("__pycache__", "out") and entry.name[0] != "." for entry in folder.iterdir())


@pytest.mark.parametrize("package", WINGS)
def test_no_folder_is_crowded(package: str) -> None:
    folders = [path for path in (ROOT / package).rglob("*") if path.is_dir() and "__pycache__" not in path.parts]
    counts = {str(folder.relative_to(ROOT)): entries(folder) for folder in (ROOT / package, *folders)}
    kept = {name: count for name, count in counts.items() if not name.startswith(("reports/out", "reports/verdicts"))}
    assert {name: count for name, count in kept.items() if count > MOST} == {}


def test_a_file_is_found_by_its_name() -> None:
    """One name per file across the tree, but for what Python and pytest name."""
    names = [path.name for package in (*WINGS, "hypotheses") for path in (ROOT / package).rglob("*.py")]
    named = [name for name in names if name not in ("__init__.py", "__main__.py", "conftest.py")]
    assert len(named) > 400
    assert sorted({name for name in named if named.count(name) > 1}) == []
