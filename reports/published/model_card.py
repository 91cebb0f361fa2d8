"""A verdict as metadata of a Hugging Face model card: `model-index`, with a metric for each gate. Pure.

Names and values are those of `decision.json` alone. A model index has metrics of a task on a data set. Here the task is
the rung, what is measured on is the sealed rule, and a metric is what a gate observed, its status in its name: nobody
should read the number without it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.base.errors import BadInput
from reports.base.markdown import plain
from reports.judge.compare.differences import gate_name

TASK = "other"  # the hub's word for what it has no task of
AFTER_KILL = "after the kill, exploratory"
ARGUMENTS = {  # of a gate, beside its value: its own key, and how it is called there
    "status": "status",
    "rule": "rule",
    "threshold": "threshold",
    "n": "n",
    "interval": "interval",
    "median": "metric_median",
    "reference": "metric_on_noise",
}


def model_card(document: Mapping[str, Any]) -> str:
    """The text of a card: YAML between two lines of dashes, then the verdict in two sentences.

    Raises `BadInput` where no gate was measured: a model index without a value is none.
    """
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with huggingface_hub; other commands need none

    index = yaml.safe_dump({"model-index": model_index(document)}, sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{index}---\n\n{_said(document)}\n"


def model_index(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The value of `model-index`, of plain lists and tables."""
    subject = document["subject"]
    metrics = [*_metrics(document["gates"]), *_metrics(document["after_kill"], AFTER_KILL)]
    if not metrics:
        raise BadInput(
            f"{document['rung']}, design {document['design']}: no gate was measured, so there is no value to export; "
            "run the study to its first checkpoint"
        )
    rung = f"{document['rung']}, design {document['design']}"
    result = {
        "task": {"type": TASK, "name": f"{rung}: {document['verdict']}"},
        "dataset": {
            "type": f"{document['rung']}-v{document['design']}",
            "name": "pre-registered rule, on the weights of the model itself",
            "config": document["seal"].get("file"),
            "revision": document["rule_sha256"],
            "args": {
                "verdict": document["verdict"],
                "trigger": document["trigger"],
                "exploratory": subject["exploratory"],
                "outcome_sha256": document["outcome_sha256"],
                "core_sha256": document["core_sha256"],
            },
        },
        "metrics": metrics,
    }
    return [{"name": subject["name"], "results": [_without_none(result)]}]


def _metrics(gates: list[Mapping[str, Any]], mark: str = "") -> Iterator[dict[str, Any]]:
    """A metric for each gate that observed something; where nothing was measured there is no value to give.

    A rule on a share observes no value of its metric, but the share of matrices on one side of a bound.
    """
    for gate in gates:
        if gate["observed"] is not None:
            yield {
                "type": gate["metric"] if gate["below"] is None else f"{gate['metric']}_share",
                "value": gate["observed"],
                "name": f"{gate_name(gate)}: {gate['status']}{f' ({mark})' if mark else ''}",
                "args": {told: gate[name] for name, told in ARGUMENTS.items()},
            }


def _without_none(value: Any) -> Any:
    """As huggingface_hub writes an index: a key without a value is left out."""
    match value:
        case dict():
            return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
        case list():
            return [_without_none(inner) for inner in value]
    return value


def _said(document: Mapping[str, Any]) -> str:
    """The verdict in words, for the card's text."""
    subject = document["subject"]
    told = ", ".join(text for text in (document["verdict"], document["trigger"]) if text is not None)
    mark = " It is exploratory: the subject is not the sealed one." if subject["exploratory"] else ""
    return (
        f"Pre-registered claims of {plain(document['rung'])}, design {document['design']}, on "
        f"{plain(subject['name'])}: **{plain(told)}**.{mark} Each value is what the rule beside it compares [-]. "
        f"Outcome sha256 `{document['outcome_sha256']}`."
    )
