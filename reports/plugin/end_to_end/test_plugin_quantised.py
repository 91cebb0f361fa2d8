"""A quantised subject from its files to its verdict: its storage is in the header, the store and the artefacts."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from fixtures.testing.miniature import CHECKPOINT, NAME, write_miniature
from fixtures.testing.tiny_kinds.quantised_copy import fp8_copy, rewritten
from kernels.stored.storage import Storage
from reports.artefacts.decision_document import faults
from reports.base.errors import ExitCode
from reports.commands.cli import main

SAID = {"quant_method": "fp8", "weight_block_size": [8, 16]}
STORED = "FP8 (E4M3), an fp32 scale for each 8 × 16 block"


def quantised(root: Path) -> Path:
    """The miniature's subject in one file, in FP8."""
    shards = sorted((root / "subject").glob("*.safetensors"))
    single = root / "single"
    single.mkdir()
    (single / "config.json").write_bytes((root / "subject" / "config.json").read_bytes())
    save_file({name: w for shard in shards for name, w in load_file(shard).items()}, single / "model.safetensors")
    return fp8_copy(single, root / "fp8", Storage("F8_E4M3", (8, 16), "F32"), SAID)


def document(root: Path) -> dict[str, object]:
    (path,) = (root / "reports" / "out").glob("*/decision.json")
    found: dict[str, object] = json.loads(path.read_text("utf8"))
    return found


def test_the_storage_is_named_from_header_to_verdict(pytester: pytest.Pytester, elsewhere: None) -> None:
    write_miniature(pytester.path)
    quantised(pytester.path)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", NAME, "--model=fp8", "-x")
    assert result.ret == ExitCode.KILLED
    result.stdout.fnmatch_lines([f"storage   {STORED}"])
    found = document(pytester.path)
    subject = found["subject"]
    assert isinstance(subject, dict)
    assert subject["stored_as"] == {str(layer): STORED for layer in range(CHECKPOINT)}
    assert subject["exploratory"] is True
    assert list(faults(found)) == []
    entries = [json.loads(path.read_text("utf8"))
               for path in (pytester.path / "reports" / "out").glob("*/measurements/*/*/*.json")]  # fmt: skip
    by_kind = {entry["kind"]: entry.get("stored_as") for entry in entries}
    assert by_kind == {"claim": STORED, "control": None}
    assert {entry["texts"].get("null") for entry in entries if entry["kind"] == "claim"} == {
        f"of plain noise, where the weights are {STORED}"
    }
    (run,) = (pytester.path / "reports" / "out").iterdir()
    assert main(["report", str(run)], pytester.path / "hypotheses" / "preregistrations") == 0
    assert "How the expert matrices of these layers are stored" in (run / "report.html").read_text("utf8")
    again = pytester.runpytest_inprocess("hypotheses", "--model=fp8", f"--reproduce={run / 'decision.json'}")
    assert again.ret == 0


def test_a_quantiser_that_is_only_said_is_in_the_header_alone(pytester: pytest.Pytester, elsewhere: None) -> None:
    write_miniature(pytester.path)
    quantised(pytester.path)
    rewritten(pytester.path / "single", pytester.path / "said", lambda tensors: tensors, SAID)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", NAME, "--model=said", "-x")
    assert result.ret == ExitCode.KILLED
    result.stdout.fnmatch_lines(["storage   BF16; quantization_config says fp8, but no expert is stored so: it is"])
    subject = document(pytester.path)["subject"]
    assert isinstance(subject, dict)
    assert "stored_as" not in subject


def test_a_plain_subject_has_no_such_line(pytester: pytest.Pytester, elsewhere: None) -> None:
    write_miniature(pytester.path)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", NAME, "-x")
    assert result.ret == ExitCode.KILLED
    result.stdout.no_fnmatch_line("storage *")
