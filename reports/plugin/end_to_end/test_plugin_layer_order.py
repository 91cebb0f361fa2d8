"""A study whose layers are read in a drawn order, and killed early only at its cut-offs: one process, two, resumed."""

from pathlib import Path

import pytest

from fixtures.testing.miniature import LAYERS, NAME, artefact, write_miniature
from reports.base.errors import ExitCode
from reports.commands.cli import main
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import layer_order
from reports.seals.seal import amend

NEEDS = ("hypotheses", "--prereg", NAME)


def drawn(root: Path, weights: str) -> tuple[Path, tuple[int, ...]]:
    """The miniature with a drawn order and cut-offs, amended, and the order of its layers."""
    path = write_miniature(root, weights=weights)
    text = path.read_text("utf8").replace(
        f"checkpoints = [4, {LAYERS}]", "checkpoints = [2, 4, 6]\nfutility = [0.05, 0.5]"
    )
    path.write_text(f'layer_order = "drawn"\n{text}', "utf8")
    amend(path, what="a drawn order", why="for a test", results_seen=False, date="2026-01-02")
    return path, layer_order(load_preregistration(path), range(LAYERS))


def test_the_first_layers_of_the_order_are_read_and_the_kill_is_there(
    pytester: pytest.Pytester, elsewhere: None, capsys: pytest.CaptureFixture[str]
) -> None:
    path, order = drawn(pytester.path, "gaussian")
    assert order[:2] != (0, 1)
    stopped = pytester.runpytest_inprocess(*NEEDS, "-x")
    assert stopped.ret == ExitCode.KILLED
    first = artefact(pytester.path, "decision.json")
    assert first["trigger"] == "narrow-d threshold unmet at 2-layer checkpoint"
    assert first["gates"][0]["threshold"] == 0.05
    assert set(first["not_measured"]) == {f"narrow_d[L{layer:02d}]" for layer in order[2:]}
    assert [row["layer"] for row in first["gates"][0]["by_layer"]] == sorted(order[:2])

    resumed = pytester.runpytest_inprocess(*NEEDS)  # the rest runs, exploratory
    assert resumed.ret == ExitCode.KILLED
    whole = artefact(pytester.path, "decision.json")
    assert [gate["checkpoint"] for gate in whole["after_kill"]] == [4, 6]
    assert [gate["census"] for gate in whole["after_kill"]] == [False, True]
    assert first["core_sha256"] == whole["core_sha256"]

    run = pytester.path / "reports" / "out" / NAME
    capsys.readouterr()
    assert main(["decide", str(run)], path.parent) == ExitCode.KILLED
    assert main(["why", f"narrow_d[L{order[1]:02d}]", "--in", str(run)], path.parent) == ExitCode.SURVIVED
    assert "0.0000 ≤ 0.05" in capsys.readouterr().out


@pytest.mark.nightly
def test_two_processes_come_to_the_same_core(pytester: pytest.Pytester, elsewhere: None) -> None:
    drawn(pytester.path, "gaussian")
    assert pytester.runpytest_inprocess(*NEEDS).ret == ExitCode.KILLED
    assert pytester.runpytest_subprocess(*NEEDS, "-n2", "--out=two").ret == ExitCode.KILLED
    two = pytester.path / "two" / NAME / "decision.json"
    assert artefact(pytester.path, "decision.json")["core_sha256"] in two.read_text("utf8")


def test_a_claim_that_is_true_survives_every_look(pytester: pytest.Pytester, elsewhere: None) -> None:
    _, order = drawn(pytester.path, "low_rank")
    assert pytester.runpytest_inprocess(*NEEDS).ret == ExitCode.SURVIVED
    document = artefact(pytester.path, "decision.json")
    assert [(gate["checkpoint"], gate["status"], gate["threshold"]) for gate in document["gates"]] == [
        (2, "MET", 0.05), (4, "MET", 0.5), (6, "MET", 0.7),
    ]  # fmt: skip
    assert [row["layer"] for row in document["gates"][1]["by_layer"]] == sorted(order[:4])
