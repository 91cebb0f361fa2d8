"""The tables of `reports/README.md` on intervals and early kills.

`python -m reports.testing.interval_tables` writes them.

Coverage is by simulated worlds: shares of 4 or 16 layers from a beta law of each true mean and standard deviation, 48
matrices in a layer, and the intervals of `reports/judge/spread/`. It takes two minutes.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reports.base.markdown import table
from reports.base.printing import print_anywhere
from reports.judge.spread.mean_interval import mean_interval
from reports.judge.spread.share_posterior import share_posterior
from reports.prereg.operating.cut_offs import cut_offs, early_kills
from reports.prereg.operating.operating_curve import SHARE_TRUTHS, share_point

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- generated: {} -->", "<!-- end of {} -->"
MEANS, SCATTERS, LAYERS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9), (0.0, 0.05, 0.1, 0.2, 0.3), (4, 16)
MATRICES, WORLDS, LEVEL, SEED = 48, 400, 0.95, 20241128
MOST = 0.9  # of the variance μ (1 − μ) that a law on [0, 1] can have
DEPTHS = (16, 24, 32, 48)

IntervalOf = Callable[[Sequence[int]], tuple[float, float]]


def hierarchical(counts: Sequence[int]) -> tuple[float, float]:
    """What is published."""
    return share_posterior([(int(k), MATRICES) for k in counts]).interval(LEVEL)


def student(counts: Sequence[int]) -> tuple[float, float]:
    """Student's t on the layers' shares, which is not used for shares."""
    return mean_interval([k / MATRICES for k in counts], LEVEL) or (0.0, 1.0)


def possible(mean: float, scatter: float) -> bool:
    return scatter**2 < MOST * mean * (1.0 - mean)


def coverage(interval: IntervalOf, mean: float, scatter: float, layers: int, worlds: int = WORLDS) -> float:
    """In how many of the simulated worlds the interval holds the true mean [-]."""
    counts = simulated(mean, scatter, layers, worlds)
    ends = [interval(world.tolist()) for world in counts]
    return float(np.mean([low <= mean <= high for low, high in ends]))


def simulated(mean: float, scatter: float, layers: int, worlds: int) -> NDArray[np.int64]:
    generator = np.random.Generator(np.random.PCG64([SEED, layers, round(1000 * mean), round(1000 * scatter)]))
    shares = np.full((worlds, layers), mean)
    if scatter > 0.0:
        kappa = mean * (1.0 - mean) / scatter**2 - 1.0
        shares = generator.beta(mean * kappa, (1.0 - mean) * kappa, (worlds, layers))
    return np.asarray(generator.binomial(MATRICES, shares), dtype=np.int64)


def coverages(layers: int) -> dict[tuple[float, float], float]:
    """Of the published interval, by (mean, standard deviation between layers)."""
    cells = [(mean, scatter) for mean in MEANS for scatter in SCATTERS if possible(mean, scatter)]
    return {cell: coverage(hierarchical, *cell, layers) for cell in cells}


def coverage_table(found: dict[int, dict[tuple[float, float], float]]) -> str:
    rows = [
        [f"{mean:g}", *(f"{found[layers][mean, scatter]:.2f}" if possible(mean, scatter) else "—"
                        for layers in LAYERS for scatter in SCATTERS)]
        for mean in MEANS
    ]  # fmt: skip
    columns = [f"{layers} layers, SD {scatter:g}" for layers in LAYERS for scatter in SCATTERS]
    return table(["true share", *columns], rows)


def operating_table() -> str:
    """The rule of designs 4 and 5 beside cut-offs after 4 and 8 of 16 layers."""
    rows = []
    for truth in SHARE_TRUTHS:
        first = share_point(truth, 0.7, (4, 16), (None, None), 16, MATRICES)
        cut = share_point(truth, 0.7, (4, 8, 16), (*cut_offs((4, 8, 16), 16, 0.7), None), 16, MATRICES)
        cells = [f"{truth:g}"]
        for point in (first, cut):
            wrong = "—" if point.false_kill is None else f"{point.false_kill:.1%}"
            cells += [f"{sum(point.killed_early):.1%}", wrong, f"{point.survives:.1%}", f"{point.layers_read:.1f}"]
        rows.append(cells)
    names = ("killed early", "false kill", "survives", "layers read")
    columns = [f"{rule}: {name}" for rule in ("first four", "cut-offs") for name in names]
    return table(["true share", *columns], rows)


def cut_off_table(depths: Sequence[int] = DEPTHS) -> str:
    """What lint computes for subjects of several depths, checked at a quarter and a half of them."""
    rows = []
    for layers in depths:
        looks = (layers // 4, layers // 2, layers)
        found = cut_offs(looks, layers, 0.7)
        worst = early_kills(found, looks, layers, 0.7)
        rows.append([str(layers), f"{looks[0]} and {looks[1]}", f"{found[0]:g} and {found[1]:g}", f"{worst:.2%}"])
    return table(["layers", "early checkpoints", "killed at or below", "false kills, in the worst world"], rows)


def block(page: str, name: str) -> str:
    """What is between the markers of `name` in `page`. Raises `ValueError` where they are missing."""
    return _parts(page, name)[1]


def with_block(page: str, name: str, text: str) -> str:
    """`page` with `text` between the markers of `name`. Raises `ValueError` where they are missing."""
    before, _, after = _parts(page, name)
    return f"{before}{text}{after}"


def _parts(page: str, name: str) -> tuple[str, str, str]:
    begin, end = BEGIN.format(name) + "\n", "\n" + END.format(name)
    before, found, rest = page.partition(begin)
    inside, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no block {name!r}, expected lines {begin.strip()} … {end.strip()} with a line between them")
    return before + begin, inside, end + after


def main() -> int:
    page = README.read_text("utf8")
    page = with_block(page, "coverage", coverage_table({layers: coverages(layers) for layers in LAYERS}))
    page = with_block(page, "operating curve", operating_table())
    page = with_block(page, "cut-offs", cut_off_table())
    README.write_text(page, "utf8")
    return 0


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main())
