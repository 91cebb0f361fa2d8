"""From which schema on every published decision states a key, for the keys that the first one did not have.

`reports/schemas/README.md` says what they mean. A key without an entry is in every schema, but for those with a default
in their type, which a document leaves out where they do not apply. Whoever adds a key to a type adds it here.
"""

from collections.abc import Mapping

from reports.artefacts.decision_document import (
    ControlRow,
    DamageOfVariant,
    DecisionDocument,
    GateRow,
    JudgedSubject,
    LayerOfGate,
    LayerOfProbe,
    OneBitDamage,
    ProbeRow,
    TrapRow,
    UnderAnotherMetric,
)
from reports.artefacts.forms import Table

SINCE: Mapping[type[Table], Mapping[str, int]] = {
    DecisionDocument: {
        "traps": 2,
        "probes": 2,
        "prefilter": 2,
        "one_bit_damage": 3,
        "secondaries": 3,
        "measurements_sha256": 4,
        "outcome_sha256": 5,
    },
    JudgedSubject: {"model_sha256": 3},
    GateRow: {
        "tau": 2,
        "decomposition": 2,
        "broken": 2,
        "reach": 4,
        "borderline": 4,
        "below": 5,
        "certified_count": 5,
        "census": 7,
        "full_scope": 7,
    },
    LayerOfGate: {"reach": 5},
    UnderAnotherMetric: {"reach": 4, "borderline": 5, "uninformative": 7},
    ControlRow: {"metric": 5, "borderline": 5},
    TrapRow: {"metric": 5, "borderline": 5},
    OneBitDamage: {"sources": 6},
    DamageOfVariant: {"by_start": 5, "scatter": 5},
    ProbeRow: {"structure_interval": 7, "recovered": 7},
    LayerOfProbe: {"noise": 7, "nulls": 7, "best": 7, "structure": 7},
}
RENAMED: Mapping[type[Table], Mapping[str, str]] = {
    DecisionDocument: {"generation": "one_bit_damage"},  # schemas 3 to 6, and the first documents of 7
    GateRow: {"close_call": "borderline"},  # schema 4
}
# The first documents of a schema were published before it had all of its keys. Those of 7 say `generation`
FIRST_WITHOUT: Mapping[int, tuple[type[Table], ...]] = {
    5: (DamageOfVariant,),
    7: (GateRow, UnderAnotherMetric, ProbeRow, LayerOfProbe),
}
# A probe's conclusion before it was from the best landing of all searches, so that it is none of today's
OLD_CONCLUSIONS = ("structural ceiling",)
WHOLE_CORE = 4  # up to this schema core_sha256 is of all that the core holds, then without `UNDIGESTED`


def may_be_absent(form: type[Table], key: str, document: Mapping[str, object]) -> bool:
    """Whether a document of this schema may have been published without a key of `SINCE`."""
    since, schema = SINCE[form][key], document["schema"]
    if since != schema:
        return since > int(str(schema))
    return form in FIRST_WITHOUT.get(since, ()) and (since != 7 or "generation" in document)  # noqa: PLR2004 - see above
