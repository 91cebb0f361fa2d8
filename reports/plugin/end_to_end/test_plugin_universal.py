"""W-universal-beta as it is shipped, on small subjects: where noise passes too it is VACUOUS, elsewhere it dies."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch._dynamo  # noqa: F401 - imported before a run in this process, which would import it twice

import fixtures.measures.rotation.centred_landing  # noqa: F401 - imported before a run in this process
import kernels.searches.radam  # noqa: F401 - as above
from fixtures.testing.shipped_rung import small_subject, write_shipped_rung
from reports.base.errors import BadInput, ExitCode
from reports.prereg.parsing.parse import load_preregistration

RULE = "W-universal-beta-v1-olmoe_nano"
SEALED = Path(__file__).parents[3] / "hypotheses" / "preregistrations" / f"{RULE}.toml"


def judged(pytester: pytest.Pytester, *arguments: str) -> tuple[pytest.RunResult, Any]:
    if not (pytester.path / "hypotheses").exists():
        write_shipped_rung(pytester.path, RULE, small_subject(pytester.path / "subject"))
    name = "W-universal-beta-v99"
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name, *arguments)
    return result, json.loads((pytester.path / "reports" / "out" / name / "decision.json").read_text("utf8"))


def test_a_subject_of_noise_is_vacuous_and_the_verdict_is_reproduced(
    pytester: pytest.Pytester, elsewhere: None
) -> None:
    result, decision = judged(pytester)
    assert result.ret == ExitCode.VACUOUS
    assert (decision["verdict"], decision["trigger"]) == ("VACUOUS", None)
    (gate,) = decision["gates"]
    assert gate["status"] == "MET"
    assert gate["null_subject"]["met"] == 3
    assert gate["observed"] == pytest.approx(gate["null_subject"]["observed"][0], abs=0.01)  # noise beside noise
    assert len(set(gate["null_subject"]["observed"])) == 3
    result.stdout.fnmatch_lines([
        "*met by noise: 3 of 3 draws*",
        "verdict: VACUOUS, the null subject meets every rule as well*",
        "Nothing is shown: the rules are met, and noise meets them too.*",
    ])  # fmt: skip
    page = (pytester.path / "reports" / "out" / "W-universal-beta-v99" / "postmortem.md").read_text("utf8")
    assert "VACUOUS" in page
    assert "met by noise" in page
    published = pytester.path / "published.json"
    published.write_text(json.dumps(decision))
    again = pytester.runpytest_inprocess("hypotheses", f"--reproduce={published}")
    assert again.ret == ExitCode.SURVIVED


def test_structure_needs_a_null_subject_and_a_measure_that_draws_it(tmp_path: Path) -> None:
    text = SEALED.read_text("utf8")
    prereg = load_preregistration(SEALED)
    assert prereg.asks == "structure"
    assert prereg.null_subject is not None
    assert replace(prereg.null_subject, draws=5).draws == 5

    def refused(changed: str) -> str:
        path = tmp_path / "W-universal-beta-v1.toml"
        path.write_text(changed, encoding="utf8")
        with pytest.raises(BadInput) as error:
            load_preregistration(path)
        return str(error.value)

    begin, end = text.index("[null_subject]"), text.index("# The source's search")
    assert "null_subject: missing, expected the draws that claims of structure" in refused(text[:begin] + text[end:])
    assert "null_subject: obtained a table, expected it only with" in refused(
        text.replace('asks = "structure"', 'asks = "fact"')
    )
    assert "null_subject.draws: obtained 4, expected an odd number" in refused(
        text.replace("draws = 3\nseed", "draws = 4\nseed")
    )
    other = text.replace('metric = "centred_landing"', 'metric = "lift"').replace("centred_landing = ", "lift = ")
    assert "claims[0].metric: obtained the text 'lift', expected a metric whose measure draws the null" in refused(
        other
    )
    assert "asks: obtained the text 'opinion', expected one of structure, fact" in refused(
        text.replace('asks = "structure"', 'asks = "opinion"')
    )
