"""mutmut over the files that decide (`[tool.mutmut]` in pyproject.toml): no mutant survives but those told here.

By hand, with a working folder `mutants/` that git ignores: `mutmut run`, then `mutmut results` and `mutmut show NAME`.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("fixtures", "hypotheses", "kernels", "reports", "pyproject.toml")
LEFT = shutil.ignore_patterns("__pycache__", "out", "*.safetensors")
MUTMUT = (sys.executable, "-c", "from mutmut.__main__ import cli; cli()")  # `-m mutmut` would load it twice
DEAD = {1, 3, 24, -24, 36, 152, 255}  # exit codes: pytest's own for a failure and an internal error, mutmut's timeouts
SHOWN = 20  # diffs in a failure

# function -> how many of its mutants do what it does, and why
SAME: Mapping[str, tuple[int, str]] = {
    "reports.judge.bootstrap.bootstrap_over_prompts": (3, "values are floats without a dtype; labels in capitals"),
    "reports.judge.bootstrap._by_source": (1, "a ratio of sums is the same where both have the other sign"),
    "reports.judge.gates._noise_meets": (1, "a rule on the whole model is judged before it comes there"),
    "reports.judge.gates.apply_rule": (1, "a draw moves by the tolerance in both directions, in either order"),
    "reports.judge.gates._closing_outcome": (4, "_meets reads neither metric nor draws of a closing rule"),
    "reports.judge.gates.paired_nll": (3, "zip is strict beside lengths that were checked where samples are made"),
    "reports.judge.gates.haar_draws": (3, "zip is strict beside a check of the lengths, which returns before"),
}


def function_of(mutant: str) -> str:
    """`judge.gates.x_judge_gate__mutmut_3` -> `judge.gates.judge_gate`; a method keeps its class."""
    module, _, name = mutant.partition("__mutmut_")[0].rpartition(".")
    return f"{module}.{name.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"


def unexpected(alive: list[str], same: Mapping[str, tuple[int, str]]) -> list[str]:
    """The survivors of each function that has more than it may."""
    functions = [function_of(mutant) for mutant in alive]
    return [
        mutant
        for mutant, function in zip(alive, functions, strict=True)
        if functions.count(function) > same.get(function, (0, ""))[0]
    ]


def survivors(folder: Path, files: list[str]) -> Iterator[str]:
    """The mutants of `files` that no test noticed, that no test reaches, or that were not tried."""
    for file in files:
        codes = json.loads((folder / "mutants" / f"{file}.meta").read_text("utf8"))["exit_code_by_key"]
        assert codes, f"{file}: mutmut made no mutant of it"
        yield from (mutant for mutant, code in codes.items() if code not in DEAD)


@pytest.mark.nightly
def test_no_mutant_survives_but_those_that_are_the_same_program(tmp_path: Path) -> None:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=LEFT)
        else:
            shutil.copy2(ROOT / name, tmp_path)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    def mutmut(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MUTMUT, *arguments],
            cwd=tmp_path,
            env=outside,
            capture_output=True,
            text=True,
            check=False,
            encoding="utf8",
        )

    done = mutmut("run", "--max-children=2")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    files = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["tool"]["mutmut"]["only_mutate"]
    alive = unexpected(list(survivors(tmp_path, files)), SAME)
    shown = [mutmut("show", mutant).stdout for mutant in alive[:SHOWN]]
    assert alive == [], "\n".join(["write the test that notices, or say in SAME why none can:", *alive, *shown])


def test_a_survivor_more_than_told_is_named() -> None:
    alive = ["judge.gates.x_judge_gate__mutmut_3", "judge.gates.xǁGateǁid__mutmut_1"]
    assert [function_of(mutant) for mutant in alive] == ["judge.gates.judge_gate", "judge.gates.Gate.id"]
    assert unexpected(alive, {}) == alive
    assert unexpected(alive, {"judge.gates.judge_gate": (1, "why")}) == alive[1:]
    assert (
        unexpected([*alive, "judge.gates.x_judge_gate__mutmut_4"], {"judge.gates.judge_gate": (1, "why")}) != alive[1:]
    )
