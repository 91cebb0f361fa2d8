"""A rule in a file: its keys lie beside those of its claim or trap, and the key `rule` names it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from reports.prereg.rules import RULES


def rule_name(rule: object) -> str:
    """As a file names it; empty for what is none."""
    return next((name for name, kind in RULES.items() if type(rule) is kind), "")


@dataclasses.dataclass(frozen=True)
class Named:
    """One of `rules`: itself, or as a table whose key `rule` names it."""

    rules: Mapping[str, type]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def name(value: object) -> str:
            found = value.get("rule") if isinstance(value, dict) else rule_name(value)
            return found if isinstance(found, str) else ""

        def unnamed(value: object) -> object:
            return {key: inner for key, inner in value.items() if key != "rule"} if isinstance(value, dict) else value

        choices = {
            kind: core_schema.no_info_before_validator_function(unnamed, handler.generate_schema(rule))
            for kind, rule in self.rules.items()
        }
        return core_schema.tagged_union_schema(dict(choices), discriminator=name)


def rule_apart(kind: type, values: object) -> object:
    """A claim or trap as a file has it, the keys of its rule beside its own, with a table of its own for its rule.

    Every key that is none of its own is taken for one of its rule's. What is made by its class comes as it is.
    """
    if not isinstance(values, dict):
        return values
    own = {field.name for field in dataclasses.fields(kind)}
    apart: dict[str, object] = {key: value for key, value in values.items() if key in own}
    if "rule" in values:
        apart["rule"] = {key: value for key, value in values.items() if key == "rule" or key not in own}
    return apart


def schema_with_rule(rules: Mapping[str, type], schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """The JSON Schema of a claim or trap as a file has it: one for each rule, with the keys of both."""
    whole: dict[str, Any] = handler.resolve_ref_schema(handler(schema))
    every = []
    for name, reference in zip(rules, whole["properties"]["rule"]["oneOf"], strict=True):
        rule = handler.resolve_ref_schema(reference)
        properties = {**whole["properties"], "rule": {"const": name}, **rule["properties"]}
        required = [*whole["required"], *rule["required"]]
        every.append({**rule, "properties": properties, "required": required})
    return {"title": whole["title"], "description": whole["description"], "oneOf": every}
