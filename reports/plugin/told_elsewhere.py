"""Where a CI looks for results: a summary of the job's step on GitHub, and properties in `--junitxml`.

Neither can change what a run came to: what cannot be written is a line on the terminal.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
from _pytest.junitxml import LogXML, xml_key

from reports.base.errors import unusable
from reports.base.markdown import plain
from reports.base.printing import one_line
from reports.judge.compare.differences import gate_name
from reports.judge.compare.reproduce import outcome_line
from reports.pages.step_summary import step_summary
from reports.plugin.artefacts import SessionResult
from reports.plugin.reproduction import Comparison

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"  # GitHub names the file that it shows there
OF_VERDICT = ("rung", "design", "verdict", "trigger", "outcome_sha256", "core_sha256")
OF_GATE = ("status", "metric", "rule", "observed", "threshold", "n")


def tell_elsewhere(
    config: pytest.Config, conclusion: SessionResult | None, comparison: Comparison | None, failure: str | None
) -> list[str]:
    """Tells a run's end where it is asked for; returns what could not be written, a line each."""
    missed = []
    for what, tell in (("step summary", _summarise), ("--junitxml", _annotate)):
        try:
            tell(config, conclusion, comparison, failure)
        except OSError as error:
            missed.append(f"{what}: not written ({unusable(error)})")
        except Exception as error:
            missed.append(f"{what}: not written ({type(error).__name__}: {one_line(str(error))}; please report it)")
    return missed


def _summarise(
    _: pytest.Config, conclusion: SessionResult | None, comparison: Comparison | None, failure: str | None
) -> None:
    """Appends to the file that the environment names, where it names one."""
    path = os.environ.get(STEP_SUMMARY)
    if path:
        with open(path, "a", encoding="utf8") as file:
            file.write(summary(conclusion, comparison, failure) + "\n")


def summary(conclusion: SessionResult | None, comparison: Comparison | None, failure: str | None) -> str:
    """Whether a verdict was reproduced where that was asked, then the verdict, or why there is none."""
    parts = []
    if comparison is not None:
        told = outcome_line(comparison.expected, reproduced=not comparison.differences)
        lines = "".join(f"\n- {plain(difference.line())}" for difference in comparison.differences[:20])
        parts.append(f"**{plain(told)}**{lines}\n")
    if conclusion is None:
        parts.append(f"**No verdict.** {plain(failure or 'The run ended before there was one.')}\n")
    else:
        parts.append(step_summary(conclusion.decision, conclusion.document))
    return "\n".join(parts)


def _annotate(
    config: pytest.Config, conclusion: SessionResult | None, comparison: Comparison | None, failure: str | None
) -> None:
    """Writes the file of `--junitxml` anew with the verdict: pytest wrote it before there was one."""
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    if comparison is not None:
        xml.add_global_property("reproduced", "no" if comparison.differences else "yes")
    if conclusion is None:
        xml.add_global_property("no_verdict", failure or "")
    else:
        for name, value in properties(conclusion.document):
            xml.add_global_property(name, value)
        _annotate_cells(xml, conclusion)
    xml.pytest_sessionfinish()


def properties(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value: of the verdict, of its subject, and of each gate as `gate.narrow_d@4-layer.observed`."""
    yield from ((name, _text(document[name])) for name in OF_VERDICT)
    yield "subject", document["subject"]["name"]
    yield "exploratory", _text(document["subject"]["exploratory"])
    for prefix, gates in (("gate", document["gates"]), ("after_kill", document["after_kill"])):
        for gate in gates:
            yield from ((f"{prefix}.{gate_name(gate)}.{name}", _text(gate[name])) for name in OF_GATE)


def _annotate_cells(xml: LogXML, conclusion: SessionResult) -> None:
    """The cell that closes a gate is told what the gate came to."""
    rows = [*conclusion.document["gates"], *conclusion.document["after_kill"]]  # type: ignore[misc]
    closing: dict[str, list[str]] = {}
    for outcome, row in zip(conclusion.decision.gates, rows, strict=True):
        judged = {cell.layer: cell.id for cell in outcome.gate.claim_cells}
        cell = [judged[layer] for layer in outcome.gate.ordered if layer in judged][-1]
        told = f"{row['status']}, observed {_text(row['observed'])}, needed {_text(row['threshold'])}, n {row['n']}"
        closing.setdefault(cell, []).append(f"{outcome.gate.id}: {told}")
    for reporter in xml.node_reporters_ordered:
        found = reporter.to_xml().find("properties")  # of a test that has ended it is always the same element
        if found is None:
            continue
        for one in found.findall("property[@name='cell']"):
            for told in closing.get(str(one.get("value")), ()):
                ElementTree.SubElement(found, "property", name="gate", value=told)


def _text(value: object) -> str:
    """As JSON has it, but for texts, which are themselves; nothing where there is no value."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
