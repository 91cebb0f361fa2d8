"""What follows from the runs of a benchmark: who reaches which beta, and how long it took. Text out, nothing timed."""

from dataclasses import dataclass

from kernels.benchmarks.rotation_peers import Trace

NEARLY = 1e-4  # of beta: a peer that is this close to its own best has arrived
LABEL = 54  # characters
GAIN = 0.01  # of beta: a peer that rises by less from the start has learned nothing
HEADER = (
    f"{'method':<38}{'steps':>6}{'best beta':>11}{'residual':>10}{'seconds':>10}{'s/step':>10}{'CPU/wall':>10}"
    f"{'peak MiB':>10}  remarks"
)


@dataclass(frozen=True)
class Cost:
    """CPU over wall time `[-]`, and the growth of the peak resident memory [MiB], "n/a" where Linux is not."""

    cpu: float = 1.0
    peak_mib: str = "n/a"


@dataclass(frozen=True)
class Run:
    """One run of one method: `trace` as the peers return it; one of ours has its start and its end."""

    name: str
    steps: int
    beta: float
    residual: float
    trace: Trace
    cost: Cost = Cost()
    cut: str = ""
    note: str = ""

    @property
    def seconds(self) -> float:
        return self.trace[-1][0]

    @property
    def label(self) -> str:
        return f"{self.name}, {self.steps} step{'s' if self.steps > 1 else ''}{' (CUT)' if self.cut else ''}"

    def reaches(self, beta: float) -> float | None:
        """Seconds until it first has `beta`; None where it never does."""
        return next((seconds for seconds, reached in self.trace if reached >= beta), None)

    def best_of_trace(self) -> float:
        return max(beta for _, beta in self.trace)

    def learns(self) -> bool:
        return self.best_of_trace() - self.trace[0][1] >= GAIN


def best_peer(peers: list[Run]) -> Run | None:
    """The peer whose best beta is the target; of several with the same beta, the one that has it first."""
    if not peers:
        return None
    target = max(run.best_of_trace() for run in peers)
    return min((run for run in peers if run.best_of_trace() >= target), key=lambda run: run.reaches(target) or 0.0)


def hard_comparison(peers: list[Run], ours: list[Run]) -> list[str]:
    """At the best beta of any peer: the shortest run of each of ours that has it.

    The ratio is the peer's seconds over ours: to the target itself, and for a peer allowed `NEARLY` where ours are not.
    """
    best = best_peer(peers)
    if best is None:
        return ["target: none, no peer has run"]
    target = best.best_of_trace()
    lines = [f"target: beta {target:.5f}, the best of any peer: {best.label}"]
    if not best.learns():
        return [*lines, f"  no ratios: no peer gains {GAIN} from the start"]
    seconds = [best.reaches(target) or 0.0, best.reaches(target - NEARLY) or 0.0]
    lines.append(f"  it has it after {seconds[0]:.3g} s; within {NEARLY:.0e} of it, after {seconds[1]:.3g} s")
    for name in dict.fromkeys(run.name for run in ours):
        runs = [run for run in ours if run.name == name]
        there = next((run for run in sorted(runs, key=lambda run: run.steps) if run.beta >= target), None)
        lines.append(f"  {name + ':':<24}{_against(there, best, seconds) if there else _short_of(runs)}")
    return lines


def _against(run: Run, peer: Run, seconds: list[float]) -> str:
    exact, near = ("{:.1f}x (CPU {:.1f}x)".format(*ratios(peer, each, run)) for each in seconds)
    return f"{run.steps} steps, beta {run.beta:.5f}, {run.seconds:.3g} s: ratio {exact}, to within {NEARLY:.0e} {near}"


def ratios(peer: Run, seconds: float, run: Run) -> tuple[float, float]:
    """`seconds` of a peer over those of a run of ours: by the wall, and with each scaled by its run's CPU over wall.

    The second is what remains where other work held the cores during one more than during the other; an estimate, since
    the share is that of the whole run. With several threads it compares work rather than time.
    """
    ratio = seconds / run.seconds
    return ratio, ratio * peer.cost.cpu / run.cost.cpu


def _short_of(runs: list[Run]) -> str:
    highest = max(runs, key=lambda run: run.beta)
    longest = max(runs, key=lambda run: run.steps)
    cut = f"; {longest.cut}" if longest.cut else ""
    return f"NOT REACHED in up to {longest.steps} steps: best {highest.beta:.5f}{cut}"


def easy_comparison(peers: list[Run], ours: list[Run]) -> list[str]:
    """At each peer's own best beta, which it has to reach within `NEARLY` and ours in full."""
    ours_header = f"{'ours, least time':<36}{'seconds':>9}{'ratio':>9}{'CPU':>9}"
    header = f"{'peer, at its own best; CUT: its best so far':<{LABEL}}{'beta':>9}{'seconds':>10}  {ours_header}"
    return [header, *(_easy_row(peer, ours) for peer in peers)]


def _easy_row(peer: Run, ours: list[Run]) -> str:
    target = peer.best_of_trace()
    if not peer.learns():
        return f"{peer.label:<{LABEL}}{target:>9.5f}  no ratio: it gains less than {GAIN} from the start"
    seconds = peer.reaches(target - NEARLY) or 0.0
    row = f"{peer.label:<{LABEL}}{target:>9.5f}{seconds:>10.3g}  "
    there = [run for run in ours if run.beta >= target]
    if not there:
        return row + "NOT REACHED by any run of ours"
    fastest = min(there, key=lambda run: run.seconds)
    wall, cpu = ratios(peer, seconds, fastest)
    return row + f"{fastest.label:<36}{fastest.seconds:>9.3g}{wall:>8.1f}x{cpu:>8.1f}x"


def reach_table(peers: list[Run], ours: list[Run]) -> list[str]:
    """Seconds of every run until it has the best beta of each peer, in full; a peer's targets by letter."""
    targets = sorted({run.best_of_trace() for run in peers if run.learns()}, reverse=True)
    letters = [chr(ord("A") + i) for i in range(len(targets))]
    owners = {run.best_of_trace(): run.label for run in peers}
    lines = [f"  {letter} = {beta:.5f}  {owners[beta]}" for letter, beta in zip(letters, targets, strict=True)]
    lines = ["seconds to reach (-: never), A the target, all of them best betas of peers:", *lines]
    lines.append(f"{'':<{LABEL}}" + "".join(f"{letter:>9}" for letter in letters))
    for run in (*peers, *ours):
        reached = [run.reaches(beta) for beta in targets]
        lines.append(f"{run.label:<{LABEL}}" + "".join(f"{'-' if s is None else f'{s:.3g}':>9}" for s in reached))
    return lines


def time_to_reach(beta: float, peers: list[Run], ours: list[Run]) -> list[str]:
    """Each search's least time to `beta`, as a multiple of the least of all; else the best that it came to."""
    every = [*ours, *peers]
    times = {run.name: [] for run in every}  # type: dict[str, list[tuple[float, Run]]]
    for run in every:
        seconds = run.reaches(beta)
        if seconds is not None:
            times[run.name].append((seconds, run))
    fastest = min((seconds for found in times.values() for seconds, _ in found), default=None)
    lines = [f"time to beta {beta:.5f}, of the fastest search's:"]
    for name, found in times.items():
        if found and fastest is not None:
            seconds, run = min(found, key=lambda one: one[0])
            lines.append(f"  {name:<38}{seconds:>9.3g} s{seconds / fastest:>8.1f}x  in a run of {run.steps} steps")
        else:
            lines.append(f"  {name:<38}{_short_of([run for run in every if run.name == name])}")
    return lines


def row(run: Run) -> str:
    remarks = "; ".join(part for part in (run.note, run.cut) if part)
    return (
        f"{run.name:<38}{run.steps:>6}{run.beta:>11.5f}{run.residual:>10.1e}{run.seconds:>10.3f}"
        f"{run.seconds / run.steps:>10.4f}{run.cost.cpu:>10.2f}{run.cost.peak_mib:>10}  {remarks}"
    ).rstrip()
