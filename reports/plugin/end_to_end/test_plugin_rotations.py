"""Designs 4 and 5 from weights to verdict in miniature: planted experts, a structureless twin, broken instruments."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo  # the first optimiser loads it, and a run in this process must not load it again
from torch import Tensor

from fixtures.testing.miniature import artefact, measured
from fixtures.testing.rotation_miniature import LAYERS
from kernels.descent.learned import Learned
from kernels.descent.sheared import sheared
from reports.base.errors import ExitCode
from reports.published.rejudge import rejudge
from reports.store.store import decode_entry
from reports.testing.test_schemas import validator

NO_PROBE = ("-k", "not radam_convergence")
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def turn(pytester: pytest.Pytester, write_rung: Any, elsewhere: None) -> Run:
    """`turn(4, "-x", weights="gaussian")` writes that design's miniature on first use and runs the study on it."""

    def run(design: int, *arguments: str, **miniature: Any) -> pytest.RunResult:
        if not (pytester.path / "hypotheses").exists():
            write_rung(design, **miniature)
        return pytester.runpytest_inprocess("hypotheses", "--prereg", f"E-turn-v{design}", *arguments)

    return run


def decision(pytester: pytest.Pytester, design: int) -> Any:
    return artefact(pytester.path, "decision.json", f"E-turn-v{design}")


def statuses(document: Any) -> dict[str, str]:
    return {f"{gate['claim']}@{gate['checkpoint']}": gate["status"] for gate in document["gates"]}


@pytest.mark.parametrize("design", [4, pytest.param(5, marks=pytest.mark.nightly)])
def test_a_planted_model_survives_the_whole_rung(finished_rung: Any, pytester: pytest.Pytester, design: int) -> None:
    result = finished_rung(design)
    assert result.ret == ExitCode.SURVIVED
    document = decision(pytester, design)
    assert document["verdict"] == "SURVIVED"
    gates = ("narrow_d@2", "beta_lift@2", "narrow_d@3", "beta_lift@3", "one_bit_nll@3")
    assert statuses(document) == dict.fromkeys(gates, "MET")
    assert (document["missing"], document["not_measured"]) == ([], [])
    assert all(row["sound"] for row in (*document["controls"], *document["traps"]))
    gate = document["gates"][-2]
    factors = gate["decomposition"]
    assert factors["lift"] == pytest.approx(factors["random"] * factors["noise_fit"] * factors["structure"], rel=2e-9)
    assert [row["layer"] for row in factors["by_layer"]] == list(range(LAYERS))
    assert (gate["tau"] is None) if design == 5 else len(gate["tau"]["draws"]) == 3  # τ is in units of lift
    (probe,) = document["probes"]
    assert probe["conclusion"] == ("structure found" if design == 5 else "no structure beyond noise")
    validator("decision").validate(document)
    validator("trap_results").validate(artefact(pytester.path, "trap_results.json", f"E-turn-v{design}"))
    page = (pytester.path / "reports" / "out" / f"E-turn-v{design}" / "postmortem.md").read_text()
    for heading in ("What the lift is made of", "Search or structure", "At one bit per weight", "Traps"):
        assert f"## {heading}\n" in page
    result.stdout.fnmatch_lines(["*lift * = random * × noise fit * × structure *"])


def test_it_survives_where_every_registered_claim_is_met(turn: Run, pytester: pytest.Pytester) -> None:
    assert turn(4, *NO_PROBE).ret == ExitCode.SURVIVED
    document = decision(pytester, 4)
    assert (document["verdict"], document["probes"]) == ("SURVIVED", [])
    assert document["not_measured"] == [f"radam_convergence[L0{layer}]" for layer in range(LAYERS)]  # and no more


@pytest.mark.parametrize("one_bit", [False, pytest.param(True, marks=pytest.mark.nightly)], ids=["lift", "one_bit"])
@pytest.mark.parametrize("design", [4, 5])
def test_their_structureless_twin_is_killed(turn: Run, pytester: pytest.Pytester, design: int, one_bit: bool) -> None:
    assert turn(design, *NO_PROBE, weights="gaussian", one_bit=one_bit).ret == ExitCode.KILLED
    document = decision(pytester, design)
    assert document["trigger"] == "narrow-d threshold unmet at 2-layer checkpoint"
    assert [gate["status"] for gate in document["after_kill"]] == ["KILLED"] * (4 if one_bit else 3)
    lifts = [gate for gate in document["after_kill"] if gate["claim"] == "beta_lift"]
    assert all(abs(gate["decomposition"]["structure"] - 1.0) < 0.01 for gate in lifts)


def test_a_dead_lift_stops_the_run_where_it_died(turn: Run, write_rung: Any, pytester: pytest.Pytester) -> None:
    path = write_rung(4)
    path.write_text(path.read_text().replace("at_least = 1.5\n", "at_least = 1.62\n"))  # planted experts reach 1.60
    for sidecar in path.parent.glob("*.json*"):
        sidecar.unlink()
    from reports.seals.seal import seal

    seal(path, what="a stricter rule", why="for a test", results_seen=True, date="2026-01-01")
    assert turn(4, "-x").ret == ExitCode.KILLED
    assert decision(pytester, 4)["trigger"] == "β-lift threshold unmet at 2-layer checkpoint"
    assert {name for name in measured(pytester.path) if name.endswith("L02") or name.startswith("probe")} == set()


@pytest.mark.parametrize("design", [4, pytest.param(5, marks=pytest.mark.nightly)])
def test_a_guard_that_does_not_notice_a_sheared_rotation(turn: Run, pytester: pytest.Pytester, design: int) -> None:
    assert turn(design, *NO_PROBE, sheared=0.0).ret == ExitCode.INCONCLUSIVE
    document = decision(pytester, design)
    assert document["verdict"] == "INCONCLUSIVE"
    assert statuses(document)["beta_lift@2"] == "INCONCLUSIVE"
    assert statuses(document)["narrow_d@3"] == "MET"
    (unsound,) = [row for row in document["controls"] if not row["sound"]]
    assert (unsound["name"], unsound["obtained"]) == ("sheared_beta_lift", "KILLED")


def test_rotations_that_are_none_decide_nothing(
    turn: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fixtures.rotating.learning

    sound = fixtures.rotating.learning.optimiser

    def broken(settings: Any) -> Callable[[Tensor, Tensor], Learned]:
        search = sound(settings)
        return lambda w, start: sheared(w, search(w, start), 0.01)

    monkeypatch.setattr(fixtures.rotating.learning, "optimiser", broken)
    result = turn(4, *NO_PROBE)
    assert result.ret == ExitCode.INCONCLUSIVE
    gate = next(gate for gate in decision(pytester, 4)["gates"] if gate["claim"] == "beta_lift")
    assert gate["status"] == "INCONCLUSIVE"
    assert gate["broken"] == ["beta_lift[L00]", "beta_lift[L01]"]


def test_without_its_traps_a_lift_is_not_judged(turn: Run, pytester: pytest.Pytester) -> None:
    assert turn(4, "-k", "test_beta_lift or test_narrow_d").ret == ExitCode.INCOMPLETE
    document = decision(pytester, 4)
    assert statuses(document)["beta_lift@3"] == "NOT_RUN"
    assert "off_rotation[L02]" in document["missing"]


@pytest.mark.parametrize("arguments", [("-n2",), pytest.param(("-n0", "-x"), marks=pytest.mark.nightly)], ids=" ".join)
def test_one_core_whatever_ran_it(
    turn: Run, finished_rung: Any, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    finished_rung(4)
    core = decision(pytester, 4)["core_sha256"]
    turn(4, *NO_PROBE, *arguments, "--out", "again")
    assert json.loads((pytester.path / "again" / "E-turn-v4" / "decision.json").read_text())["core_sha256"] == core


def test_saved_rotations_belong_to_what_was_measured(turn: Run, pytester: pytest.Pytester) -> None:
    from fixtures.rotating.rotation_files import load_rotations

    turn(4, "-k", "test_beta_lift and L00", "--save-rotations")
    (path,) = (pytester.path / "reports" / "out" / "E-turn-v4").rglob("*.safetensors")
    saved = load_rotations(path, torch.device("cpu"))
    assert {name: tuple(rotation.shape) for name, rotation in saved.rotations.items()} == {
        "gate_proj": (8, 64, 64), "up_proj": (8, 64, 64), "down_proj": (8, 32, 32),
    }  # fmt: skip


def test_no_line_of_a_cell_is_wider_than_a_terminal(turn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = turn(4, "-k", "L00 or control").outlines
    cells = [line for line in lines if line.startswith(("sound", "measured", " " * 10))]
    assert len(cells) > 10
    assert max(map(len, cells)) <= 80


def test_a_sample_is_the_registered_experts_and_a_subject_of_its_own(turn: Run, pytester: pytest.Pytester) -> None:
    """What it says of an expert is what the whole run says of it; its verdict is its own, exploratory, reproducible."""
    assert turn(4, *NO_PROBE, weights="gaussian").ret == ExitCode.KILLED
    whole = decision(pytester, 4)
    result = turn(4, "--sample", *NO_PROBE)
    assert result.ret == ExitCode.KILLED
    result.stdout.fnmatch_lines(["subject   mini (2 of 8 experts), 3 layers, EXPLORATORY: not the sealed subject"])
    (folder,) = (pytester.path / "reports" / "out").glob("E-turn-v4--mini-2-of-8-experts-*")
    document = json.loads((folder / "decision.json").read_text())
    assert document["subject"]["name"] == "mini (2 of 8 experts)"
    assert document["deviations"][0] == "exploratory: mini (2 of 8 experts), not the sealed subject, mini"
    assert document["gates"][0]["n"] * 4 == whole["gates"][0]["n"] == 3 * 8 * 2

    every, some = (
        entry(next(path.rglob("claim-beta_lift-L01.json"))) for path in (folder.parent / "E-turn-v4", folder)
    )
    for metric in ("beta", "lift"):
        chosen = [value for i, value in enumerate(every[metric]) if i % 8 in (0, 4)]
        assert some[metric].values == pytest.approx(chosen, abs=1e-6)
    assert some["null_fit"].values == pytest.approx(every["null_fit"].values, abs=1e-6)

    again = turn(4, "--sample", *NO_PROBE, "--reproduce", str(folder / "decision.json"))
    assert again.ret == ExitCode.SURVIVED
    assert turn(4, *NO_PROBE, "--reproduce", str(folder / "decision.json")).ret == ExitCode.MISMATCH
    assert rejudge(folder, pytester.path / "hypotheses" / "preregistrations").core_sha256 == document["core_sha256"]


def entry(path: Path) -> Any:
    """The samples of a stored measurement."""
    return decode_entry(path.read_bytes(), str(path)).measured.samples


def test_no_sample_where_a_layer_shares_its_rotations(turn: Run) -> None:
    result = turn(5, "--sample")
    assert result.ret == ExitCode.BAD_INPUT
    assert "one rotation is shared by all experts of a layer here" in result.stderr.str()


def test_a_sample_of_experts_is_no_model(turn: Run) -> None:
    result = turn(4, "--sample", "-k", "one_bit or trivial", one_bit=True)
    result.stdout.fnmatch_lines(["skipped   one_bit_nll[[]L00[]]*a sample of experts makes no model: leave"])


STARTS = """
from pathlib import Path

def pytest_collection_finish(session):
    order = [item.nodeid for item in session.items]
    Path(__file__).with_name("order").write_text("\\n".join(order))

def pytest_runtest_call(item):
    with open(Path(__file__).with_name("starts"), "a") as file:
        file.write(f"{item.nodeid}\\n")
"""


def test_workers_take_cells_one_by_one_in_registered_order(
    turn: Run, write_rung: Any, pytester: pytest.Pytester
) -> None:
    """No worker begins behind cells that wait for another, as with xdist's chunks: of four, of these 32 cells."""
    write_rung(4, weights="gaussian", one_bit=True)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + STARTS)
    assert turn(4, "-n2", "-x").ret == ExitCode.KILLED
    order = (pytester.path / "order").read_text().splitlines()
    started = (pytester.path / "starts").read_text().splitlines()
    ahead = [order.index(nodeid) - rank for rank, nodeid in enumerate(started)]
    assert len(order) // 2 // 4 == 4
    assert max(ahead) <= 2  # each of two workers has one cell waiting behind the one that it runs
