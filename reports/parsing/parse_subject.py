"""The subject of a preregistration: which model is judged, and by what it is recognised."""

from reports.base.errors import BadInput
from reports.parsing.table import LARGEST_INTEGER, LARGEST_NUMBER, Table, shown_key
from reports.prereg.preregistration import Scalar, SealedConfig, Subject

MOST_LAYERS = 1000
LARGEST_SIZE = 1_000_000  # of an axis or a count of experts; far above any model
KEY = r"[A-Za-z_][A-Za-z0-9_]{0,63}"


def parse_subject(table: Table) -> Subject:
    """Its configuration is sealed whole, by `config_sha256`, or key by key, by a table `config`: one of the two."""
    table.only(
        ("name", "source", "model_type", "layers", "experts", "experts_per_token", "hidden_size", "intermediate_size",
         "vocab_size"),
        ("config_sha256", "config", "revision", "layer_sha256", "weights_sha256", "tokenizer_sha256", "prompts",
         "prompts_sha256"),
    )  # fmt: skip
    layers = table.integer("layers", 1, MOST_LAYERS)
    experts = table.integer("experts", 1, LARGEST_SIZE)
    revision = None
    if table.has("revision"):
        revision = table.matching("revision", r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", "a branch, tag or commit")
        table.matching("source", r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", "a hub id owner/name, to have a revision")
    layer_sha256 = table.digests("layer_sha256") if table.has("layer_sha256") else None
    if layer_sha256 is not None and len(layer_sha256) != layers:
        where = f"{table.where}: {table.key('layer_sha256')}"
        raise BadInput(f"{where}: obtained {len(layer_sha256)} digests, expected {layers}, one for each layer")
    if table.has("prompts") != table.has("prompts_sha256"):
        missing = "prompts_sha256" if table.has("prompts") else "prompts"
        raise BadInput(f"{table.where}: {table.key(missing)}: missing, expected prompts and prompts_sha256 together")
    if table.has("config_sha256") == table.has("config"):
        fault = "obtained both" if table.has("config") else "missing"
        raise BadInput(
            f"{table.where}: {table.key('config_sha256')}: {fault}, expected the digest of the whole config.json or, "
            "where that file is not at hand, a table config; register one of them"
        )
    return Subject(
        name=table.text("name"),
        source=table.repository_path("source"),
        revision=revision,
        model_type=table.identifier("model_type"),
        layers=layers,
        experts=experts,
        experts_per_token=table.integer("experts_per_token", 1, experts),
        hidden_size=table.integer("hidden_size", 1, LARGEST_SIZE),
        intermediate_size=table.integer("intermediate_size", 1, LARGEST_SIZE),
        vocab_size=table.integer("vocab_size", 1, LARGEST_SIZE * 10),
        config_sha256=_digest(table, "config_sha256"),
        config=_config(table.table("config")) if table.has("config") else None,
        layer_sha256=layer_sha256,
        weights_sha256=_digest(table, "weights_sha256"),
        tokenizer_sha256=_digest(table, "tokenizer_sha256"),
        prompts=table.repository_path("prompts") if table.has("prompts") else None,
        prompts_sha256=_digest(table, "prompts_sha256"),
    )


def _digest(table: Table, key: str) -> str | None:
    return table.digest(key) if table.has(key) else None


def _config(table: Table) -> SealedConfig:
    """Each key once: with its value, as null, or as one that reaches no number."""
    table.only(("null", "recorded", "values"))
    values = table.table("values")
    if not values.values:
        table.refuse("values", {}, "at least one key with its value")
    found = SealedConfig(
        values={_key(values, key): _scalar(values, key) for key in values.values},
        null=_keys(table, "null"),
        recorded=_keys(table, "recorded"),
    )
    every = (*found.values, *found.null, *found.recorded)
    twice = next((key for key in every if every.count(key) > 1), None)
    if twice is not None:
        raise BadInput(f"{table.where}: {table.key('values')}: {twice} is registered twice, expected each key once")
    return found


def _keys(table: Table, key: str) -> tuple[str, ...]:
    listed = table.values[key]
    if not isinstance(listed, list):
        table.refuse(key, listed, "an array")
    entries = Table(table.where, table.path, {f"{key}[{i}]": name for i, name in enumerate(listed)})
    return tuple(entries.matching(entry, KEY, "a key of config.json") for entry in entries.values)


def _key(table: Table, key: str) -> str:
    Table(table.where, table.path, {shown_key(key): key}).matching(shown_key(key), KEY, "a key of config.json")
    return key


def _scalar(table: Table, key: str) -> Scalar:
    value = table.values[key]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return table.integer(key, -LARGEST_INTEGER)
    if isinstance(value, float):
        return table.number(key, -LARGEST_NUMBER, LARGEST_NUMBER)
    return table.text(key)
