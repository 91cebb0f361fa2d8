import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.canonical import canonical_json, sha256_hex
from reports.errors import BadInput
from reports.parse import SIZE_LIMIT, load_preregistration, parse_preregistration, parse_table
from reports.preregistration import Interval, MeanAtLeast, MeanAtMost, Preregistration, ShareBelow
from reports.table import Table

SHIPPED = sorted((Path(__file__).parents[1] / "hypotheses" / "preregistrations").glob("*.toml"))
TEXT = next(path for path in SHIPPED if path.stem == "E-ffn-rotation-v4").read_text()
VALUES: dict[str, Any] = tomllib.loads(TEXT)
DIGEST = "0f" * 32


def parse(values: dict[str, Any]) -> Preregistration:
    return parse_table(Table("rule.toml", "", values))


def with_value(path: str, value: object) -> dict[str, Any]:
    """The shipped values with one replaced; `claims.0.below` is a path."""
    values = copy.deepcopy(VALUES)
    *parents, last = path.split(".")
    inner: Any = values
    for key in parents:
        inner = inner[int(key) if key.isdigit() else key]
    inner[int(last) if last.isdigit() else last] = value
    return values


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_preregistrations_hold_the_registered_rule(path: Path) -> None:
    prereg = load_preregistration(path)
    assert (prereg.rung, prereg.design, prereg.round) == ("E-ffn-rotation", 4, 1)
    assert prereg.claim("narrow_d").rule == ShareBelow("energy_rank_95", below=0.4, at_least=0.7)
    assert prereg.claim("beta_lift").rule == MeanAtLeast("lift", at_least=1.5)
    assert prereg.claim("one_bit_nll").rule == MeanAtMost("inflation", at_most=0.1)
    assert [claim.checkpoints for claim in prereg.claims] == [(4, 16), (4, 16), (16,)]
    assert len(prereg.claim("narrow_d").sensitivity) == 6
    assert prereg.interval == Interval(level=0.95, draws=10000, seed=2024110500)
    assert {control.name: control.expected for control in prereg.controls} == {
        **dict.fromkeys((f"planted_narrow_d_{dose}" for dose in (20, 30, 35)), "MET"),
        **dict.fromkeys((f"planted_narrow_d_{dose}" for dose in (45, 60)), "KILLED"),
        "null_narrow_d": "KILLED",
        "trivial_narrow_d_identity": "KILLED",
        "trivial_narrow_d_rank_one": "MET",
    }
    assert len({control.seed for control in prereg.controls}) == len(prereg.controls)


def test_digest_is_that_of_the_content_alone() -> None:
    spelled = TEXT.replace("below = 0.4", "below = 4e-1  # respelled")
    first, second = (parse_preregistration(text.encode(), "rule.toml") for text in (TEXT, spelled))
    assert first == second
    assert first.canonical_sha256 == sha256_hex(canonical_json(VALUES))
    edited = parse_preregistration(TEXT.replace("below = 0.4", "below = 0.5").encode(), "rule.toml")
    assert edited.canonical_sha256 != first.canonical_sha256


REFUSED = [
    ("rung", "E ffn", "rung: obtained the text 'E ffn', expected a name of letters, digits and -"),
    ("design", True, "design: obtained the boolean true, expected an integer from 1 to 999"),
    ("design", 4.0, "design: obtained 4.0, expected an integer from 1 to 999"),
    ("round", 0, "round: obtained 0, expected an integer from 1 to 999"),
    ("draft", 1, "draft: obtained 1, expected true or false"),
    ("title", " ", "title: obtained the text ' ', expected text of 1 to 10000 characters on one line"),
    ("title", "a\nb", "title: obtained the text 'a\\nb', expected text of 1 to 10000 characters on one line, without"),
    ("prediction", "bell\x07", "prediction: obtained the text 'bell\\x07', expected text of 1 to 10000 characters, wi"),
    ("subject", [], "subject: obtained an array, expected a table, written [subject]"),
    ("title", "x" * 10001, "title: obtained the text 'xxxx"),
    ("subject.source", 5, "subject.source: obtained 5, expected a hub id owner/name"),
    ("subject.layers", 0, "subject.layers: obtained 0, expected an integer from 1 to 1000"),
    ("subject.experts_per_token", 65, "subject.experts_per_token: obtained 65, expected an integer from 1 to 64"),
    ("subject.hidden_size", 10**300, "subject.hidden_size: obtained an integer beyond 2^53, expected an integer from"),
    ("subject.model_type", "OLMoE", "subject.model_type: obtained the text 'OLMoE', expected a name of a-z, 0-9 and _"),
    ("subject.source", "../x", "subject.source: obtained the text '../x', expected a hub id owner/name, to have a rev"),
    ("subject.config_sha256", DIGEST.upper(), "subject.config_sha256: obtained the text '0F0F"),
    ("subject.config_sha256", DIGEST[1:], "expected 64 lowercase hexadecimal digits (a SHA-256)"),
    ("subject.weights_sha256", 5, "subject.weights_sha256: obtained 5, expected 64 lowercase hexadecimal digits"),
    ("subject.layer_sha256", [DIGEST] * 15, "subject.layer_sha256: obtained 15 digests, expected 16, one for each lay"),
    ("subject.layer_sha256", [DIGEST] * 15 + ["x"], "subject.layer_sha256[15]: obtained the text 'x', expected 64 low"),
    ("subject.prompts", "fixtures/p.jsonl", "subject.prompts_sha256: missing, expected prompts and prompts_sha256 tog"),
    ("subject.prompts_sha256", DIGEST, "subject.prompts: missing, expected prompts and prompts_sha256 together"),
    ("subject.revision", "", "subject.revision: obtained the text '', expected a branch, tag or commit"),
    ("subject.revison", "main", "subject.revison: unknown key, expected one of name, source"),
    ("subject.revison", "main", "; did you mean 'revision'?"),
    ("interval.level", 1, "interval.level: obtained 1.0, expected a share between 0 and 1, both excluded"),
    ("interval.draws", 10, "interval.draws: obtained 10, expected an integer from 100 to 10000000"),
    ("interval.seed", -1, "interval.seed: obtained -1, expected an integer from 0 to 9007199254740991"),
    ("tolerances.lift", float("nan"), "tolerances.lift: obtained nan, expected a number from 0 to 1"),
    ("tolerances.lift", float("inf"), "tolerances.lift: obtained inf, expected a number from 0 to 1"),
    ("tolerances.loft", 0.1, "tolerances.loft: unknown key, expected one of energy_rank_95, "),
    ("claims", [], "claims: obtained an array, expected at least one claim"),
    ("claims", {}, "claims: obtained a table, expected an array"),
    ("claims.1", 3, "claims[1]: obtained 3, expected a table, written [claims[1]]"),
    ("claims.0.name", "Narrow", "claims[0].name: obtained the text 'Narrow', expected a name of a-z, 0-9 and _"),
    ("claims.1.name", "narrow_d", "claims[1].name: obtained the text 'narrow_d', expected a name that no other has"),
    ("claims.0.rule", "share_bellow", "claims[0].rule: obtained the text 'share_bellow', expected one of share_below,"),
    ("claims.0.rule", "share_bellow", "; did you mean 'share_below'?"),
    ("claims.0.rule", "mean_at_most", "claims[0].below: unknown key, expected one of name, label"),
    ("claims.0.metric", "energy_rank_96", "claims[0].metric: obtained the text 'energy_rank_96', expected one of ener"),
    ("claims.1.metric", "inflation", "claims[1].metric: obtained the text 'inflation', expected one of lift"),
    ("claims.0.below", 1.4, "claims[0].below: obtained 1.4, expected a number from 0 to 1"),
    ("claims.0.below", -0.1, "claims[0].below: obtained -0.1, expected a number from 0 to 1"),
    ("claims.0.below", "0.4", "claims[0].below: obtained the text '0.4', expected a number from 0 to 1"),
    ("claims.0.at_least", True, "claims[0].at_least: obtained the boolean true, expected a number from 0 to 1"),
    ("claims.1.at_least", 1e300, "claims[1].at_least: obtained 1e+300, expected a number from -1e+15 to 1e+15"),
    ("claims.0.at_most", 0.1, "claims[0].at_most: unknown key, expected one of name, label, statement, rule"),
    ("claims.0.checkpoints", [16, 4], "claims[0].checkpoints: obtained [16, 4], expected numbers of layers in ascendi"),
    ("claims.0.checkpoints", [4, 4], "claims[0].checkpoints: obtained [4, 4], expected numbers of layers in ascending"),
    ("claims.0.checkpoints", [], "claims[0].checkpoints: obtained [], expected numbers of layers in ascending order"),
    ("claims.0.checkpoints", [4, 17], "claims[0].checkpoints[1]: obtained 17, expected an integer from 1 to 16"),
    ("claims.0.checkpoints", [4, True], "claims[0].checkpoints[1]: obtained the boolean true, expected an integer"),
    ("claims.0.sensitivity", ["energy_rank_95"], "claims[0].sensitivity[0]: obtained the text 'energy_rank_95', expec"),
    ("claims.0.sensitivity", ["stable_rank"] * 2, "claims[0].sensitivity: obtained the text 'stable_rank', expected e"),
    ("controls.0.claim", "narrow", "controls[0].claim: obtained the text 'narrow', expected one of narrow_d, beta_lif"),
    ("controls.1.name", "planted_narrow_d_20", "controls[1].name: obtained the text 'planted_narrow_d_20', expected a"),
    ("controls.0.generator", "low_rank", "controls[0].generator: obtained the text 'low_rank', expected one of low_ra"),
    ("controls.0.expected", "SURVIVED", "controls[0].expected: obtained the text 'SURVIVED', expected one of MET, KIL"),
    ("controls.0.seed", -7, "controls[0].seed: obtained -7, expected an integer from 0 to"),
    ("controls.0.seed", 2**53, "controls[0].seed: obtained an integer beyond 2^53, expected an integer from 0"),
    ("controls.0.rank", 0, "controls[0].rank: obtained 0.0, expected a share of d above 0"),
    ("controls.0.rank", 1.01, "controls[0].rank: obtained 1.01, expected a number from 0 to 1"),
    ("controls.0.noise_energy", 1, "controls[0].noise_energy: obtained 1.0, expected a share of the energy below 1"),
    ("controls.5.rank", 0.2, "controls[5].rank: unknown key, expected one of name, claim, generator"),
    ("controls.0.tolerance", -0.1, "controls[0].tolerance: obtained -0.1, expected a number from 0"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_wrong_value_is_refused_by_name(path: str, value: object, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(with_value(path, value))
    assert str(caught.value).startswith("rule.toml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def every_key(values: object, path: str = "") -> list[str]:
    entries = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [found for key, inner in entries for found in (f"{path}{key}", *every_key(inner, f"{path}{key}."))]


REQUIRED = [key for key in every_key(VALUES) if not key.split(".")[-1].isdigit() and key != "subject.revision"]


@pytest.mark.parametrize("path", REQUIRED)
def test_missing_key_has_no_default(path: str) -> None:
    values = with_value(path, None)
    *parents, last = path.split(".")
    inner: Any = values
    for key in parents:
        inner = inner[int(key) if key.isdigit() else key]
    del inner[last]
    with pytest.raises(BadInput, match=rf"\b{last}: missing, expected |\b(level|tolerance): missing"):
        parse(values)


ESCAPES: list[object] = [
    5,
    "/etc/passwd",
    "../up",
    "a/../../b",
    "a/./b",
    "a//b",
    "a/",
    ".",
    "..",
    "a\\b",
    "C:x",
    "a\0b",
    "",
    "~/x y",
]


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("key", ["source", "prompts"])
def test_paths_stay_in_the_repository(key: str, name: object) -> None:
    values = with_value("subject.prompts_sha256", DIGEST)
    del values["subject"]["revision"]
    values["subject"] |= {"prompts": "fixtures/prompts.jsonl", key: name}
    with pytest.raises(BadInput, match=rf"subject\.{key}: obtained .*, expected a relative path inside the repository"):
        parse(values)


def test_embedded_subject_with_digests_is_read() -> None:
    values = with_value("subject.layer_sha256", [DIGEST] * 16)
    del values["subject"]["revision"]
    values["subject"] |= {"prompts": "fixtures/p.jsonl", "prompts_sha256": DIGEST, "weights_sha256": DIGEST}
    subject = parse(values).subject
    assert (subject.revision, subject.layer_sha256, subject.prompts) == (None, (DIGEST,) * 16, "fixtures/p.jsonl")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: text.replace("design = 4", "design = 4\ndesign = 4"), "Cannot overwrite a value"),
        (lambda text: text.replace("design = 4", "design = "), "not valid TOML (Invalid value"),
        (lambda text: "x = " + "[" * 5000 + "\n" + text, "rule.toml: n"),
        (lambda text: text.replace("design = 4", "design = " + "9" * 5000), "rule.toml: not valid TOML"),
        (
            lambda text: text.replace("design = 4", "design = 2024-11-01"),
            "design: obtained a date, expected an integer",
        ),
        (lambda text: text + '\n"bad\\nkey" = 1\n', "unknown key"),
        (lambda text: ".".join("a" * 3000) + " = 1\n" + text, "rule.toml: "),
    ],
)
def test_broken_text_is_refused_on_one_line(edit: Callable[[str], str], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_preregistration(edit(TEXT).encode(), "rule.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("rule.toml: ")
    assert str(caught.value).isprintable()


def test_not_utf8_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^rule\.toml: not valid TOML \('utf-8' codec"):
        parse_preregistration(b"rung = '\xff'", "rule.toml")


def test_absent_file_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "E-ffn-rotation-v4.toml").write_text(TEXT)
    with pytest.raises(BadInput) as caught:
        load_preregistration(tmp_path / "E-ffn-rotation-v5.toml")
    known = "there are E-ffn-rotation-v4; did you mean 'E-ffn-rotation-v4'?"
    assert str(caught.value) == f"E-ffn-rotation-v5.toml: no such preregistration; {known}"


def test_folder_and_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_preregistration(tmp_path)
    (tmp_path / "huge.toml").write_bytes(b"#" * (SIZE_LIMIT + 1))
    with pytest.raises(BadInput, match="more than 1000000 bytes"):
        load_preregistration(tmp_path / "huge.toml")
