"""A verdict as an in-toto Statement: the same bytes everywhere, and none for what does not follow."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fixtures.checkpoints.provenance import file_sha256
from reports.base.errors import ExitCode, Tampered
from reports.commands.cli import PREREGISTRATIONS, main
from reports.prereg.parsing.parse import load_preregistration
from reports.published.found_folder import VERDICTS
from reports.seals.attest import statement
from reports.seals.ledger import LEDGER, read_ledger
from reports.testing.test_schemas import validator

ROOT = PREREGISTRATIONS.parents[1]
NAME = "E-ffn-rotation-v4-olmoe_nano"
VERDICT = VERDICTS / NAME
SUBJECT = load_preregistration(PREREGISTRATIONS / f"{NAME}.toml").subject


def document(**changed: Any) -> dict[str, Any]:
    return {**json.loads((VERDICT / "decision.json").read_text("utf8")), **changed}


def stated(decision: dict[str, Any]) -> Any:
    """The statement about a document that is taken to follow from its measurements."""
    return json.loads(statement(json.dumps(decision).encode(), read_ledger(PREREGISTRATIONS / LEDGER), SUBJECT))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The statement about the committed verdict of design 4."""
    path = tmp_path / "statement.json"
    data = (VERDICT / "decision.json").read_bytes()
    path.write_bytes(statement(data, read_ledger(PREREGISTRATIONS / LEDGER), SUBJECT))
    return path


def test_it_is_a_statement_by_the_schema(written: Path) -> None:
    validator("statement").validate(json.loads(written.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"subject": []},
        {"subject": [{"name": "decision.json"}]},
        {"subject": [{"name": "decision.json", "digest": {"sha256": "A" * 64}}]},
        {"predicate": {"result": "KILLED", "configuration": [{"uri": "x:y"}]}},
        {"predicate": {"result": "PASSED", "configuration": [{"name": "nothing that identifies it"}]}},
        {"predicate": {"result": "PASSED"}},
        {"signature": ""},
    ],
)
def test_the_schema_can_refuse(change: dict[str, Any], written: Path) -> None:
    assert not validator("statement").is_valid({**json.loads(written.read_bytes()), **change})


def test_its_subjects_are_what_was_judged(written: Path) -> None:
    """Files by the digest of the file, so that a tool finds the statement by a file alone."""
    value = json.loads(written.read_bytes())
    digests = {subject["name"]: subject["digest"]["sha256"] for subject in value["subject"]}
    assert len(digests) == len(value["subject"])
    assert digests["decision.json"] == file_sha256(VERDICT / "decision.json")
    nano = ROOT / SUBJECT.source
    assert digests["olmoe_nano: weights"] == file_sha256(nano / "model.safetensors")
    assert digests["olmoe_nano: prompts"] == file_sha256(nano / "prompts.jsonl")
    layers = document()["subject"]["layer_sha256"]
    assert {f"olmoe_nano: expert matrices of layer {layer}": digest for layer, digest in layers.items()}.items() <= (
        digests.items()
    )
    rule, measurements = value["predicate"]["configuration"]
    assert rule["digest"]["sha256"] == file_sha256(PREREGISTRATIONS / f"{NAME}.toml")
    assert rule["annotations"]["verdict"] == "KILLED"
    assert measurements["digest"]["sha256"] == document()["measurements_sha256"]


def test_the_same_folder_gives_the_same_bytes(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(VERDICT, tmp_path / "a copy" / NAME)
    monkeypatch.chdir(tmp_path)
    assert main(["attest", f"a copy/{NAME}"]) == ExitCode.SURVIVED
    assert (tmp_path / f"{NAME}.intoto.json").read_bytes() == written.read_bytes()
    name = f"{NAME}.intoto.json"
    assert capsys.readouterr().out.splitlines()[-3:] == [
        f"written to {name}; unsigned. To sign it with your own key, either of:",
        f"cosign attest-blob --key=cosign.key --statement={name} --bundle={name}.sigstore.json",
        f"ssh-keygen -Y sign -n file -f ~/.ssh/id_ed25519 {name}",
    ]


def test_a_verdict_that_does_not_follow_is_not_attested(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor one that was edited, or that is not there: the codes are those of `reproduce`."""
    folder, to = tmp_path / NAME, tmp_path / "statement.json"
    shutil.copytree(VERDICT, folder)
    (folder / "decision.json").write_text(json.dumps(document(verdict="SURVIVED")), encoding="utf8")
    assert main(["attest", str(folder), f"--to={to}"]) == ExitCode.TAMPERED
    (folder / "decision.json").write_text(json.dumps(document(after_kill=[])), encoding="utf8")
    assert main(["attest", str(folder), f"--to={to}"]) == ExitCode.MISMATCH
    assert main(["attest", str(tmp_path / "absent"), f"--to={to}"]) == ExitCode.BAD_INPUT
    assert "please report it" not in capsys.readouterr().err
    assert not to.exists()


@pytest.mark.parametrize(
    ("verdict", "status", "result", "listed"),
    [
        ("SURVIVED", "MET", "PASSED", "passedTests"),
        ("KILLED", "KILLED", "FAILED", "failedTests"),
        ("INCONCLUSIVE", "INCONCLUSIVE", "FAILED", "warnedTests"),
        ("INCOMPLETE", "NOT_RUN", "FAILED", None),
    ],
)
def test_only_what_survived_has_passed(verdict: str, status: str, result: str, listed: str | None) -> None:
    gates = [{**document()["gates"][0], "status": status}]
    traps = [
        {"name": "off_rotation", "layer": 3, "sound": False},
        {"name": "trivial_pass", "layer": None, "sound": None},
    ]
    predicate = stated(document(verdict=verdict, gates=gates, traps=traps))["predicate"]
    assert predicate["result"] == result
    found = [name for name in ("passedTests", "warnedTests", "failedTests") if "narrow_d@4-layer" in predicate[name]]
    assert found == ([] if listed is None else [listed])
    assert "off_rotation[L03]" in predicate["failedTests"]
    assert "trivial_pass" not in str(predicate)


def test_of_another_subject_nothing_sealed_is_said() -> None:
    subject = {**document()["subject"], "name": "other", "exploratory": True}
    names = [described["name"] for described in stated(document(subject=subject))["subject"]]
    assert names[:2] == ["decision.json", "other: expert matrices of layer 0"]


def test_a_seal_that_the_ledger_does_not_hold_is_refused() -> None:
    seal = document()["seal"]
    for other in ({**seal, "ledger_entry": "f" * 64}, {**seal, "file": "E-other.toml"}):
        with pytest.raises(Tampered, match="is not in the ledger for its rule"):
            stated(document(seal=other))
    with pytest.raises(Tampered, match="is not in the ledger for its rule"):
        stated(document(rule_sha256="f" * 64))


def test_what_is_printed_signs_it(written: Path, tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen here")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(key), str(written)], check=True)
    (tmp_path / "signers").write_text(f"a@example.org {key.with_suffix('.pub').read_text('utf8')}", encoding="utf8")
    check = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        "signers",
        "-I",
        "a@example.org",
        "-n",
        "file",
        "-s",
        f"{written.name}.sig",
    ]
    for data, code in ((written.read_bytes(), 0), (written.read_bytes() + b" ", 255)):
        assert subprocess.run(check, cwd=tmp_path, input=data, capture_output=True, check=False).returncode == code


def test_a_norm_that_is_folded_in_is_named_beside_the_matrices() -> None:
    subject = {**document()["subject"], "norm_sha256": {"10": "a" * 64, "2": "b" * 64}}
    names = [one["name"] for one in stated(document(subject=subject))["subject"]]
    assert names[-2:] == [f"olmoe_nano: norm that feeds the experts of layer {layer}" for layer in (2, 10)]
