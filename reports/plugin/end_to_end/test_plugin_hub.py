"""A model of the hub as its user meets it: served over real HTTP, judged as from a folder, then offline."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.checkpoints.headers import read_header
from fixtures.checkpoints.layout import read_layout
from fixtures.testing.loopback_hub import COMMIT, Answer, Asked, LoopbackHub, loopback_hub, point_at
from fixtures.testing.miniature import measured
from reports.base.errors import ExitCode
from reports.judge.digests import core_sha256_of

MODEL = ["--model", "owner/name"]


@pytest.fixture
def hub(run: Any, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """Serves the miniature's own subject."""
    run("--collect-only")
    with loopback_hub(pytester.path / "subject") as served:
        point_at(served, tmp_path / "cache", monkeypatch)
        yield served


def decision(root: Path, out: str) -> Any:
    (path,) = (root / out).glob("*/decision.json")
    return json.loads(path.read_text())


def needed(source: Path, layers: list[int]) -> int:
    """Bytes of the headers and of the experts of `layers`, which is all that a run to the first checkpoint needs."""
    layout = read_layout(source, layers)
    matrices = sum(address.nbytes for matrices in layout.matrices.values() for address in matrices)
    return matrices + sum(read_header(path).nbytes for path in layout.files)


def served(hub: LoopbackHub) -> int:
    return sum(count for file, count in hub.served.items() if file.endswith(".safetensors"))


def test_a_kill_fetches_the_first_four_layers_and_nothing_else(
    run: Any, hub: LoopbackHub, pytester: pytest.Pytester, mode_daily: list[str]
) -> None:
    result = run("-x", *MODEL, *mode_daily)
    assert result.ret == ExitCode.KILLED
    if not mode_daily:  # another worker may have begun a later layer before the kill was known
        assert served(hub) == needed(hub.source, [0, 1, 2, 3])
        assert "claim-narrow_d-L04" not in measured(pytester.path)
    assert served(hub) <= needed(hub.source, list(range(6)))  # nothing twice
    resolved = {asked.revision for asked in hub.asked if asked.file == "config.json"}
    assert [asked.revision for asked in hub.asked].count("main") == 2  # HEAD and GET of config.json, once a run
    assert resolved <= {"main", COMMIT}
    result.stdout.fnmatch_lines([f"subject   owner/name, 6 layers, commit {COMMIT}*", "*fetched * of * at */s"])


def test_the_verdict_is_that_of_the_folder_and_stands_offline(
    run: Any, hub: LoopbackHub, pytester: pytest.Pytester, mode: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("-x", "--out", "folder")
    from_folder = decision(pytester.path, "folder")
    assert run("-x", *MODEL, *mode, "--out", "hub").ret == ExitCode.KILLED
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    asked = len(hub.asked)
    assert run("-x", *MODEL, "--out", "offline").ret == ExitCode.KILLED
    assert len(hub.asked) == asked
    for out in ("hub", "offline"):
        found = decision(pytester.path, out)
        assert (found["subject"]["name"], found["subject"]["exploratory"]) == ("owner/name", True)
        found["subject"] |= {key: from_folder["subject"][key] for key in ("name", "exploratory")}
        assert core_sha256_of(found) == from_folder["core_sha256"]


def test_offline_a_layer_that_was_never_fetched_is_named(
    run: Any, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("-x", *MODEL).ret == ExitCode.KILLED
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = run(*MODEL)
    assert result.ret == ExitCode.KILLED  # the verdict stands on the layers that are here
    result.stdout.fnmatch_lines(["*BAD INPUT*narrow_d[[]L04[]]*"])
    result.stdout.fnmatch_lines(["*not in the hub's cache, and the hub cannot be*"])


def test_a_hub_that_lies_is_bad_input_in_one_line(run: Any, hub: LoopbackHub) -> None:
    def lie(asked: Asked, answer: Answer) -> None:
        if asked.range and asked.range[1] - asked.range[0] > 5000:
            answer.headers["Content-Range"] = "bytes 0-1/2"

    hub.misbehave = lie
    result = run("-x", *MODEL)
    assert result.ret == ExitCode.BAD_INPUT
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.fnmatch_lines(["*the server sent Content-Range 'bytes 0-1/2', expected*"])


def test_a_hub_without_the_model_is_bad_input_before_anything_runs(run: Any, hub: LoopbackHub) -> None:
    result = run("--model", "owner/other")
    assert result.ret == ExitCode.BAD_INPUT
    result.stdout.fnmatch_lines(["*owner/other: config.json: no such folder here and no such model on the hub*"])
