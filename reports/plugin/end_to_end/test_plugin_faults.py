"""When something breaks (seals, weights, entries, disks, devices, processes): never green, never a traceback."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from fixtures.checkpoints.layout import read_layout
from fixtures.testing.miniature import NAME, artefact, measured, write_miniature
from fixtures.testing.tiny import edit_header, edit_json, tiny_checkpoint
from fixtures.testing.waiting import wait_for
from reports.base.errors import ExitCode
from reports.store.store import decode_entry, encode_entry
from reports.theorems.proof_files import PROOFS, proof_record


def test_a_broken_seal_runs_nothing(run: Any, pytester: pytest.Pytester) -> None:
    path = write_miniature(pytester.path)
    path.write_text(path.read_text().replace("below = 0.4", "below = 0.9"))
    result = run()
    assert result.ret == ExitCode.TAMPERED
    assert not (pytester.path / "reports").exists()
    result.stderr.fnmatch_lines([f"Exit: TAMPERED: {NAME}.toml: *"])
    result.stdout.no_fnmatch_line("*collected*")


def test_a_changed_proof_runs_nothing(
    run: Any, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its statuses are said in what a run writes: the proofs are those that a prover checked, or nothing is written."""
    changed = tmp_path / "changed"
    shutil.copytree(PROOFS, changed)
    (changed / "Rope.v").write_text((changed / "Rope.v").read_text("utf8").replace("v <> 0 ->", "", 1), "utf8")
    monkeypatch.setattr("reports.plugin.plan.proof_record", lambda: proof_record(changed))
    result = run()
    assert result.ret == ExitCode.TAMPERED
    assert not (pytester.path / "reports").exists()
    result.stderr.fnmatch_lines(["Exit: TAMPERED: Rope.v: rope_block_commutant is not what was checked by coqc *"])


def test_weights_changed_under_the_sealed_name(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    shard = pytester.path / "subject" / "model-00001-of-00002.safetensors"
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    result = run()
    assert result.ret == ExitCode.TAMPERED
    result.stderr.fnmatch_lines(
        ["Exit: TAMPERED: *subject: sha256 of the weight files is *was sealed; restore what was sealed*"]
    )


def test_a_corrupt_store_entry_is_named(run: Any, finished: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    finished()
    (entry,) = (pytester.path / "reports" / "out").rglob("claim-narrow_d-L02.json")
    entry.write_bytes(entry.read_bytes()[:100])
    result = run("-x", *mode)
    assert result.ret == ExitCode.TAMPERED
    result.stdout.fnmatch_lines(
        ["*claim-narrow_d-L02.json: corrupt or edited by hand*delete it to measure that cell again*"]
    )
    entry.unlink()
    assert run("-x", *mode).ret == ExitCode.KILLED


def test_an_unusable_checkpoint_stops_before_collection(run: Any, pytester: pytest.Pytester) -> None:
    """One fault of many: what each of them is told is tested where checkpoints are read."""
    write_miniature(pytester.path)
    os.truncate(pytester.path / "subject" / "model-00001-of-00002.safetensors", 50_000)
    result = run()
    assert result.ret == ExitCode.BAD_INPUT
    assert "re-download" in result.stderr.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    result.stdout.no_fnmatch_line("*collected*")


def compiled(folder: Path) -> None:
    def prefix(header: dict[str, Any]) -> None:
        for name in [name for name in header if name != "__metadata__"]:
            header[f"_orig_mod.{name}"] = header.pop(name)

    edit_header(folder / "model.safetensors", prefix)


def an_adapter(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    (folder / "adapter_config.json").write_text("{}")


def of_gpt2(folder: Path) -> None:
    edit_json(folder / "config.json", lambda config: config.update(model_type="gpt2"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (compiled, "*copy: '_orig_mod.' in tensor names, which is a compiled model's*; save `model._orig_mod` in its*"),
        (an_adapter, "*copy: 'adapter_config.json' is an adapter, not a whole model*; merge it into its base model*"),
        (of_gpt2, "*config.json: model_type 'gpt2' is not supported, expected one of afmoe, *"),
    ],
)
def test_another_format_is_called_by_its_name(
    run: Any, change: Callable[[Path], None], said: str, pytester: pytest.Pytester
) -> None:
    write_miniature(pytester.path)
    change(tiny_checkpoint(pytester.path / "copy"))
    result = run("--model", "copy")
    assert result.ret == ExitCode.BAD_INPUT
    result.stderr.fnmatch_lines([f"Exit: BAD INPUT: {said}"])
    assert "re-download" not in result.stderr.str()
    result.stdout.no_fnmatch_line("*collected*")


def test_bad_weights_are_bad_input_in_their_cell(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    write_miniature(pytester.path)
    os.rename(pytester.path / "subject", pytester.path / "copy")
    address = read_layout(pytester.path / "copy").matrices[1, "up_proj"][2]
    with open(address.file, "r+b") as file:
        file.seek(address.offset + 10)
        file.write(b"\xff\x7f")  # a bf16 NaN
    result = run("--model", "copy", *mode)
    assert result.ret == ExitCode.BAD_INPUT
    result.stdout.fnmatch_lines(
        ["BAD INPUT narrow_d[[]L01[]]*", "*layer 1 expert 2 up_proj: 1 NaN and 0 Inf of 2048 values*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--layers", "3-1"], 4, "'3-1' is no layer or range of layers; write for example 0-3,8"),
        (["--layers", "0-9"], ExitCode.BAD_INPUT, "--layers: 6 has no experts in mini; choose among 0 to 5"),
        (["--prereg", "absent"], ExitCode.BAD_INPUT, "--prereg absent: no such preregistration; there are E-mini-v4"),
        (["--model", "no/such/folder"], ExitCode.BAD_INPUT, "no/such/folder"),
        (["--device", "tpu"], ExitCode.BAD_INPUT, "--device 'tpu' is not known, expected auto, cpu, cuda or cuda:i"),
        (["--bogus"], 4, "unrecognized arguments: --bogus"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_wrong_options_are_named(run: Any, arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.ret == code
    assert said in result.stderr.str() + result.stdout.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@pytest.mark.usefixtures("run")
def test_a_full_disk_is_named_and_never_green(pytester: pytest.Pytester) -> None:
    """No file may grow beyond 2 kB, so that writing an entry fails as it does on a full disk."""
    write_miniature(pytester.path, weights="low_rank")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "hypotheses", "--prereg", NAME, "-p", "no:cacheprovider"],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert done.returncode == ExitCode.BAD_INPUT
    assert "cannot be written (File too large)" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="cuda-present: the refusal of an absent device cannot be seen")
def test_an_absent_gpu_is_one_line(run: Any) -> None:
    result = run("--device", "cuda")
    assert result.ret == ExitCode.BAD_INPUT
    assert result.stderr.str().count("BAD INPUT: --device cuda: no CUDA device is available") == 1
    result.stdout.no_fnmatch_line("*collected*")


def test_an_unwritable_out_is_named(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path, weights="low_rank")
    (pytester.path / "reports").mkdir()
    (pytester.path / "reports" / "out").write_text("a file where the folder should be")
    result = run()
    assert result.ret == ExitCode.BAD_INPUT
    result.stdout.fnmatch_lines(
        ["*cannot be written (*); free the disk or choose another folder (pytest hypotheses/ --out=DIR)*"]
    )


def test_an_error_of_the_suite_is_neither_a_kill_nor_green(
    run: Any, pytester: pytest.Pytester, mode: list[str]
) -> None:
    write_miniature(pytester.path, weights="low_rank")
    test = pytester.path / "hypotheses" / "test_narrow_d.py"
    test.write_text(test.read_text() + "\n    if layer == 5:\n        raise ZeroDivisionError('a defect')\n")
    result = run(*mode)
    assert result.ret == ExitCode.INCOMPLETE
    decision = artefact(pytester.path, "decision.json")
    assert [error["outcome"] for error in decision["errors"]] == ["ERROR"]
    assert "a defect" in decision["errors"][0]["message"]


HELD = """
from pathlib import Path
from fixtures.testing.tiny import edit_header, edit_json, tiny_checkpoint
from fixtures.testing.waiting import wait_for

def pytest_runtest_call(item):
    if "L01" in item.name:
        Path("held").touch()
        wait_for(Path("never").exists)
"""


@pytest.mark.nightly
def test_sigkill_midway_then_resume_comes_to_the_same_core(run: Any, finished: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    command = [sys.executable, "-m", "pytest", "hypotheses", "--prereg", NAME, "-q"]
    conftest = pytester.path / "conftest.py"
    original = conftest.read_text()
    conftest.write_text(original + HELD)
    process = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for((pytester.path / "held").exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = measured(pytester.path)
    assert before == {"control-planted_narrow_d", "control-null_narrow_d", "claim-narrow_d-L00"}
    conftest.write_text(original)
    run()
    resumed = artefact(pytester.path, "decision.json")
    assert before < measured(pytester.path)
    finished()  # writes its own store over this one
    assert resumed["core_sha256"] == artefact(pytester.path, "decision.json")["core_sha256"]


CRASH = """
import os, pathlib, pytest
from fixtures.testing.tiny import edit_header, edit_json, tiny_checkpoint
from fixtures.testing.waiting import wait_for

def a_failure():
    return list(pathlib.Path().rglob(".failed-*"))

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    if "L03" in item.name:
        {before_the_checkpoint}
    return (yield)

def pytest_runtest_call(item):
    if "L02" in item.name:
        {before_the_crash}
        os._exit(7)
"""


@pytest.mark.parametrize(
    ("stop", "before_the_checkpoint", "before_the_crash", "code"),
    [
        ([], "pass", "pass", ExitCode.KILLED),
        (["-x"], "wait_for(a_failure)", "pass", ExitCode.INCOMPLETE),
        (["-x"], "pass", "wait_for(a_failure)", ExitCode.KILLED),
    ],
    ids=["on", "crashed first", "killed first"],
)
def test_a_crashed_worker_loses_nothing_and_is_named(
    run: Any,
    pytester: pytest.Pytester,
    stop: list[str],
    before_the_checkpoint: str,
    before_the_crash: str,
    code: ExitCode,
) -> None:
    """The checkpoint cell measures what the dead worker did not; with -x it starts no more, unless it was through."""
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    sound = conftest.read_text()
    crash = CRASH.format(before_the_checkpoint=before_the_checkpoint, before_the_crash=before_the_crash)
    conftest.write_text(sound + crash)
    assert run("-n2", *stop).ret == code
    decision = artefact(pytester.path, "decision.json")
    killed = "narrow-d threshold unmet at 4-layer checkpoint" if code == ExitCode.KILLED else None
    assert decision["trigger"] == killed
    assert ["crashed while running" in error["message"] for error in decision["errors"]] == [True]
    conftest.write_text(sound)
    assert run(*stop).ret == ExitCode.KILLED


def test_weights_that_changed_since_they_were_measured(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    """No digest was sealed of this subject: only the store can tell that its old kill is not one of these weights."""
    write_miniature(pytester.path)
    os.rename(pytester.path / "subject", pytester.path / "copy")
    assert run("--model", "copy").ret == ExitCode.KILLED
    address = read_layout(pytester.path / "copy").matrices[1, "up_proj"][2]
    with open(address.file, "r+b") as file:
        file.seek(address.offset + 10)
        file.write(b"\x00\x00")
    result = run("--model", "copy", *mode)
    assert result.ret == ExitCode.TAMPERED
    result.stdout.fnmatch_lines(["TAMPERED  narrow_d[[]L01[]]*"])


def test_entries_without_what_the_rule_reads_are_tampered_though_their_digests_hold(
    run: Any, finished: Any, pytester: pytest.Pytester
) -> None:
    finished()
    for path in (pytester.path / "reports" / "out").rglob("claim-narrow_d-*.json"):
        found = decode_entry(path.read_bytes(), "entry")
        samples = {"stable_rank": found.measured.samples["stable_rank"]}
        path.write_bytes(encode_entry(replace(found, measured=replace(found.measured, samples=samples))))
    result = run()
    assert result.ret == ExitCode.TAMPERED
    result.stdout.fnmatch_lines(
        ["TAMPERED: *its measurements do not hold what the rule reads (KeyError('energy_rank_95'))*"]
    )


def test_a_defect_while_the_verdict_is_written_is_no_kill(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("reports.plugin.session.conclude", defect)
    result = run("-x")
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(["ERROR: no verdict (ZeroDivisionError: a defect); please report it"])


def test_a_name_that_would_break_the_line_is_spelled_out(run: Any) -> None:
    result = run("--prereg", "a\nb")
    assert result.ret == ExitCode.BAD_INPUT
    result.stderr.fnmatch_lines(["Exit: BAD INPUT: --prereg 'a?nb': no such preregistration; there are E-mini-v4"])
