"""A whole run in the canonical parametrisation, sealed with its norms: the same for the same network written anew."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch

from fixtures.checkpoints.checkpoint import open_checkpoint
from fixtures.planted.reparametrised import load_state, network_of, scaled_neurons, scaled_norms, write_state
from fixtures.testing.miniature import LAYERS, artefact, write_miniature
from reports.artefacts.decision_document import faults
from reports.base.errors import ExitCode
from reports.seals.seal import seal

CANONICAL = "E-mini-v6"
MOVES = (partial(scaled_neurons, span=5), partial(scaled_norms, span=5))


def norms(folder: Path) -> list[str]:
    checkpoint = open_checkpoint(folder, norms=True)
    return [found[1] for layer in range(LAYERS) if (found := checkpoint.norm(layer)) is not None]


def canonical_rule(text: str, digests: list[str]) -> str:
    for old, new in (
        ("design = 4\n", 'design = 6\nparametrisation = "canonical"\n'),
        ("\n[interval]", "\n[null_draws]\ndraws = 101\nseed = 8\nnorm_experts = 2\n\n[interval]"),
        ("weights_sha256", f"norm_sha256 = {digests}\nweights_sha256"),
        ("share_below", "share_at_most"),
        ("below = 0.4", "at_most = 0.6"),
        ('metric = "energy_rank_95"', 'metric = "over_null_energy_rank_95"'),
        ("energy_rank_95 = 0.0", "over_null_energy_rank_95 = 0.0"),
        ("participation_ratio = 1e-9", "over_null_participation_ratio = 1e-9"),
        ('["participation_ratio"]', '["over_null_participation_ratio"]'),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def root(pytester: pytest.Pytester, elsewhere: None) -> Path:
    """A checkout with a sealed canonical rule."""
    path = write_miniature(pytester.path, "low_rank")
    rule = path.with_name(f"{CANONICAL}.toml")
    rule.write_text(canonical_rule(path.read_text("utf8"), norms(pytester.path / "subject")), "utf8")
    seal(rule, what="a canonical miniature", why="for a test", results_seen=False, date="2026-01-01")
    return pytester.path


def test_a_network_written_anew_is_measured_the_same(root: Path, pytester: pytest.Pytester) -> None:
    assert pytester.runpytest_inprocess("hypotheses", f"--prereg={CANONICAL}").ret == ExitCode.SURVIVED
    sealed = artefact(root, "decision.json", CANONICAL)
    assert list(faults(sealed)) == []
    assert list(sealed["subject"]["norm_sha256"].values()) == norms(root / "subject")
    folder, state = root / "subject", load_state(root / "subject")
    for seed, move in enumerate(MOVES):
        state = move(state, network_of(folder), generator=torch.Generator().manual_seed(seed))
    moved = write_state(state, folder, root / "anew")
    result = pytester.runpytest_inprocess("hypotheses", f"--prereg={CANONICAL}", "--model=anew", "--out=again")
    assert result.ret == ExitCode.SURVIVED
    (path,) = (root / "again").rglob("decision.json")
    anew = json.loads(path.read_text("utf8"))
    assert {gate["rule"] for gate in anew["gates"]} == {"over_null_energy_rank_95 ≤ 0.6 for at least 70% of matrices"}
    for part in ("verdict", "gates", "controls"):
        assert anew[part] == sealed[part]
    assert list(anew["subject"]["norm_sha256"].values()) == norms(moved)
    for digests in ("layer_sha256", "norm_sha256"):  # another file it is
        found = [set(one["subject"][digests].values()) for one in (anew, sealed)]
        assert not found[0] & found[1]
