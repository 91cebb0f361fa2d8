from pathlib import Path

import pytest

from reports.base.errors import BadInput
from reports.prereg.parsing.parse import load_preregistration
from reports.seals.ledger import LEDGER, read_ledger
from reports.seals.seal import sidecar_path, verify
from reports.seals.test_seal import amendment, edit, tampered
from reports.testing.small_rules import first_seal


def test_status_describes_itself(sealed: Path) -> None:
    rule = load_preregistration(sealed).canonical_sha256[:12]
    assert verify(sealed).describe() == f"sealed 2026-11-23; rule {rule}, ledger line 1"
    edit(sealed, "below = 0.4", "below = 0.39")
    rule = load_preregistration(sealed).canonical_sha256[:12]
    assert amendment(sealed).describe() == (
        f"sealed 2026-11-24, amended once after results had been seen; rule {rule}, ledger line 2"
    )
    edit(sealed, "below = 0.39", "below = 0.38")
    assert "amended 2 times after results had been seen; rule" in amendment(sealed, results_seen=False).describe()
    assert verify(sealed).to_json()["amendments"] == 2
    assert verify(sealed).to_json()["results_seen"] is True  # before the first amendment: it stays so


def test_a_draft_says_so_until_it_is_none(path: Path) -> None:
    edit(path, "draft = false", "draft = true")
    assert ", draft; rule " in first_seal(path).describe()
    edit(path, "draft = true", "draft = false")
    assert ", draft" not in amendment(path).describe()


def test_amendment_says_whether_results_had_been_seen(sealed: Path) -> None:
    edit(sealed, "below = 0.4", "below = 0.5")
    entry = amendment(sealed).entry
    assert (entry.kind, entry.index, entry.results_seen, entry.why) == ("amend", 2, True, "a typing error")
    assert verify(sealed).entry == entry


def test_amending_what_was_never_sealed_is_refused(path: Path) -> None:
    with pytest.raises(BadInput, match="never sealed, so there is nothing to amend; seal it first"):
        amendment(path)


def test_amending_nothing_is_refused(sealed: Path) -> None:
    with pytest.raises(BadInput, match="nothing to amend, its bytes are those of ledger line 1"):
        amendment(sealed)


def test_interrupted_amendment_is_finished_by_repeating_it(sealed: Path) -> None:
    old = sidecar_path(sealed).read_bytes()
    edit(sealed, "below = 0.4", "below = 0.5")
    amendment(sealed)
    sidecar_path(sealed).write_bytes(old)  # as if the process had died between ledger and sidecar
    assert "edited since it was sealed" in tampered(sealed)
    assert amendment(sealed).entry.index == 2
    assert len(read_ledger(sealed.with_name(LEDGER)).entries) == 2
