"""The README says what is so: commands, options, exit codes, files, and the verdict that is committed."""

import argparse
import json
import re
from pathlib import Path

import pytest

from fixtures.__main__ import parser as fixtures_parser
from reports.base.errors import ExitCode
from reports.commands.cli import parser
from reports.plugin.early import add_options

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf8")
CLAIMS = (ROOT / "hypotheses" / "README.md").read_text("utf8")  # what each claim measures, with its numbers


def options() -> set[str]:
    """The study's options, as pytest is told of them."""
    found: list[str] = []

    class Group:
        def addoption(self, *names: str, **_: object) -> None:
            found.extend(names)

    class Parser:
        def getgroup(self, *_: str) -> Group:
            return Group()

    add_options(Parser())  # type: ignore[arg-type]
    return set(found)


@pytest.mark.parametrize("name", ["study", "tests"])
def test_each_command_stands_alone(name: str) -> None:
    """`.ci/run` reads it by this comment; it sets up all that it needs."""
    (block,) = re.findall(rf"<!-- command: {name} -->\n```bash\n(.+?)\n```", README, re.S)
    assert block.startswith("python3 -m venv .venv && .venv/bin/pip install")
    commands = {"study": "hypotheses/ -x", "tests": "-n 2 --dist worksteal"}
    assert block.rstrip().endswith(f"&& .venv/bin/pytest {commands[name]}")


def test_every_option_is_named() -> None:
    (usage,) = re.findall(r"```\n(pytest hypotheses/ \[-x\].+?)```", README, re.S)
    assert options() == set(re.findall(r"--[a-z][a-z-]*", usage.partition("python -m reports")[0]))


def test_every_command_of_reports_is_named() -> None:
    (line,) = re.findall(r"^python -m reports +(lint \| .+)$", README, re.M)
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert set(line.split(" | ")) == set(commands.choices)


def test_every_command_of_fixtures_is_named() -> None:
    lines = re.findall(r"^python -m fixtures (.+)$", README, re.M)
    (commands,) = (action for action in fixtures_parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert {part.split()[0] for line in lines for part in line.split(" | ")} == set(commands.choices)


def test_every_exit_code_is_listed() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.M)}
    assert codes == {int(code) for code in ExitCode}


@pytest.mark.parametrize("folder", ["", "fixtures", "reports"])
def test_the_tree_is_true(folder: str) -> None:
    page = (ROOT / folder / "README.md").read_text("utf8")
    (tree,) = re.findall(r"## Files\n\n[^`]*```\n(.+?)```", page, re.S)
    around: list[str] = []  # the folders that a line is indented under
    for line in tree.splitlines():
        name, depth = line.split()[0], (len(line) - len(line.lstrip())) // 2
        if depth >= 10:
            continue  # a phrase that goes on
        around[depth:] = [name]
        path = (ROOT / folder).joinpath(*around)
        assert path.exists(), f"{path.relative_to(ROOT)} is in the page's tree and nowhere else"


def test_the_committed_verdict_is_the_one_told() -> None:
    path = ROOT / "reports" / "verdicts" / "E-ffn-rotation-v4-olmoe_nano" / "decision.json"
    decision = json.loads(path.read_text())
    assert f"**{decision['verdict']}**" in README
    assert str(decision["trigger"]) in README
    assert decision["outcome_sha256"][:12] in README


@pytest.mark.parametrize("design", [4, 5])
def test_the_decomposition_is_the_committed_one(design: int) -> None:
    path = ROOT / "reports" / "verdicts" / f"E-ffn-rotation-v{design}-olmoe_nano" / "decision.json"
    decision = json.loads(path.read_text())
    (gate,) = (
        gate
        for gate in (*decision["gates"], *decision["after_kill"])
        if (gate["claim"], gate["checkpoint"]) == ("beta_lift", 16)
    )
    factors = gate["decomposition"]
    low, high = factors["structure_interval"]
    cells = " | ".join(f"{factors[name]:.3f}" for name in ("lift", "random", "noise_fit", "structure"))
    assert f" | {cells} ({low:.3f} to {high:.3f}) |" in CLAIMS
    assert decision["trigger"] in " ".join((README + CLAIMS).split())


def test_what_was_found_on_weights_that_others_trained_is_told_with_its_numbers() -> None:
    page, gates = " ".join(CLAIMS.split()), {}
    for design in (4, 6):
        path = ROOT / "reports" / "verdicts" / f"E-ffn-rotation-v{design}-minilm" / "decision.json"
        decision = json.loads(path.read_text())
        assert decision["verdict"] == "KILLED"
        every = {f"{row['claim']}@{row['checkpoint']}": row for row in (*decision["gates"], *decision["after_kill"])}
        gates[design] = every
    ranks, over, lift = gates[4]["narrow_d@6"], gates[6]["narrow_d@6"], gates[4]["beta_lift@6"]
    assert (ranks["n"], ranks["observed"], over["observed"]) == (12, 0.0, 0.0)
    assert f"(median {ranks['median']:.3f}, noise {ranks['reference']:.3f})" in page
    assert f"over drawn noise the ranks are {over['median']:.3f} in the median" in page
    factors = lift["decomposition"]
    low, high = factors["structure_interval"]
    assert (
        f"β by {factors['lift']:.3f} = random {factors['random']:.3f} × noise fit {factors['noise_fit']:.3f} × "
        f"structure {factors['structure']:.3f} ({low:.3f} to {high:.3f})"
    ) in page


def test_the_inflations_are_the_committed_ones() -> None:
    rows = dict(re.findall(r"^\| `(\w+)`[^|]* \| (.+%\) \| (?:.+%\)|none registered)) \|$", CLAIMS, re.M))
    told: dict[str, dict[int, str]] = {}
    for design in (4, 5):
        path = ROOT / "reports" / "verdicts" / f"E-ffn-rotation-v{design}-olmoe_nano" / "decision.json"
        for row in json.loads(path.read_text())["one_bit_damage"]["scopes"][-1]["variants"]:
            low, high = row["interval"]
            scatter = "" if row["scatter"] is None else f" ± {100 * row['scatter']:.1f}"
            cell = f"{row['inflation']:+.1%}{scatter} ({low:+.1%} to {high:+.1%})"
            told.setdefault(row["variant"], {})[design] = cell
    assert rows == {name: f"{cells[4]} | {cells.get(5, 'none registered')}" for name, cells in told.items()}


def test_what_design_6_found_is_told_with_its_numbers() -> None:
    folder = ROOT / "reports" / "verdicts" / "E-ffn-rotation-v6-olmoe_nano"
    decision = json.loads((folder / "decision.json").read_text())
    gates = {f"{row['claim']}@{row['checkpoint']}": row for row in (*decision["gates"], *decision["after_kill"])}
    page = " ".join(CLAIMS.split())
    first, full, lift = (gates[name] for name in ("narrow_d@4", "narrow_d@16", "beta_lift@16"))
    layers = [row["layer"] for row in first["by_layer"]]
    assert first["observed"] == 0.0
    assert f"none of the {first['n']} matrices of layers {', '.join(map(str, layers[:-1]))} and {layers[-1]}" in page
    assert f"{round(full['observed'] * full['n'])} of {full['n']} are over all layers" in page
    assert f"The held-out lift is {lift['observed']:.3f} where 1.05 is asked" in page
    (row,) = re.findall(
        r"^\| mean \| (.+) \|$", (folder / "postmortem.md").read_text("utf8").split("## Search")[0], re.M
    )
    held, learned, noise, *_ = row.split(" | ")
    assert held == f"{lift['observed']:.3f}"
    assert f"the same rotations reach {learned}, and on Gaussian stacks {noise}" in page
    assert f"lifts that half by {learned} and the other by {held}" in " ".join(README.split())
    above = {one["layer"]: f"{one['observed']:.3f}" for one in lift["by_layer"] if one["observed"] >= 1.05}
    assert f"Layers {' and '.join(map(str, above))} alone pass ({' and '.join(above.values())})" in page
    variants = {one["variant"]: one for one in decision["one_bit_damage"]["scopes"][-1]["variants"]}
    rows = dict(re.findall(r"^\| `(\w+)`[^|]* \| ([^|]+%\)) \|$", CLAIMS, re.M))
    for name, one in variants.items():
        low, high = one["interval"]
        assert rows.pop(name) == f"{one['inflation']:+.1%} ± {100 * one['scatter']:.1f} ({low:+.1%} to {high:+.1%})"
    assert rows == {}


def test_the_comparison_with_the_dense_twin_is_the_committed_one() -> None:
    path = ROOT / "reports" / "verdicts" / "E-ffn-rotation-v4-olmoe_nano" / "decision.json"
    (compared,) = json.loads(path.read_text())["secondaries"]
    low, high = compared["interval"]
    assert f"**{compared['conclusion']}**" in CLAIMS
    assert f"{compared['difference']:+.3f} [{low:+.3f}, {high:+.3f}]" in " ".join(CLAIMS.split())


PAGES = sorted(
    path for path in ROOT.rglob("README.md") if not {".venv", "out", "mutants", ".pytest_cache"} & set(path.parts)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf8")):
        name, _, part = target.partition("#")
        if name.startswith("http"):
            continue
        there = (page.parent / name) if name else page
        assert there.exists(), f"{target} of {page.relative_to(ROOT)}"
        if part:
            titles = re.findall(r"^#+ (.+)$", there.read_text("utf8"), re.M)
            assert part in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target


def test_it_can_be_read_at_one_sitting() -> None:
    assert README.count("\n") <= 200
