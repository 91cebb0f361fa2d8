"""The secondaries of a preregistration: what a claim's experts are compared with, beside every verdict."""

from collections.abc import Sequence

from reports.parsing.table import Table
from reports.prereg.preregistration import Dense, Secondary

MOST_LAYERS = 1000
LARGEST_SIZE = 1_000_000  # of an axis; far above any model


def parse_secondary(table: Table, claims: Sequence[str], metrics: Sequence[str]) -> Secondary:
    """`claims` are those about effective dimensions, `metrics` the estimators relative to their null."""
    table.only(("name", "claim", "metric", "band", "statement", "dense"))
    if not claims:
        table.refuse("claim", table.values["claim"], "a claim about effective dimensions, of which there is none here")
    return Secondary(
        name=table.identifier("name"),
        claim=table.choice("claim", claims),
        metric=table.choice("metric", metrics),
        band=table.share("band"),
        statement=table.text("statement", lines=True),
        dense=_dense(table.table("dense")),
    )


def _dense(table: Table) -> Dense:
    """A hub id with a revision, or a folder of the repository, its weights and configuration sealed by digests."""
    table.only(
        ("name", "source", "model_type", "layers", "hidden_size", "intermediate_size"),
        ("revision", "config_sha256", "weights_sha256"),
    )
    revision = None
    if table.has("revision"):
        revision = table.matching("revision", r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", "a branch, tag or commit")
        table.matching("source", r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", "a hub id owner/name, to have a revision")
        if table.has("weights_sha256"):
            table.refuse("weights_sha256", table.values["weights_sha256"], "none beside a revision; leave one out")
    return Dense(
        name=table.text("name"),
        source=table.repository_path("source"),
        revision=revision,
        model_type=table.identifier("model_type"),
        layers=table.integer("layers", 1, MOST_LAYERS),
        hidden_size=table.integer("hidden_size", 1, LARGEST_SIZE),
        intermediate_size=table.integer("intermediate_size", 1, LARGEST_SIZE),
        weights_sha256=table.digest("weights_sha256") if table.has("weights_sha256") else None,
        config_sha256=table.digest("config_sha256") if table.has("config_sha256") else None,
    )
