"""The cost model: shapes against what their makers publish, flops against a count of another kind."""

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from kernels.benchmarks.costs import MODELS, Shapes
from kernels.descent.learned import Search
from kernels.rotations import haar_orthogonal
from kernels.searches.radam import radam
from reports.plugin.search_flops import step_flops

# Total parameters by the model cards [1e9]; experts are most of them, and never more
PUBLISHED = {"OLMoE-1B-7B": 6.92, "Mixtral-8x22B": 141.0, "Qwen3-235B-A22B": 235.0, "DeepSeek-V3": 671.0}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_experts_are_most_of_the_published_parameters(model: Shapes) -> None:
    assert 0.92 < model.weights / 1e9 / PUBLISHED[model.name] < 1.0


def flops_of_a_step(out: int, width: int) -> float:
    """Matrix products of one step of `radam`, as torch counts them from the shapes of their operands [flop]."""
    w = torch.randn(1, out, width, generator=torch.Generator().manual_seed(0))
    start = haar_orthogonal(width, torch.Generator().manual_seed(1), dtype=torch.float32)
    counts = []
    for steps in (4, 8):
        with FlopCounterMode(display=False) as counter:
            radam(w, steps, start, step_size=0.1)
        counts.append(counter.get_total_flops())
    of_four: float = counts[1] - counts[0]
    return of_four / 4


@pytest.mark.parametrize(("out", "width"), [(64, 128), (128, 64), (96, 96)])
def test_a_step_takes_the_products_that_torch_counts(out: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch counts matrix products alone, without triangular solves and factors: they are k²·in and k³/3 of ours.

    Rounding decides how often the result is polished and which frames take a second pass. So nothing is polished here,
    and first no frame takes a second pass, then each does.
    """
    monkeypatch.setattr(Search, "finished", lambda *_: None)
    k = min(out, width)
    products = step_flops(out, width) - k * k * width - k**3 / 3
    monkeypatch.setattr("kernels.searches.radam.ONE_PASS", math.inf)
    assert flops_of_a_step(out, width) == pytest.approx(products, rel=1e-6)
    monkeypatch.setattr("kernels.searches.radam.ONE_PASS", 0.0)
    assert flops_of_a_step(out, width) == pytest.approx(products + 2 * k * k * width, rel=1e-6)


def test_more_of_anything_costs_more() -> None:
    base = Shapes("base", 2, 4, 64, 32)
    for more in (Shapes("", 4, 4, 64, 32), Shapes("", 2, 8, 64, 32)):
        assert more.spectra_flops() == 2 * base.spectra_flops()
        assert more.search_flops() == pytest.approx(2 * base.search_flops())
    assert Shapes("", 2, 4, 128, 64).spectra_flops() == 8 * base.spectra_flops()
