"""A rung in the canonical parametrisation, from weights to artefacts: how the file is scaled decides nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from fixtures.planted.reparametrised import load_state, network_of, scaled_neurons, scaled_norms, write_state
from fixtures.testing.canonical_miniature import METRIC, norm_digests, write_canonical_miniature
from fixtures.testing.miniature import LAYERS, NAME
from reports.artefacts.decision_document import faults
from reports.base.errors import ExitCode

NORM = "model.layers.1.post_attention_layernorm.weight"


def documents(root: Path) -> list[Any]:
    return [json.loads(path.read_text("utf8")) for path in sorted((root / "reports" / "out").glob("*/decision.json"))]


def measured(root: Path) -> list[Any]:
    paths = sorted((root / "reports" / "out").glob("*/measurements/*/*/*.json"))
    return [json.loads(path.read_text("utf8")) for path in paths]


def test_the_same_network_scaled_otherwise_has_the_same_numbers(pytester: pytest.Pytester, elsewhere: None) -> None:
    """The sealed file, then another of the same network, as exploratory: other digests, every value the same."""
    write_canonical_miniature(pytester.path)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", NAME)
    assert result.ret == ExitCode.SURVIVED
    result.stdout.fnmatch_lines(
        [
            "measured  narrow_d[[]L00[]]*12/12 at or below 0.60*",
            f"specialist_narrower: narrower, {METRIC} of experts minus that*",
        ]
    )
    subject = pytester.path / "subject"
    network, generator = network_of(subject), torch.Generator().manual_seed(2)
    state = scaled_norms(scaled_neurons(load_state(subject), network, 5, generator), network, 5, generator)
    scaled = write_state(state, subject, pytester.path / "scaled")
    dense = pytester.path / "dense"
    again = pytester.runpytest_inprocess("hypotheses", "--prereg", NAME, "--model=scaled", f"--dense-model={dense}")
    assert again.ret == ExitCode.SURVIVED
    one, other = documents(pytester.path)
    assert {one["subject"]["exploratory"], other["subject"]["exploratory"]} == {True, False}
    for digests in ("layer_sha256", "norm_sha256"):  # another file it is
        assert set(one["subject"][digests].values()).isdisjoint(other["subject"][digests].values())
    digests_of = {document["subject"]["exploratory"]: document["subject"]["norm_sha256"] for document in (one, other)}
    assert [list(digests_of[exploratory].values()) for exploratory in (False, True)] == [
        norm_digests(subject),
        norm_digests(scaled),
    ]
    assert list(faults(one)) == []
    assert {gate["rule"] for gate in one["gates"]} == {f"{METRIC} ≤ 0.6 for at least 70% of matrices"}
    assert one["gates"] == other["gates"]
    assert len(one["gates"]) == 2
    entries = [entry for entry in measured(pytester.path) if entry["kind"] == "claim"]
    assert len(entries) == 2 * LAYERS
    for layer in range(LAYERS):
        first, second = (entry for entry in entries if entry["layer"] == layer)
        assert first["samples"] == second["samples"]
        assert first["norm_sha256"] != second["norm_sha256"]


def test_a_norm_that_is_not_the_sealed_one_is_tampered(pytester: pytest.Pytester, elsewhere: None) -> None:
    """Of the layers' own matrices no bit is another."""
    write_canonical_miniature(pytester.path)
    subject = pytester.path / "subject"
    state = load_state(subject)
    state[NORM] = state[NORM] * 2
    subject.rename(pytester.path / "sealed")
    write_state(state, pytester.path / "sealed", subject, shards=2)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", NAME)
    assert result.ret == ExitCode.TAMPERED
    result.stderr.fnmatch_lines(["*sha256 of the weight files is*was sealed*"])
