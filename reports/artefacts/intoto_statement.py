"""What `python -m reports attest` writes."""

from typing import Annotated, Any, Literal

from pydantic import Field

from reports.artefacts.forms import Listed, Sha256, Table, Text


class DigestSet(Table):
    sha256: Sha256


class ResourceDescriptor(Table):
    name: Text
    digest: DigestSet


class ConfigurationDescriptor(ResourceDescriptor):
    annotations: dict[str, Any] = Field(default_factory=dict)


class Predicate(Table):
    result: Literal["PASSED", "FAILED"]
    """PASSED for SURVIVED, FAILED for every other verdict."""
    configuration: Annotated[Listed[ConfigurationDescriptor], Field(min_length=1)]
    """The sealed rule, whose annotations tell the verdict; then the measurements as they unpack."""
    passedTests: Listed[Text]  # noqa: N815 - in-toto's names
    """Gates MET, sound controls and traps."""
    warnedTests: Listed[Text]  # noqa: N815
    """Gates INCONCLUSIVE."""
    failedTests: Listed[Text]  # noqa: N815
    """Gates KILLED, controls and traps out of line."""


class Statement(Table):
    """After github.com/in-toto/attestation, spec/v1/statement.md, resource_descriptor.md and predicates/test-result.md.
    Those let a consumer ignore fields that it does not know; this refuses them, since it describes what we write."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[Listed[ResourceDescriptor], Field(min_length=1, json_schema_extra={"uniqueItems": True})]
    """decision.json, then what was judged: files and expert matrices of the checkpoint, by the digests that the verdict
    holds."""
    predicateType: Literal["https://in-toto.io/attestation/test-result/v0.1"]  # noqa: N815
    predicate: Predicate
