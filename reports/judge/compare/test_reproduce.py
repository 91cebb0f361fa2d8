"""A reproduced verdict is silent; every departure is named."""

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import BadInput, ExitCode, Tampered
from reports.commands.cli import main
from reports.judge.compare.circumstances import circumstances
from reports.judge.compare.differences import differences
from reports.judge.compare.reproduce import read_decision
from reports.judge.decision import decide
from reports.judge.digests import core_sha256_of, digests
from reports.judge.document import decision_json
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Cell
from reports.prereg.rules import MeanAtMost
from reports.testing.small_rules import (
    SUBJECT,
    a_claim,
    a_control,
    a_measurement,
    a_preregistration,
    a_trap,
    of,
    sampled,
)

TOLERANCES = {"energy_rank_95": 0.016}


@pytest.fixture
def document() -> dict[str, Any]:
    trap = a_trap("off_rotation", MeanAtMost("off_gain", 1.03), claim="narrow_d")
    prereg = a_preregistration(
        [a_claim(sensitivity=("participation_ratio",))], [a_control("planted_narrow_d")], traps=[trap]
    )
    cells = {Cell("control", "planted_narrow_d"): [0.1, 0.1]}
    cells |= {Cell("claim", "narrow_d", layer): [0.3, 0.9] for layer in range(4)}
    found = {cell: a_measurement(cell, values, participation_ratio=values) for cell, values in cells.items()}
    for layer in range(4):
        cell = Cell("trap", "off_rotation", layer)
        found[cell] = of(cell, sampled({"off_gain": (1.0,)}))
    decision = decide(prereg, range(4), found)
    return decision_json(decision, subject=SUBJECT, seal={}, environment={}, errors=[])


def test_the_same_verdict_elsewhere_is_reproduced(document: dict[str, Any]) -> None:
    elsewhere = {**document, "environment": {"platform": "elsewhere"}, "probes": [{"name": "probe"}]}
    assert list(differences(elsewhere, document, TOLERANCES)) == []


def test_what_a_trap_observed_has_the_tolerance_of_what_it_guards(document: dict[str, Any]) -> None:
    obtained = copy.deepcopy(document)
    obtained["traps"][0].update(observed=1.01, reason="mean off_gain 1.0100, at most 1.03")
    assert list(differences(obtained, document, TOLERANCES)) == []
    assert [found.what for found in differences(obtained, document, {})] == ["trap off_rotation at layer 0 observed"]
    assert list(differences(obtained, document, {"off_gain": 0.02})) == []
    assert list(differences(obtained, document, {**TOLERANCES, "off_gain": 0.005})) != []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d.update(verdict="SURVIVED"), "verdict: obtained SURVIVED, expected KILLED"),
        (lambda d: d.update(trigger="β-lift threshold unmet at 4-layer checkpoint"), "trigger: "),
        (lambda d: d.update(rule_sha256="f" * 64), "rule_sha256: "),
        (lambda d: d["subject"]["layer_sha256"].update({"0": "f" * 64}), "subject layer_sha256 0: "),
        (lambda d: d["subject"].update(exploratory=True), "subject exploratory: obtained True, expected False"),
        (lambda d: d["gates"][0].update(status="MET"), "narrow_d@2-layer status: obtained MET, expected KILLED"),
        (
            lambda d: d["gates"][0].update(observed=0.517),
            "narrow_d@2-layer observed: obtained 0.517, expected 0.5 (0.5 to 0.5 allowed)",
        ),
        (lambda d: d["gates"][0].update(median=None), "narrow_d@2-layer median: obtained None, expected 0.6"),
        (lambda d: d["gates"][0].update(n=5), "narrow_d@2-layer n: obtained 5, expected 4"),
        (lambda d: d["gates"].clear(), "narrow_d@2-layer: obtained nothing, expected there"),
        (
            lambda d: d["controls"][0].update(sound=False),
            "control planted_narrow_d sound: obtained False, expected True",
        ),
        (lambda d: d["controls"].clear(), "control planted_narrow_d: obtained nothing, expected there"),
        (
            lambda d: d["traps"][1].update(sound=False),
            "trap off_rotation at layer 1 sound: obtained False, expected True",
        ),
        (lambda d: d["traps"][1].update(sound=None), "trap off_rotation at layer 1 sound: obtained None, expected"),
        (lambda d: d["traps"].pop(), "trap off_rotation at layer 1: obtained nothing, expected there"),
        (
            lambda d: d["traps"].append({**d["traps"][0], "layer": 7}),
            "trap off_rotation at layer 7: obtained there, expected nothing",
        ),
    ],
)
def test_every_departure_is_named(document: dict[str, Any], change: Callable[[Any], object], named: str) -> None:
    obtained = copy.deepcopy(document)
    change(obtained)
    assert [line for line in (found.line() for found in differences(obtained, document, TOLERANCES)) if named in line]


def test_a_value_within_tolerance_is_reproduced(document: dict[str, Any]) -> None:
    obtained = copy.deepcopy(document)
    obtained["gates"][0]["median"] += 0.015
    assert list(differences(obtained, document, TOLERANCES)) == []
    assert list(differences(obtained, document, {})) != []


def test_what_a_rule_compares_may_lie_within_its_reach(document: dict[str, Any]) -> None:
    """A share moves by whole matrices: with those that lie within the tolerance of the bound, not by the tolerance."""
    obtained = copy.deepcopy(document)
    obtained["gates"][0]["observed"] = 0.75
    document["gates"][0]["reach"] = obtained["gates"][0]["reach"] = [0.25, 0.75]
    document |= digests(document)
    assert list(differences(obtained, document, TOLERANCES)) == []
    document["gates"][0]["reach"] = obtained["gates"][0]["reach"] = [0.25, 0.74]
    document |= digests(document)
    assert [found.line() for found in differences(obtained, document, TOLERANCES)] == [
        "narrow_d@2-layer observed: obtained 0.75, expected 0.5 (0.25 to 0.74 allowed)"
    ]


def test_what_was_measured_after_the_kill_must_be_measured_again(document: dict[str, Any]) -> None:
    stopped = {**document, "after_kill": []}  # as -x leaves it
    assert [found.line() for found in differences(stopped, document, TOLERANCES)] == [
        "narrow_d@4-layer (after the kill): obtained nothing, expected KILLED"
    ]
    assert list(differences(document, stopped, TOLERANCES)) == []


def test_a_fault_of_the_suite_is_no_reproduction(document: dict[str, Any]) -> None:
    fault = {"cell": "narrow_d[L03]", "outcome": "ERROR", "message": "a defect"}
    (found,) = differences({**document, "errors": [fault]}, document, TOLERANCES)
    assert found.line() == "narrow_d[L03]: obtained ERROR: a defect, expected no fault"


def test_another_estimator_must_come_out_alike(document: dict[str, Any]) -> None:
    obtained = copy.deepcopy(document)
    obtained["gates"][0]["sensitivity"][0]["observed"] = 0.9
    assert [found.what for found in differences(obtained, document, TOLERANCES)] == [
        "narrow_d@2-layer under participation_ratio observed"
    ]


def test_circumstances_are_named_and_refuse_nothing(document: dict[str, Any]) -> None:
    here = {**document, "environment": {"python": "3.12.1", "started": "now", "settings": {"device": "cuda"}}}
    there = {**document, "environment": {"python": "3.11.7", "started": "then", "code_sha256": "f" * 64}}
    assert circumstances(here, there) == [
        "code_sha256: unknown here, ffffffffffff… there",
        "python: 3.12.1 here, 3.11.7 there",
        "settings.device: cuda here, unknown there",
    ]
    assert list(differences(here, there, TOLERANCES)) == []


def test_a_document_is_read_back(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.write_text(json.dumps(document))
    assert read_decision(path) == json.loads(json.dumps(document))


def test_an_edited_document_is_tampered(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.write_text(json.dumps({**document, "verdict": "SURVIVED"}))
    with pytest.raises(Tampered, match=r"edited by hand, its core_sha256 does not hold"):
        read_decision(path)
    forged = {**document, "verdict": "SURVIVED"}
    path.write_text(json.dumps({**forged, "core_sha256": core_sha256_of(forged)}))
    with pytest.raises(Tampered, match=r"edited by hand, its outcome_sha256 does not hold"):
        read_decision(path)
    path.write_text(json.dumps({**forged, **digests(forged)}))
    assert read_decision(path)["verdict"] == "SURVIVED"  # a forged digest is not seen here, only by measuring again


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 7}', '{"schema": 99}'])
def test_what_is_no_decision_is_bad_input(text: str, tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"decision\.json: (not|found a JSON list, expected an object)"):
        read_decision(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_decision(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"schema": 1}, r" \(reports\.judge\.compare\.older\.upgraded reads older ones\)"),
        ({"schema": "2"}, ""),
        ({"schema": 8}, ""),
        ({"traps": None}, ""),
    ],
)
def test_a_document_of_another_schema_is_bad_input(
    document: dict[str, Any], change: dict[str, Any], hint: str, tmp_path: Path
) -> None:
    other = {key: value for key, value in (document | change).items() if value is not None or key == "trigger"}
    path = tmp_path / "decision.json"
    path.write_text(json.dumps(other))
    with pytest.raises(
        BadInput,
        match=rf"not a decision\.json of schema 7{hint}; name another, or write it anew \(python -m reports decide",
    ):
        read_decision(path)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda d: d.update(rung=4), "rung"),
        (lambda d: d["subject"].pop("layers"), r"subject\.layers"),
        (lambda d: d.update(subject=[]), "subject"),
        (lambda d: d.update(gates={}), "gates"),
        (lambda d: d["gates"][0].update(reach=[0.5]), r"gates\[0\]\.reach"),
        (lambda d: d["gates"][0].update(interval=[0.5, "1"]), r"gates\[0\]\.interval"),
        (lambda d: d["gates"][0]["sensitivity"][0].pop("met"), r"gates\[0\]\.sensitivity\[0\]\.met"),
        (lambda d: d["gates"][0].update(n=True), r"gates\[0\]\.n"),
        (lambda d: d["gates"][0].update(tau={}), r"gates\[0\]\.tau\.tau"),
        (lambda d: d["gates"][0]["sensitivity"].append(3), r"gates\[0\]\.sensitivity\[1\]"),
        (lambda d: d["traps"][1].update(layer="1"), r"traps\[1\]\.layer"),
        (lambda d: d["controls"][0].update(sound=1), r"controls\[0\]\.sound"),
        (lambda d: d.update(errors=[{"outcome": "ERROR"}]), r"errors\[0\]\.cell"),
        (lambda d: d["after_kill"][0].pop("status"), r"after_kill\[0\]\.status"),
    ],
)
def test_a_forged_document_of_another_form_is_bad_input(
    document: dict[str, Any], change: Callable[[Any], object], key: str, tmp_path: Path
) -> None:
    """Whoever forges it may make its digest hold; what is compared must still be there."""
    change(document)
    path = tmp_path / "decision.json"
    path.write_text(json.dumps({**document, "core_sha256": core_sha256_of(document), "outcome_sha256": ""}))
    with pytest.raises(
        BadInput, match=rf"decision\.json: {key} is missing or of another type than a decision\.json has"
    ):
        read_decision(path)


def test_a_document_that_holds_no_number_is_bad_input(document: dict[str, Any], tmp_path: Path) -> None:
    document["gates"][0]["observed"] = float("nan")
    path = tmp_path / "decision.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BadInput, match="NaN is not a JSON number"):
        read_decision(path)


def test_a_document_without_end_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(BadInput, match="more than 67108864 bytes, expected a decision"):
        read_decision(path)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({}, 0, "reproduced: E-test, design 4: KILLED, narrow-d threshold unmet at 2-layer checkpoint"),
        ({"verdict": "INCOMPLETE", "trigger": None}, 14, "verdict: obtained INCOMPLETE, expected KILLED"),
    ],
)
def test_the_command_gates(
    document: dict[str, Any], change: dict[str, Any], code: int, said: str, sealed: Path, tmp_path: Path, capsys: Any
) -> None:
    document |= {"seal": {"file": sealed.name}, "rule_sha256": load_preregistration(sealed).canonical_sha256}
    document |= digests(document)
    other = document | change
    other |= digests(other)
    (tmp_path / "expected.json").write_text(json.dumps(document))
    (tmp_path / "obtained.json").write_text(json.dumps(other))
    arguments = ["reproduce", str(tmp_path / "expected.json"), "--with", str(tmp_path / "obtained.json")]
    assert main(arguments, sealed.parent) == code
    assert said in capsys.readouterr().out
    assert main(arguments[:2], sealed.parent) == ExitCode.BAD_INPUT  # nothing is published beside it
    assert "expected.json: not a decision.json; name that of a published verdict" in capsys.readouterr().err
    amended = document | {"rule_sha256": "f" * 64}
    (tmp_path / "expected.json").write_text(json.dumps(amended | digests(amended)))
    assert main(arguments, sealed.parent) == ExitCode.MISMATCH  # whose tolerances are not known
    assert "its rule is ffffffffffff…" in capsys.readouterr().err


def test_a_named_pipe_in_place_of_a_verdict_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "decision.json")
    with pytest.raises(BadInput, match="not a regular file"):
        read_decision(tmp_path / "decision.json")
