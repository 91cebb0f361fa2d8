"""Seals, the ledger, its history and the store: what must not be believed."""

from reports.mutants.mutant import Mutant

SEAL = (
    Mutant(
        "fields of a sidecar are not checked",
        "seals/seal.py",
        "if stated[key] != true[key]:",
        "if key not in true:",
        ("seals/test_seal.py::test_every_field_of_the_sidecar_is_checked",),
    ),
    Mutant(
        "an old seal may be replayed",
        "seals/seal.py",
        "    if entry != latest:",
        "    if entry is None:",
        ("seals/test_seal.py::test_replayed_old_seal_is_named",),
    ),
    Mutant(
        "an entry of another file vouches",
        "seals/seal.py",
        "or latest is None or entry.file != name:",
        "or latest is None:",
        ("seals/test_seal.py::test_entry_of_another_file_does_not_vouch",),
    ),
    Mutant(
        "edits are not noticed",
        "seals/seal.py",
        "    _check_content(path.name, raw, sidecar)\n",
        "",
        ("seals/test_seal.py::test_edited_threshold_is_named",),
    ),
    Mutant(
        "an edited rule passes for edited spelling",
        "seals/seal.py",
        "if canonical == sidecar.canonical_sha256:",
        "if canonical:",
        ("seals/test_seal.py::test_edited_threshold_is_named",),
    ),
    Mutant(
        "the content that the ledger records is not compared",
        "seals/seal.py",
        "if entry.canonical_sha256 != prereg.canonical_sha256:",
        "if not prereg.canonical_sha256:",
        ("seals/test_seal.py::test_ledger_written_by_hand_is_named",),
    ),
    Mutant(
        "results once seen are forgotten",
        "seals/seal.py",
        "results_seen=any(past.results_seen for past in history)",
        "results_seen=entry.results_seen",
        ("seals/test_amend.py",),
    ),
    Mutant(
        "amendments are not counted",
        "seals/seal.py",
        'sum(past.kind == "amend" for past in history)',
        "0",
        ("seals/test_amend.py",),
    ),
    Mutant(
        "what lint refuses may be sealed",
        "seals/seal.py",
        "    require_sealable(prereg, path.name)\n",
        "",
        ("seals/test_seal.py::test_what_lint_refuses_is_not_sealed",),
    ),
    Mutant(
        "a sealed file may be sealed with another content",
        "seals/seal.py",
        "elif entry.raw_sha256 != sha256_hex(raw):\n            raise BadInput(",
        "elif not raw:\n            raise BadInput(",
        ("seals/test_seal.py::test_second_seal_of_another_content_is_refused",),
    ),
)
LEDGER = (
    Mutant(
        "an edited line is believed",
        "seals/ledger.py",
        "if entry.digest() != entry.sha256:",
        "if not entry.digest():",
        ("seals/test_ledger.py::test_attack_is_named_with_its_line",),
    ),
    Mutant(
        "a line in another spelling is believed",
        "seals/ledger.py",
        'if entry.line() != line + b"\\n":',
        "if not line:",
        ("seals/test_ledger.py::test_attack_is_named_with_its_line",),
    ),
    Mutant(
        "a line that was replaced is believed",
        "seals/ledger.py",
        "if entry.previous != (entries[-1].sha256 if entries else START):",
        "if not entry.previous:",
        ("seals/test_ledger.py::test_line_rewritten_with_a_digest_that_holds_breaks_the_link",),
    ),
    Mutant(
        "a repeated line is believed",
        "seals/ledger.py",
        "if entry.sha256 in digests:",
        "if not entry.sha256:",
        ("seals/test_ledger.py::test_attack_is_named_with_its_line",),
    ),
    Mutant(
        "a line in another place is believed",
        "seals/ledger.py",
        "if entry.index != number:",
        "if entry.index < 1:",
        ("seals/test_ledger.py::test_attack_is_named_with_its_line",),
    ),
    Mutant(
        "a torn line is believed",
        "seals/ledger.py",
        "    if rest:",
        "    if rest and not lines:",
        ("seals/test_ledger.py::test_attack_is_named_with_its_line",),
    ),
    Mutant(
        "an event that says nothing is written",
        "seals/ledger.py",
        'raise BadInput(f"ledger: {error}") from None',
        "return Entry.__new__(Entry)",
        ("seals/test_ledger.py::test_event_that_says_nothing_is_refused",),
    ),
)
STORE = (
    Mutant(
        "an entry whose digest does not hold is believed",
        "store/store.py",
        "    if not sound:",
        "    if not data:",
        ("store/test_store.py::test_a_damaged_entry_is_tampered",),
    ),
    Mutant(
        "an entry under another cell's name is believed",
        "store/store.py",
        "if measurement.cell != cell:",
        "if not measurement.cell.name:",
        ("store/test_store.py::test_an_entry_under_another_cells_name_is_tampered",),
    ),
    Mutant(
        "a measurement of other tensors is taken",
        "store/store.py",
        "if tensors_sha256 is not None and measurement.tensors_sha256 != tensors_sha256:",
        "if tensors_sha256 is not None and not measurement.tensors_sha256:",
        ("store/test_store.py::test_other_tensors_under_the_same_name_are_tampered",),
    ),
    Mutant(
        "an entry is replaced",
        "store/store.py",
        "os.link(temporary, path)",
        "os.replace(temporary, path)",
        ("store/test_store.py::test_an_entry_is_written_once",),
    ),
    Mutant(
        "layers may be measured on two models",
        "store/store.py",
        "if first.tensors_sha256 != measurement.tensors_sha256:",
        "if not first.tensors_sha256:",
        ("store/test_store.py::test_claims_that_disagree_on_a_layers_tensors_are_tampered",),
    ),
    Mutant(
        "settings are no part of a measurement's key",
        "store/store.py",
        '"settings": dict(self.settings),',
        '"settings": {},',
        ("store/test_store.py::test_other_rule_kernels_or_settings_are_another_store",),
    ),
)
BUNDLE = (
    Mutant(
        "a cell may stand twice in a bundle",
        "store/bundle.py",
        "if measurement.cell in found:",
        "if not measurement.cell.name:",
        ("store/test_bundle.py::test_a_cell_that_stands_in_it_twice_is_tampered",),
    ),
)
HISTORY = (
    Mutant(
        "a ledger may be cut in history",
        "seals/audit.py",
        "    if after.startswith(before):",
        "    if after.startswith(before) or before.startswith(after):",
        ("seals/test_audit.py::test_a_cut_tail_is_named_even_where_it_was_put_back",),
    ),
    Mutant(
        "branches whose lines a merge dropped are not looked at",
        "seals/history.py",
        '"--full-history", ',
        "",
        ("seals/test_audit.py::test_lines_that_a_merge_dropped_are_named",),
    ),
    Mutant(
        "a verdict may be published before its seal",
        "seals/audit.py",
        "    if early:",
        "    if not published:",
        ("seals/test_audit.py::test_a_verdict_before_its_seal_is_named",),
    ),
    Mutant(
        "history that was replaced is believed",
        "seals/history.py",
        '    "GIT_NO_REPLACE_OBJECTS": "1",\n',
        "",
        ("seals/test_audit.py::test_nothing_that_the_repository_or_the_environment_says_is_believed",),
    ),
)
