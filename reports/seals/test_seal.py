import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.artefacts.ledger_entry import Event
from reports.base.canonical import sha256_hex
from reports.base.errors import BadInput, Tampered
from reports.prereg.parsing.parse import load_preregistration
from reports.seals.ledger import LEDGER, holding, read_ledger
from reports.seals.seal import SealStatus, amend, seal, sidecar_path, verify, was_sealed
from reports.testing.small_rules import SHIPPED, first_seal

NAME = SHIPPED.name


def amendment(path: Path, results_seen: bool = True) -> SealStatus:
    return amend(path, what="another threshold", why="a typing error", results_seen=results_seen, date="2026-11-24")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def edit_sidecar(path: Path, **fields: object) -> None:
    sidecar = json.loads(sidecar_path(path).read_text())
    sidecar_path(path).write_text(json.dumps({**sidecar, **fields}))


def tampered(path: Path) -> str:
    with pytest.raises(Tampered) as caught:
        verify(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_seal_states_both_digests_and_its_ledger_entry(path: Path) -> None:
    status = first_seal(path)
    (entry,) = read_ledger(path.with_name(LEDGER)).entries
    assert json.loads((path.parent / "E-ffn-rotation-v4.seal.json").read_text()) == {
        "file": NAME,
        "rung": "E-ffn-rotation",
        "design": 4,
        "draft": load_preregistration(path).draft,
        "raw_sha256": sha256_hex(path.read_bytes()),
        "canonical_sha256": load_preregistration(path).canonical_sha256,
        "sealed": "2026-11-23",
        "ledger_entry": entry.sha256,
    }
    assert status == verify(path)
    assert status.prereg == load_preregistration(path)
    assert (entry.kind, entry.what, entry.why, entry.results_seen) == ("seal", "design 4", "before any run", False)


def test_unsealed_file_does_not_run(path: Path) -> None:
    with pytest.raises(BadInput, match=rf"^{NAME}: not sealed, so nothing runs; seal it with: python -m reports seal$"):
        verify(path)
    assert not was_sealed(path)


def test_edited_threshold_is_named(sealed: Path) -> None:
    edit(sealed, "below = 0.4", "below = 0.8")
    message = tampered(sealed)
    assert message.startswith(f"{NAME}: edited since it was sealed, the content of the rule differs (sha256 ")
    assert message.endswith("; restore it from git history, or change it in public with: python -m reports amend")


@pytest.mark.parametrize(
    ("old", "new"),
    [("# Claims,", "# All claims,"), ("below = 0.4", "below   = 0.4"), ("below = 0.4", "below = 4e-1"), ("\n", "\r\n")],
)
def test_edited_spelling_is_told_from_an_edited_rule(sealed: Path, old: str, new: str) -> None:
    sealed.write_bytes(sealed.read_bytes().replace(old.encode(), new.encode(), 1))
    assert tampered(sealed).startswith(
        f"{NAME}: edited since it was sealed, in spaces, comments or spelling only (sha256"
    )


def test_file_edited_into_something_invalid_is_tampered_with(sealed: Path) -> None:
    edit(sealed, "below = 0.4", "below = 4")
    assert tampered(sealed).startswith(
        f"{NAME}: edited since it was sealed, and no longer valid ({NAME}: claims[0].below"
    )


def test_missing_sidecar_is_named_and_can_be_restored(sealed: Path) -> None:
    sidecar_path(sealed).unlink()
    assert tampered(sealed).startswith(
        f"{NAME}: its seal E-ffn-rotation-v4.seal.json is missing, although ledger line 1"
    )
    assert was_sealed(sealed)
    assert first_seal(sealed).entry.index == 1
    assert len(read_ledger(sealed.with_name(LEDGER)).entries) == 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "{}", "\xff", "[" * 9999],
    ids=["empty", "torn", "array", "null", "no keys", "not ASCII", "nested"],
)
def test_malformed_sidecar_is_named(sealed: Path, content: str) -> None:
    sidecar_path(sealed).write_text(content, encoding="latin-1")
    assert tampered(sealed).startswith("E-ffn-rotation-v4.seal.json: malformed, no seal has this form; restore it")


@pytest.mark.parametrize(
    "fields",
    [
        {"more": 1},
        {"design": "4"},
        {"design": True},
        {"file": "a"},
        {"sealed": "2026-02-30"},
        {"draft": 1},
        {"raw_sha256": None},
        {"raw_sha256": "\x1b[31m"},
        {"canonical_sha256": "A" * 64},
        {"ledger_entry": ""},
    ],
)
def test_sidecar_with_other_keys_or_types_is_malformed(sealed: Path, fields: dict[str, object]) -> None:
    edit_sidecar(sealed, **fields)
    assert "malformed" in tampered(sealed)


def test_sidecar_rewritten_to_fit_an_edited_rule_is_named(sealed: Path) -> None:
    true = sha256_hex(sealed.read_bytes())
    edit(sealed, "below = 0.4", "below = 0.8")
    forged = sha256_hex(sealed.read_bytes())
    edit_sidecar(sealed, raw_sha256=forged, canonical_sha256=load_preregistration(sealed).canonical_sha256)
    assert tampered(sealed).startswith(f"{NAME}: its seal was edited: raw_sha256 is '{forged}', expected '{true}'")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sealed", "2020-01-01"),
        ("draft", True),
        ("design", 5),
        ("rung", "E"),
        ("file", "a.toml"),
        ("canonical_sha256", "a" * 64),
    ],
)
def test_every_field_of_the_sidecar_is_checked(sealed: Path, field: str, value: object) -> None:
    edit_sidecar(sealed, **{field: value})
    assert f"its seal was edited: {field} is {value!r}, expected " in tampered(sealed)


def test_seal_without_a_ledger_entry_is_named(sealed: Path) -> None:
    sealed.with_name(LEDGER).unlink()
    assert tampered(sealed).startswith(f"{NAME}: the ledger has no entry for this seal (")
    assert was_sealed(sealed)


def test_seal_that_names_no_entry_is_named(sealed: Path) -> None:
    edit_sidecar(sealed, ledger_entry="a" * 64)
    assert tampered(sealed).startswith(f"{NAME}: the ledger has no entry for this seal (aaaaaaaaaaaa…); restore ledger")


def test_entry_of_another_file_does_not_vouch(sealed: Path) -> None:
    other = sealed.with_name("other.toml")
    other.write_bytes(sealed.read_bytes())
    edit_sidecar(sealed, ledger_entry=first_seal(other).entry.sha256)
    assert tampered(sealed).startswith(f"{NAME}: the ledger has no entry for this seal (")


def test_sidecar_that_cannot_be_read_is_named(sealed: Path) -> None:
    sidecar_path(sealed).unlink()
    sidecar_path(sealed).mkdir()
    with pytest.raises(BadInput, match=r"^E-ffn-rotation-v4\.seal\.json: cannot be read"):
        verify(sealed)


def test_sidecar_that_is_a_named_pipe_does_not_block(sealed: Path) -> None:
    sidecar_path(sealed).unlink()
    os.mkfifo(sidecar_path(sealed))
    with pytest.raises(BadInput, match=r"seal\.json: cannot be read \(not a regular file\)"):
        verify(sealed)


def test_seal_of_another_file_is_no_seal(sealed: Path) -> None:
    other = sealed.with_name("E-ffn-rotation-v4-other.toml")
    other.write_bytes(sealed.read_bytes())
    sidecar_path(other).write_bytes(sidecar_path(sealed).read_bytes())
    assert tampered(other).startswith("E-ffn-rotation-v4-other.toml: the ledger has no entry for this seal (")


def test_replayed_old_seal_is_named(sealed: Path) -> None:
    old = {file: file.read_bytes() for file in (sealed, sidecar_path(sealed))}
    edit(sealed, "below = 0.4", "below = 0.3")
    amendment(sealed)
    for file, content in old.items():
        file.write_bytes(content)
    replayed = (
        "an old seal is replayed: it is that of ledger line 1 (2026-11-23), but line 2 (2026-11-24) has replaced it"
    )
    assert tampered(sealed).startswith(f"{NAME}: {replayed}; restore file and seal of line 2")


def test_broken_ledger_breaks_every_seal(sealed: Path) -> None:
    ledger = sealed.with_name(LEDGER)
    ledger.write_bytes(ledger.read_bytes().replace(b"before any run", b"after some run"))
    assert tampered(sealed).startswith("ledger.jsonl: line 1 was edited: its digest does not hold")


def test_ledger_written_by_hand_is_named(path: Path) -> None:
    event = Event("seal", NAME, sha256_hex(path.read_bytes()), "a" * 64, "forged", "forged", False, "2026-11-23")
    with holding(path.with_name(LEDGER)) as held:
        held.append(event)
    with pytest.raises(Tampered, match=rf"^{NAME}: ledger line 1 records content aaaaaaaaaaaa…, but the bytes that it"):
        first_seal(path)


def test_second_seal_of_the_same_content_changes_nothing(sealed: Path) -> None:
    files = (sealed.with_name(LEDGER), sidecar_path(sealed))
    before = [file.read_bytes() for file in files]
    assert first_seal(sealed) == verify(sealed)
    assert [file.read_bytes() for file in files] == before


def test_second_seal_of_another_content_is_refused(sealed: Path) -> None:
    edit(sealed, "below = 0.4", "below = 0.5")
    with pytest.raises(
        BadInput, match=r"already sealed with another content \(ledger line 1, 2026-11-23\); restore that"
    ):
        first_seal(sealed)
    assert "the content of the rule differs" in tampered(sealed)


@pytest.mark.parametrize("act", [first_seal, amendment])
def test_what_lint_refuses_is_not_sealed(sealed: Path, act: Callable[[Path], object]) -> None:
    edit(sealed, "below = 0.4", "below = 0.0")
    before = sealed.with_name(LEDGER).read_bytes()
    with pytest.raises(BadInput, match=r"narrow_d@4-layer: MET unreachable: .*; lint refuses to seal it$"):
        act(sealed)
    assert sealed.with_name(LEDGER).read_bytes() == before


@pytest.mark.parametrize("fields", [{"what": ""}, {"why": " "}])
def test_seal_without_a_reason_is_refused(path: Path, fields: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="expected text on one line, not blank"):
        seal(path, **{"what": "design 4", "why": "before", **fields}, results_seen=False, date="2026-11-23")
    assert not sidecar_path(path).exists()
