"""`<name>.seal.json`, beside a preregistration."""

from reports.artefacts.forms import Day, Positive, RuleFile, Sha256, Table


class Sidecar(Table):
    """What the file digested to when it was sealed, and the ledger entry that says so."""

    file: RuleFile
    rung: str
    design: Positive
    draft: bool
    raw_sha256: Sha256
    """Of the bytes of the file."""
    canonical_sha256: Sha256
    """Of its values as canonical JSON."""
    sealed: Day
    """UTC"""
    ledger_entry: Sha256
    """Of the ledger's entry."""
