"""Canonical form: the same function, the same bits for the same network, idempotent, undone to the bit."""

import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.canonical.balancing import balancing_factors
from kernels.canonical.canonical_form import Canonical, canonical_form, reverted
from kernels.canonical.folding import column_scale
from kernels.canonical.layer_experts import Experts
from kernels.canonical.neuron_norms import SNAP, Norms, neuron_norms, power_of_two, root
from kernels.canonical.symmetries import SYMMETRIES, NormForm, Symmetry

SEEDS = st.integers(0, 2**32)
SIZES = st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 12))  # experts, intermediate, hidden
DTYPES = st.sampled_from([torch.bfloat16, torch.float16, torch.float32, torch.float64])
FORMS: tuple[NormForm, ...] = ("weight", "one_plus_weight", "none")
GATED = {"gated": True, "gated_relu": True, "relu": False, "relu_squared": False}
ACTIVATIONS: dict[Symmetry, Callable[[Tensor], Tensor]] = {
    "gated": torch.nn.functional.silu,
    "gated_relu": torch.relu,
    "relu": torch.relu,
    "relu_squared": lambda x: torch.relu(x).square(),
    "none": torch.nn.functional.gelu,
}
# By what each symmetry lets gate, up and down be multiplied: powers of 2 that cancel
POWERS: dict[Symmetry, tuple[tuple[int, int, int], ...]] = {
    "gated": ((0, 1, -1),),
    "gated_relu": ((1, 0, -1), (0, 1, -1)),
    "relu": ((0, 1, -1),),
    "relu_squared": ((0, 1, -2),),
    "none": (),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_experts(
    size: tuple[int, int, int], seed: int, symmetry: Symmetry, dtype: torch.dtype = torch.float64, dead: float = 0.2
) -> tuple[Experts, Tensor]:
    """Experts of uneven neurons, some of them dead in one matrix, and a norm's weight with signs and a zero."""
    generator = seeded(seed)
    experts, intermediate, hidden = size

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64, generator=generator)

    def uneven(w: Tensor, dim: int) -> Tensor:
        rows = (w.shape[0], intermediate)
        alive = torch.rand(rows, generator=generator) >= dead
        return w * (draw(*rows).exp() * alive).unsqueeze(dim)

    up = uneven(draw(experts, intermediate, hidden), -1)
    down = uneven(draw(experts, hidden, intermediate), -2)
    gate = uneven(draw(experts, intermediate, hidden), -1) if GATED.get(symmetry, seed % 2 == 0) else None
    norm = draw(hidden).exp()
    norm[seed % hidden] *= (-1.0, 0.0)[seed // 7 % 2]
    cast = [None if w is None else w.to(dtype) for w in (gate, up, down, norm)]
    assert cast[1] is not None
    assert cast[2] is not None
    assert cast[3] is not None
    return Experts(cast[0], cast[1], cast[2]), cast[3]


def output(experts: Experts, x: Tensor, symmetry: Symmetry) -> tuple[Tensor, Tensor]:
    """What each expert makes of normed vectors `x (hidden, tokens)`, and the sum of the sizes of what it adds up."""
    gate, up, down = (None if w is None else w.double() for w in experts)
    assert up is not None
    assert down is not None
    activate = ACTIVATIONS[symmetry]
    inner = activate(up @ x) if gate is None else activate(gate @ x) * (up @ x)
    return down @ inner, down.abs() @ inner.abs()


def form_of(seed: int) -> NormForm:
    return FORMS[seed % 3]


def canonical_of(experts: Experts, norm: Tensor, form: NormForm, symmetry: Symmetry) -> Canonical:
    return canonical_form(experts, None if form == "none" else norm, form, symmetry)


def equal(one: Experts, other: Experts) -> bool:
    return all(
        (a is None and b is None) or (a is not None and b is not None and a.dtype == b.dtype and torch.equal(a, b))
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=25, deadline=None)
@given(size=SIZES, seed=SEEDS, dtype=DTYPES)
def test_the_function_is_unchanged(
    symmetry: Symmetry, size: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    experts, norm = some_experts(size, seed, symmetry, dtype)
    form = form_of(seed)
    found = canonical_of(experts, norm, form, symmetry)
    x = torch.randn(size[2], 5, dtype=torch.float64, generator=seeded(seed + 1))
    scale = {"weight": norm.double(), "one_plus_weight": 1 + norm.double(), "none": torch.ones(size[2])}[form]
    expected, _ = output(experts, scale[:, None] * x, symmetry)
    actual, _ = output(found.experts, x, symmetry)
    # Rounding is relative to what is summed, before it cancels
    gate, up, down = (None if w is None else w.abs() for w in found.experts)
    assert up is not None
    assert down is not None
    sizes = up @ x.abs() if gate is None else (gate @ x.abs()) * (up @ x.abs())
    bound = down @ (sizes.square() if symmetry == "relu_squared" else sizes)
    assert bool(((actual - expected).abs() <= 1e-12 * bound).all())


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=25, deadline=None)
@given(size=SIZES, seed=SEEDS, dtype=DTYPES)
def test_what_is_canonical_stays_to_the_bit(
    symmetry: Symmetry, size: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    experts, norm = some_experts(size, seed, symmetry, dtype)
    once = canonical_of(experts, norm, form_of(seed), symmetry).experts
    assert equal(canonical_form(once, None, "none", symmetry).experts, once)


@pytest.mark.parametrize("symmetry", [symmetry for symmetry in SYMMETRIES if symmetry != "none"])
@settings(max_examples=25, deadline=None)
@given(size=SIZES, seed=SEEDS, dtype=DTYPES)
def test_norms_of_a_neuron_agree_and_the_dead_are_zero(
    symmetry: Symmetry, size: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    experts, norm = some_experts(size, seed, symmetry, dtype)
    gate, up, down = canonical_of(experts, norm, form_of(seed), symmetry).experts
    norms = [up.norm(dim=-1), down.norm(dim=-2)]
    dead = (norms[0] == 0) | (norms[1] == 0)
    if gate is not None:
        dead |= gate.norm(dim=-1) == 0
        assert torch.equal(dead, gate.norm(dim=-1) == 0)
        if symmetry == "gated_relu":
            norms.append(gate.norm(dim=-1))
    for other in norms[1:]:
        torch.testing.assert_close(other, norms[0], rtol=4 * SNAP, atol=0)
        assert torch.equal(other == 0, dead)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=25, deadline=None)
@given(size=SIZES, seed=SEEDS, dtype=DTYPES)
def test_it_is_undone(symmetry: Symmetry, size: tuple[int, int, int], seed: int, dtype: torch.dtype) -> None:
    experts, norm = some_experts(size, seed, symmetry, dtype)
    back = canonical_of(experts, norm, form_of(seed), symmetry).undone(experts)
    if dtype != torch.float64:
        assert equal(back, experts)
        return
    for w, was in zip(back, experts, strict=True):
        if w is not None and was is not None:
            torch.testing.assert_close(w, was, rtol=4 * 2.0**-52, atol=0)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@settings(max_examples=25, deadline=None)
@given(size=SIZES, seed=SEEDS, span=st.integers(1, 60))
def test_powers_of_two_that_cancel_move_no_bit(
    symmetry: Symmetry, size: tuple[int, int, int], seed: int, span: int
) -> None:
    """On neurons, and from the norm's weight into gate and up, channel by channel."""
    experts, norm = some_experts(size, seed, symmetry)
    generator = seeded(seed + 2)
    gate, up, down = experts
    for powers in POWERS[symmetry]:
        drawn = torch.randint(-span, span + 1, up.shape[:-1], generator=generator)
        by_gate, by_up, by_down = (power_of_two(power * drawn) for power in powers)
        gate = None if gate is None else gate * by_gate[..., None]
        up, down = up * by_up[..., None], down * by_down[..., None, :]
    channels = power_of_two(torch.randint(-span, span + 1, norm.shape, generator=generator))
    moved = Experts(None if gate is None else gate / channels, up / channels, down)
    expected = canonical_form(experts, norm, "weight", symmetry).experts
    assert equal(canonical_form(moved, norm * channels, "weight", symmetry).experts, expected)


@settings(max_examples=50, deadline=None)
@given(size=SIZES, seed=SEEDS)
@example(size=(1, 1, 1), seed=0)
def test_any_scale_and_sign_that_cancels_moves_roundings_alone(size: tuple[int, int, int], seed: int) -> None:
    experts, norm = some_experts(size, seed, "gated")
    assert experts.gate is not None
    factors = torch.randn(experts.up.shape[:-1], dtype=torch.float64, generator=seeded(seed + 3)).exp()
    factors *= (-1.0) ** (seed % 2)
    moved = Experts(experts.gate, experts.up * factors[..., None], experts.down / factors[..., None, :])
    expected = canonical_form(experts, norm, "weight", "gated").experts
    for w, was in zip(canonical_form(moved, norm, "weight", "gated").experts, expected, strict=True):
        assert w is not None
        assert was is not None
        torch.testing.assert_close(w.abs(), was.abs(), rtol=4 * SNAP, atol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("size", ["subnormal", "1e-30", "1e+30", "each"])
def test_subnormal_and_huge_neurons(dtype: torch.dtype, size: str) -> None:
    experts, norm = some_experts((2, 8, 16), 3, "gated", torch.float64, dead=0.0)
    peak = {"subnormal": torch.finfo(dtype).smallest_normal / 8, "1e-30": 1e-30, "1e+30": 1e30, "each": 1.0}[size]
    assert experts.gate is not None
    up, down = experts.up / experts.up.abs().amax() * peak, experts.down / experts.down.abs().amax() / 1e30
    if size == "each":
        up = up * torch.tensor([1e-38, 1e-30, 1e-10, 1.0, 1e10, 1e20, 1e30, 0.0], dtype=torch.float64)[:, None]
    cast = Experts(experts.gate.to(dtype), up.to(dtype), down.to(dtype))
    found = canonical_form(cast, norm.to(dtype), "weight", "gated")
    assert all(w is None or bool(w.isfinite().all()) for w in found.experts)
    alive = found.factors.up > 0
    assert bool(alive.any())
    up_norm, down_norm = found.experts.up.norm(dim=-1), found.experts.down.norm(dim=-2)
    torch.testing.assert_close(up_norm, down_norm, rtol=1e-11, atol=0)
    assert equal(found.undone(cast), cast)


def test_float64_rows_at_both_ends_and_beyond() -> None:
    tiny, huge = 2.0**-399, 2.0**399
    w = torch.tensor([[1.0, -0.5]], dtype=torch.float64)
    for up, down in ((tiny, huge), (huge, tiny), (huge, huge), (tiny, tiny)):
        found = canonical_form(Experts(w, w * up, w.mT * down), None, "none", "gated").experts
        assert found.up.norm().item() == pytest.approx(found.down.norm().item(), rel=1e-11)
    message = (
        "neuron_norms: neuron [0] has max|w| = 1.03e+121 (1 of 1 neurons fail), expected 0 or within 2^±400; re-read or"
        " rescale that tensor"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        canonical_form(Experts(w, w * 2.0**402, w.mT), None, "none", "gated")
    with pytest.raises(ValueError, match=r"has max\|w\| = nan"):
        canonical_form(Experts(w, w * torch.nan, w.mT), None, "none", "gated")


def test_all_neurons_dead() -> None:
    zero = torch.zeros(2, 3, 4)
    found = canonical_form(Experts(torch.ones(2, 3, 4), torch.ones(2, 3, 4), zero.mT), None, "none", "gated").experts
    assert all(w is not None and not bool(w.any()) for w in found)


def test_dead_in_any_matrix_is_dead_in_all() -> None:
    gate, up, down = torch.ones(4, 2), torch.ones(4, 2), torch.ones(2, 4)
    gate[0], up[1], down[:, 2] = 0, 0, 0
    found = balancing_factors(Experts(gate, up, down), "gated")
    assert found.gate is not None
    assert found.gate.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert found.up[:3].tolist() == found.down[:3].tolist() == [0.0, 0.0, 0.0]
    assert balancing_factors(Experts(gate, up, down), "none").up.tolist() == [1.0] * 4  # nothing is known dead there


def test_a_changed_network_is_carried_back() -> None:
    """Canonical matrices doubled are the stored network with gate, up and down doubled, dead neurons as they were."""
    experts, norm = some_experts((2, 8, 16), 5, "gated", torch.float32)
    found = canonical_form(experts, norm, "weight", "gated")
    gate, up, down = found.experts
    assert gate is not None
    assert experts.gate is not None
    back = reverted(Experts(gate * 2, up * 2, down * 2), found, experts)
    alive = found.factors.up > 0
    assert bool(alive.any())
    assert not bool(alive.all())
    expected = torch.where(alive[..., None, :], experts.down * 2, experts.down)
    assert torch.equal(back.down, expected)
    channels = column_scale(norm, "weight", 16) != 0
    assert torch.equal(back.up, torch.where(alive[..., None] & channels, experts.up * 2, experts.up))


@settings(max_examples=50, deadline=None)
@given(size=SIZES, seed=SEEDS, dtype=DTYPES)
def test_of_a_norm_without_a_mean_the_function_is_unchanged(
    size: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    """Of vectors whose channels sum to 0, and up to what is added to the mean, which the next norm takes away."""
    experts, norm = some_experts(size, seed, "gated", dtype)
    found = canonical_form(experts, norm, "centred_weight", "gated")
    x = torch.randn(size[2], 5, dtype=torch.float64, generator=seeded(seed + 1))
    x -= x.mean(0)
    expected, sizes = output(experts, norm.double()[:, None] * x, "gated")
    actual, _ = output(found.experts, x, "gated")
    folded = [w.double().abs() * norm.double().abs() for w in (experts.gate, experts.up) if w is not None]
    bound = experts.down.double().abs() @ ((folded[0] @ x.abs()) * (folded[1] @ x.abs()))
    error = (actual - (expected - expected.mean(-2, keepdim=True))).abs()
    assert bool((error <= 1e-12 * (bound + sizes).amax(-2, keepdim=True) + 1e-300).all())
    assert found.experts.gate is not None
    for w, dim in zip(found.experts, (-1, -1, -2), strict=True):
        assert w is not None
        assert bool((w.sum(dim).abs() <= 1e-12 * w.abs().sum(dim) + 1e-12 * float(w.abs().max())).all())
    assert equal(found.undone(experts), experts)


def test_a_change_without_a_mean_is_carried_back() -> None:
    """The stored network then computes what the changed canonical one does, its mean left as it was."""
    experts, norm = some_experts((2, 8, 16), 5, "gated", dead=0.0)
    norm = norm.abs() + 0.1
    found = canonical_form(experts, norm, "centred_weight", "gated")
    assert found.experts.gate is not None
    signs = Experts(found.experts.gate.sign(), found.experts.up.sign(), found.experts.down.sign())
    back = reverted(signs, found, experts)
    x = torch.randn(16, 5, dtype=torch.float64, generator=seeded(9))
    x -= x.mean(0)
    wanted, _ = output(signs, x, "gated")
    actual, _ = output(back, norm[:, None] * x, "gated")
    without_mean = [one - one.mean(-2, keepdim=True) for one in (actual, wanted)]
    torch.testing.assert_close(*without_mean, rtol=1e-10, atol=1e-10)
    assert not equal(back, experts)


@pytest.mark.parametrize("degree", [2, 3])
def test_a_root_moves_with_the_exponent_and_snaps(degree: int) -> None:
    mantissa = torch.rand(100, dtype=torch.float64, generator=seeded(1)) + 0.5
    exponent = torch.arange(-50, 50)
    found = root(Norms(mantissa, exponent), degree)
    torch.testing.assert_close(found**degree, mantissa * power_of_two(exponent), rtol=1e-14, atol=0)
    assert torch.equal(root(Norms(mantissa, exponent + 7 * degree), degree), found * 2**7)
    near = torch.tensor([1 - 1e-13, 1.0, 1 + 1e-13, 1 + 1e-9], dtype=torch.float64)
    assert (root(Norms(near, torch.zeros(4, dtype=torch.int64)), degree) == 1).tolist() == [True, True, True, False]


def test_powers_of_two_are_exact() -> None:
    exponents = torch.tensor([-1022, -200, -1, 0, 1, 200, 1022])
    assert power_of_two(exponents).tolist() == [2.0 ** int(e) for e in exponents]


def test_norms_are_those_of_numpy() -> None:
    w = torch.randn(3, 5, 7, dtype=torch.float64, generator=seeded(2))
    for dim in (-1, -2):
        found = neuron_norms(w, dim)
        values = found.mantissa * power_of_two(found.exponent)
        torch.testing.assert_close(values, torch.linalg.vector_norm(w, dim=dim), rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda w: canonical_form(Experts(w, w, w), None, "none", "gated"),
            "canonical_form: gate, up and downᵀ have the shapes (2, 3), (2, 3) and (3, 2), expected one; pass the"
            " matrices of the same experts",
        ),
        (
            lambda w: canonical_form(Experts(None, w, w.mT), None, "none", "gated"),
            "balance: experts without a gate have no symmetry 'gated'; pass the family's own",
        ),
        (
            lambda w: canonical_form(Experts(w, w, w.mT), None, "none", "relu"),
            "balance: experts with a gate have no symmetry 'relu'; pass the family's own",
        ),
        (
            lambda w: canonical_form(Experts(w, w, w.mT), None, "none", "swish"),  # type: ignore[arg-type]
            "balance: symmetry 'swish', expected one of gated, gated_relu, relu, relu_squared, none; name the family's",
        ),
        (
            lambda w: canonical_form(Experts(w, w, w.mT), None, "weight", "gated"),
            "fold: no weight for a norm of form 'weight'; pass γ for every form but 'none'",
        ),
        (
            lambda w: canonical_form(Experts(w, w, w.mT), torch.ones(3), "none", "gated"),
            "fold: a weight of shape (3,) for a norm of form 'none'; pass γ for every form but 'none'",
        ),
        (
            lambda w: canonical_form(Experts(w, w, w.mT), torch.tensor([1.0, torch.nan, 1.0]), "weight", "gated"),
            "fold: the norm's weight has shape (3,) and 1 NaN or Inf, expected (3,) and none; pass the weight of the"
            " norm that feeds these experts",
        ),
    ],
)
def test_refusals(call: Callable[[Tensor], Canonical], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call(torch.ones(2, 3))
