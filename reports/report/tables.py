"""The tables of the page that stand behind no figure: gates, estimators, theorems, controls, traps."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.base.spans import spans
from reports.figures.shown import Table, Value
from reports.judge.instruments import ControlOutcome, TrapOutcome

SOUND = {True: "sound", False: "OUT OF LINE", None: "did not run"}
Gates = Sequence[tuple[Mapping[str, Any], bool]]  # as in `decision.json`, and whether it came after the kill


def _id(gate: Mapping[str, Any]) -> str:
    return f"{gate['claim']}@{gate['checkpoint']}-layer"


def gate_table(gates: Gates) -> Table:
    rows: list[tuple[Value, ...]] = []
    for gate, after in gates:
        low, high = gate["interval"] or (None, None)
        status = gate["status"].replace("_", " ")
        effect = gate["minimum_detectable_effect"]
        rows.append(
            (
                _id(gate),
                f"{status}, after the kill" if after else status,
                gate["observed"],
                gate["threshold"],
                low,
                high,
                effect,
                gate["median"],
                gate["reference"],
                gate["n"],
                gate["rule"],
            )
        )
    return Table(
        "Gates in the order in which they were judged; all values [-]; from and to: the interval of observed; noise: "
        "the median for matrices without structure",
        (
            "gate",
            "status",
            "observed",
            "threshold",
            "from",
            "to",
            "detectable effect",
            "median",
            "noise",
            "n",
            "rule",
        ),
        tuple(rows),
    )


def attainable_table(gates: Gates) -> Table:
    found = {gate["claim"]: gate["attainable"] for gate, _ in gates}
    return Table("What theorems say of meeting each rule", ("claim", "met is"), tuple(found.items()))


def sensitivity_table(gates: Gates) -> Table:
    rows = tuple(
        (
            _id(gate),
            other["metric"],
            "met" if other["met"] else "missed",
            other["observed"],
            other["median"],
            other["reference"],
        )
        for gate, _ in gates
        for other in gate["sensitivity"]
    )
    return Table(
        "The same rules under the other registered estimators, which never enter the verdict [-]",
        ("gate", "metric", "rule", "observed", "median", "noise"),
        rows,
    )


def control_table(controls: Sequence[ControlOutcome]) -> Table:
    return Table(
        "Controls: a known answer, sent through the claim's own path",
        ("control", "claim", "expected", "obtained", "median [-]", "instrument", "why"),
        tuple(
            (
                one.control.name,
                one.control.claim,
                one.control.expected,
                one.obtained.replace("_", " "),
                one.median,
                SOUND[one.sound],
                one.reason,
            )
            for one in controls
        ),
    )


def trap_table(traps: Sequence[TrapOutcome]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for name in dict.fromkeys(one.trap.name for one in traps):
        found = [one for one in traps if one.trap.name == name]
        observed = [one.observed for one in found if one.observed is not None]
        sound = [one.sound for one in found]
        rows.append(
            (
                name,
                spans([one.layer for one in found]),
                sound.count(True),
                sound.count(False),
                sound.count(None),
                min(observed, default=None),
                max(observed, default=None),
            )
        )
    return Table(
        "Traps: what must not happen, by layer; least and largest observed [-]",
        ("trap", "layers", "sound", "out of line", "did not run", "least", "largest"),
        tuple(rows),
    )


def every_trap_table(traps: Sequence[TrapOutcome]) -> Table:
    return Table(
        "Every trap",
        ("trap", "layer", "observed [-]", "instrument", "why"),
        tuple((one.trap.name, one.layer, one.observed, SOUND[one.sound], one.reason) for one in traps),
    )
