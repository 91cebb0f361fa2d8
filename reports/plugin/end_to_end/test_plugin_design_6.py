"""Design 6 whole, in miniature: true of a planted model, dead on noise, and a verdict about the network, not a file."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo  # the first optimiser loads it, and a run in this process must not load it again
import transformers.models.olmoe.modeling_olmoe  # noqa: F401 - nor this
from torch import Tensor

from fixtures.planted.reparametrised import (
    load_state,
    network_of,
    permuted_neurons,
    renumbered_experts,
    rotated_stream,
    scaled_neurons,
    scaled_norms,
    write_state,
)
from fixtures.testing.held_out_miniature import LAYERS, NAME, write_held_out_miniature
from reports.base.errors import ExitCode

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(pytester: pytest.Pytester, elsewhere: None) -> Run:
    """The exit code of a run, and what was decided."""

    def started(out: str, *arguments: str) -> tuple[int, Any]:
        result = pytester.runpytest_inprocess("hypotheses", f"--prereg={NAME}", f"--out={out}", *arguments)
        (path,) = (pytester.path / out).rglob("decision.json")
        return result.ret, json.loads(path.read_text("utf8"))

    return started


def statuses(document: Any) -> dict[str, str]:
    return {gate["claim"]: gate["status"] for gate in (*document["gates"], *document["after_kill"])}


@pytest.mark.parametrize(
    ("weights", "code", "status"),
    [("shared_codebook", ExitCode.SURVIVED, "MET"), ("gaussian", ExitCode.KILLED, "KILLED")],
)
def test_it_survives_where_every_expert_shares_its_structure_and_dies_on_noise(
    pytester: pytest.Pytester, run: Run, weights: Any, code: int, status: str
) -> None:
    write_held_out_miniature(pytester.path, weights, whole=True)
    ended, document = run("one")
    assert ended == code
    assert statuses(document) == dict.fromkeys(("narrow_d", "beta_lift", "one_bit_nll"), status)
    assert all(row["sound"] for row in (*document["controls"], *document["traps"]))
    assert (document["missing"], document["not_measured"]) == ([], [])


Rewrite = Callable[..., dict[str, Tensor]]
SCALED: dict[str, Rewrite] = {"neurons": partial(scaled_neurons, span=5), "norms": partial(scaled_norms, span=5)}
OTHERWISE: dict[str, Rewrite] = {
    "permuted": permuted_neurons,
    "renumbered": renumbered_experts,
    "rotated": rotated_stream,
}
WITHIN = {"narrow_d": 0.05, "beta_lift": 0.01, "one_bit_nll": 0.01}  # as the miniature registers it


def rewritten(subject: Path, rewrite: Rewrite, to: Path) -> Path:
    state = rewrite(load_state(subject), network_of(subject), generator=torch.Generator().manual_seed(3))
    return write_state({name: tensor.float() for name, tensor in state.items()}, subject, to)


@pytest.mark.nightly
@pytest.mark.parametrize("name", [*SCALED, *OTHERWISE])
def test_the_network_written_otherwise_has_the_same_verdict(pytester: pytest.Pytester, run: Run, name: str) -> None:
    """Scales by powers of two move no number by more than 1e-9; numbers, signs and bases none beyond its tolerance."""
    write_held_out_miniature(pytester.path, whole=True)
    subject = pytester.path / "subject"
    rewritten(subject, {**SCALED, **OTHERWISE}[name], pytester.path / "anew")
    ended, here = run("one")
    again, there = run("other", "--model=anew", f"--prompts={subject / 'prompts.jsonl'}")
    assert (ended, again) == (ExitCode.SURVIVED, ExitCode.SURVIVED)
    assert set(here["subject"]["layer_sha256"].values()).isdisjoint(there["subject"]["layer_sha256"].values())
    assert statuses(there) == statuses(here)
    for before, after in zip(here["gates"], there["gates"], strict=True):
        within = 1e-9 if name in SCALED else WITHIN[before["claim"]]
        layers = [[row["observed"] for row in gate["by_layer"]] for gate in (before, after)]
        assert len(layers[0]) == (1 if before["claim"] == "one_bit_nll" else LAYERS)
        assert sorted(layers[1]) == pytest.approx(sorted(layers[0]), abs=within)
        assert after["observed"] == pytest.approx(before["observed"], abs=within)
