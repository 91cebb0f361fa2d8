"""The digests of rule, seal and outcome, and what the run recorded of itself."""

from collections.abc import Mapping

from reports.base.markdown import code, plain
from reports.base.number_table import Table
from reports.pages.section import Bullets, Section, Told

ORDER = 160


def section(told: Told) -> Section:
    """What can be checked, then what cannot; in HTML also the sealed subject and the layers' digests."""
    document, sealed = told.document, told.decision.prereg.subject
    seal, subject = document["seal"], document["subject"]
    checked = (
        f"rule (canonical JSON) sha256 `{document['rule_sha256']}`",
        f"outcome sha256, the same on every machine, `{document['outcome_sha256']}`",
        f"core sha256, the same on one machine, `{document['core_sha256']}`",
        *(f"{name.replace('_', ' ')} `{value}`" for name, value in seal.items() if name.endswith("sha256")),
        "as the run recorded it, which nothing here can check:",
    )
    ran = document["environment"].items()
    below = tuple(f"{plain(name.replace('_', ' '))} {code(recorded(value))}" for name, value in ran)
    shape = f"hidden {sealed.hidden_size}, inner {sealed.intermediate_size}"
    experts = f"{sealed.experts} experts a layer, {sealed.experts_per_token} per token"
    digest = recorded(subject["model_sha256"])
    stored = subject.get("stored_as", {})
    facts = (
        f"sealed subject {code(sealed.name)}: {experts}, {shape}; model sha256 {code(digest)}",
        *(
            f"seal, {plain(name.replace('_', ' '))} {code(recorded(value))}"
            for name, value in seal.items()
            if not name.endswith("sha256")
        ),
    )
    tables = [
        Table(caption, ("layer", "sha256"), tuple((layer, f"`{digest}`") for layer, digest in digests.items()))
        for caption, digests in (
            ("Digests of the expert matrices that the core rests on", subject["layer_sha256"]),
            ("Digests of the norms that are folded into them", subject.get("norm_sha256", {})),
        )
        if digests
    ]
    if stored:
        caption = "How the expert matrices of these layers are stored; the noise beside them is quantised alike"
        tables.append(
            Table(caption, ("layer", "storage"), tuple((layer, plain(text)) for layer, text in stored.items()))
        )
    return Section("Provenance", (Bullets(checked, below),), details=(*facts, *tables))


def recorded(value: object) -> str:
    """A value of the environment as text; what is absent is left out of a table."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {recorded(one)}" for name, one in value.items() if one is not None) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
