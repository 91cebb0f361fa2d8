"""The benchmark runs and names what is absent, left out or cut; its ratios are right on runs written by hand."""

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from kernels.benchmarks import bench_rotations as benchmark
from kernels.benchmarks.bench_rotations import Budget
from kernels.benchmarks.rotation_runs import (
    Cost,
    Run,
    easy_comparison,
    hard_comparison,
    ratios,
    reach_table,
    time_to_reach,
)

ITQ, CAYLEY, GEOOPT = "ITQ, torch.linalg.svd float32", "torch orthogonal cayley + RAdam", "geoopt RiemannianAdam"


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three steps are the full budget of everything; a tiny matrix is not large."""
    monkeypatch.setattr(benchmark, "BUDGETS", dict.fromkeys(benchmark.BUDGETS, Budget((1, 3), (2,))))


def peer(name: str, *trace: tuple[float, float], cut: str = "") -> Run:
    points = [(0.0, 0.80), *trace]
    return Run(name, len(trace), max(beta for _, beta in points), 0.0, points, cut=cut)


def mine(steps: int, seconds: float, beta: float, name: str = "momentum", cut: str = "") -> Run:
    return Run(name, steps, beta, 0.0, [(0.0, 0.80), (seconds, beta)], cut=cut)


def test_one_run_prints_every_row_and_both_comparisons(short: None, capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(["--shape", "16x32", "--peers", "ITQ, torch", "cayley"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "beta of one Gaussian 16 x 32 float32 matrix, seed 0"
    assert "threads: 1; load average " in lines[1]
    assert f"left out by --peers: {GEOOPT}" in lines
    for name in (ITQ, CAYLEY, *benchmark.OURS):
        rows = [line[len(name) :].split() for line in lines if line.startswith(name + "  ")]
        assert [row[0] for row in rows][:1] == ["1"]  # steps; ours may end there
        assert all(0.79 < float(row[1]) <= 1.0 and float(row[2]) < 1e-4 for row in rows)
    assert sum(line.startswith("target: beta 0.") for line in lines) == 1
    assert sum(line.startswith((f"{ITQ}, 3 steps", f"{CAYLEY}, 3 steps")) for line in lines) == 4
    assert " s in all; load average " in lines[-1]


def test_a_large_matrix_runs_the_cut_budget_and_says_so(
    short: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "LARGE_WEIGHTS", 16 * 32 - 1)
    benchmark.main(["--shape", "16x32", "--peers", "ITQ, torch"])
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line for line in lines if line.startswith(ITQ + "  ")]
    assert row.split()[len(ITQ.split())] == "2"
    assert "CUT: 3 steps would take " in row
    assert any(line.startswith(f"{ITQ}, 2 steps (CUT)") for line in lines)


def test_an_absent_peer_is_named_with_what_to_install(
    short: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "geoopt", None)
    benchmark.main(["--shape", "16x32", "--peers", "geoopt"])
    lines = capsys.readouterr().out.splitlines()
    (absent,) = [line for line in lines if line.startswith("ABSENT: ")]
    assert GEOOPT in absent
    assert "pip install geoopt" in absent
    assert "target: none, no peer has run" in lines
    assert len([line for line in lines if line.startswith("momentum  ")]) == 2  # nothing to reach: the whole ladder


def test_time_to_reach_is_told_of_the_fastest_and_of_those_that_fall_short() -> None:
    ours = [mine(10, 0.5, 0.96), mine(20, 1.0, 0.98), mine(30, 0.8, 0.98, "graduated")]
    lines = time_to_reach(0.97, [peer("a", (2.0, 0.96), (4.0, 0.975)), peer("b", (9.0, 0.9))], ours)
    assert lines[0] == "time to beta 0.97000, of the fastest search's:"
    assert [line.split() for line in lines[1:]] == [
        ["momentum", "1", "s", "1.2x", "in", "a", "run", "of", "20", "steps"],
        ["graduated", "0.8", "s", "1.0x", "in", "a", "run", "of", "30", "steps"],
        ["a", "4", "s", "5.0x", "in", "a", "run", "of", "2", "steps"],
        ["b", "NOT", "REACHED", "in", "up", "to", "1", "steps:", "best", "0.90000"],
    ]
    assert time_to_reach(0.999, [], ours)[1].split()[1:3] == ["NOT", "REACHED"]


def test_a_peer_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no such peer"):
        benchmark.chosen(["geopt"])


def test_the_target_is_the_best_of_all_peers_and_the_ratio_is_to_the_shortest_run_that_has_it() -> None:
    peers = [peer("slow", (10.0, 0.95), (20.0, 0.97)), peer("fast", (1.0, 0.90), (2.0, 0.96995), (3.0, 0.97))]
    ours = [mine(10, 0.25, 0.96), mine(20, 0.5, 0.97), mine(30, 0.4, 0.98)]
    target, when, result = hard_comparison(peers, ours)
    assert target == "target: beta 0.97000, the best of any peer: fast, 3 steps"
    assert when == "  it has it after 3 s; within 1e-04 of it, after 2 s"
    assert result.split(maxsplit=1)[1].startswith("20 steps, beta 0.97000, 0.5 s: ratio 6.0x (CPU 6.0x), to within ")
    assert result.endswith(" 4.0x (CPU 4.0x)")


def test_a_peer_that_had_half_a_core_is_half_as_slow_by_cpu_time() -> None:
    starved = replace(peer("a", (8.0, 0.97)), cost=Cost(cpu=0.5))
    assert ratios(starved, 8.0, mine(10, 2.0, 0.98)) == (4.0, 2.0)


def test_a_method_of_ours_that_falls_short_is_said_to() -> None:
    ours = [mine(10, 1.0, 0.96), mine(20, 2.0, 0.95), mine(50, 1.0, 0.94, "radam", cut="CUT: 100 steps would take 2 s")]
    _, _, momentum, radam = hard_comparison([peer("a", (1.0, 0.97))], ours)
    assert momentum.split(maxsplit=1)[1] == "NOT REACHED in up to 20 steps: best 0.96000"
    assert radam.endswith("NOT REACHED in up to 50 steps: best 0.94000; CUT: 100 steps would take 2 s")
    assert easy_comparison([peer("a", (1.0, 0.97))], ours)[1].endswith("NOT REACHED by any run of ours")


def test_a_peer_that_learns_nothing_gives_no_ratio() -> None:
    idle, ours = peer("idle", (1.0, 0.801)), [mine(10, 0.5, 0.97)]
    assert "no ratio" in easy_comparison([idle], ours)[1]
    assert "no ratios" in hard_comparison([idle], ours)[1]
    assert not any("0.80100" in line for line in reach_table([idle], ours))


def test_at_its_own_best_a_peer_needs_only_come_near_and_ours_have_to_reach_it() -> None:
    peers = [peer("a", (2.0, 0.96995), (9.0, 0.97)), peer("b", (1.0, 0.9), cut="CUT: 5 steps would take 5 s")]
    ours = [mine(10, 0.5, 0.96996), mine(20, 1.0, 0.97), mine(5, 2.0, 0.99, "radam")]
    _, a, b = easy_comparison(peers, ours)
    assert a.split() == ["a,", "2", "steps", "0.97000", "2", "momentum,", "20", "steps", "1", "2.0x", "2.0x"]
    assert b.split() == ["b,", "1", "step", "(CUT)", "0.90000", "1", "momentum,", "10", "steps", "0.5", "2.0x", "2.0x"]


def test_seconds_to_reach_are_of_the_first_iterate_or_of_a_whole_run_of_ours() -> None:
    peers = [peer("a", (1.0, 0.92), (2.0, 0.95)), peer("b", (3.0, 0.9))]
    cells = [line.split()[-2:] for line in reach_table(peers, [mine(10, 0.5, 0.93)])[-3:]]
    assert cells == [["2", "1"], ["-", "3"], ["-", "0.5"]]
