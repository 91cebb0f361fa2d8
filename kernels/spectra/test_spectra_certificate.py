"""What `spectra` proves: its error bound, the energy ranks it certifies, and bits that depend on the matrix alone."""

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import mpmath
import pytest
import torch
from torch import Tensor

from kernels.spectra import spectrum as routes
from kernels.spectra.rank_estimators import REGISTERED_SHARES, energy_rank, energy_rank_range
from kernels.spectra.spectrum import Spectrum, singular_values, spectrum
from kernels.spectra.test_spectrum import digest, gaussian, ranks, tie_spectrum, with_singular_values

NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="cuda-absent: no GPU to compare with")
ADVERSARIAL = {
    "geometric to 1e-12": torch.logspace(0, -12, 12, dtype=torch.float64),
    "clustered": 1.0 + 1e-10 * torch.arange(12, 0, -1, dtype=torch.float64),
    "one large, rest at 1e-8": torch.tensor([1.0] + [1e-8] * 11, dtype=torch.float64),
    "two-valued": torch.tensor([2.0] * 6 + [1e-3] * 6, dtype=torch.float64),
    "at the 95 % boundary": tie_spectrum(20, 0.95),
}


def exact_energies(w: Tensor) -> list[float]:
    with mpmath.workdps(40):
        columns_first = mpmath.matrix(w.mT.tolist())
        return [float(value**2) for value in mpmath.svd_r(columns_first, compute_uv=False)]


def assert_within_bound(w: Tensor) -> None:
    result = spectrum(w)
    error = (result.energies - torch.tensor(exact_energies(w), dtype=torch.float64)).abs().max()
    assert error <= result.error_bound, f"energies off by {error:.3g}, bound {result.error_bound:.3g}"


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_true_error_is_within_the_bound(name: str) -> None:
    assert_within_bound(with_singular_values(ADVERSARIAL[name], len(ADVERSARIAL[name]) + 4, seed=21))


def test_the_bound_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = routes._gram_error
    monkeypatch.setattr(routes, "_gram_error", lambda energies, n: tuple(1e-9 * part for part in honest(energies, n)))
    with pytest.raises(AssertionError, match="energies off by"):
        assert_within_bound(with_singular_values(ADVERSARIAL["geometric to 1e-12"], 16, seed=21))


def test_the_bound_is_tight_enough_to_be_useful() -> None:
    """At the subject's k the slack must stay well below the step between cumulative energies, 2e-4 of the total."""
    x = torch.linspace(3.0, 0.1, 1024, dtype=torch.float64)
    bound, undecided = routes._gram_error(x, 2048)
    assert bound < 1e-5 * x[0]
    assert undecided < 2e-7 * x.sum()


def matrices_around_a_boundary(share: float) -> Tensor:
    """Matrices that differ in the last bits of one scale, around the very bit at which svdvals' energy rank changes."""

    def scaled(x: float) -> Tensor:
        w = gaussian((40, 60), seed=1)
        w[:20] *= x
        return w

    def rank(x: float) -> int:
        return int(energy_rank(singular_values(scaled(x)).square(), share))

    low, high = 1.0, 3.0
    rank_low = rank(low)
    assert rank_low != rank(high)
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if rank(middle) == rank_low else (low, middle)
    return torch.stack([scaled(low + i * math.ulp(low)) for i in range(-60, 60)])


def test_boundary_matrices_are_recomputed_and_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounding decides there: only svdvals itself gives svdvals' rank, the Gram matrix alone sometimes another."""
    batches = [matrices_around_a_boundary(share) for share in REGISTERED_SHARES]
    referees = [ranks(singular_values(w).square()) for w in batches]
    certified = [spectrum(w) for w in batches]
    assert all(result.recomputed.all() for result in certified)
    assert [ranks(result.energies) for result in certified] == referees
    never_near = lambda energies, shares: torch.full(energies.shape[:-1], torch.inf)  # noqa: E731
    monkeypatch.setattr(routes, "energy_rank_margin", never_near)
    uncertified = [spectrum(w) for w in batches]
    assert not any(result.recomputed.any() for result in uncertified)
    assert [ranks(result.energies) for result in uncertified] != referees
    singles = [w.float() for w in batches]
    in_float32 = [torch.linalg.eigvalsh(w @ w.mT).flip(-1).clamp_min(0) for w in singles]
    assert all(ranks(energies) != referee for energies, referee in zip(in_float32, referees, strict=True))


def test_a_rank_that_a_last_bit_moves_is_never_certified() -> None:
    """Neighbours in the last bits have different ranks by svdvals: both ranks must be within each one's range."""
    for share in REGISTERED_SHARES:
        w = matrices_around_a_boundary(share)
        found = spectrum(w)
        seen = energy_rank(singular_values(w).square(), share)
        least, most = energy_rank_range(found.energies, share, found.decision_error)
        assert seen.min() != seen.max()
        assert (least <= seen.min()).all()
        assert (most >= seen.max()).all()
        exact, _ = energy_rank_range(found.energies, share, torch.zeros_like(found.decision_error))
        assert not (exact <= seen.min()).all()  # without the bound the same check fails


def test_what_another_route_makes_of_a_matrix_is_within_its_range() -> None:
    """Against svdvals of a copy that is one unit in the last place off, and against an eigensolver."""
    w = torch.cat([gaussian((40, 12, 16), seed=31), torch.eye(12, 16, dtype=torch.float64)[None]])
    found = spectrum(w)
    moved = torch.nextafter(w, torch.full_like(w, torch.inf))
    others = [singular_values(moved).square(), torch.linalg.eigvalsh(w @ w.mT).flip(-1).clamp_min(0)]
    for share in REGISTERED_SHARES:
        least, most = energy_rank_range(found.energies, share, found.decision_error)
        for energies in others:
            seen = energy_rank(energies, share)
            assert (least <= seen).all()
            assert (seen <= most).all()
        certified = least == most
        assert certified[:-1].all()  # of ordinary matrices every rank


def test_an_exact_tie_is_not_certified_and_a_clear_rank_is() -> None:
    identity = spectrum(torch.eye(20, 30, dtype=torch.float64))
    assert identity.recomputed
    ranges = [energy_rank_range(identity.energies, share, identity.decision_error) for share in REGISTERED_SHARES]
    assert [(int(least), int(most)) for least, most in ranges] == [(18, 19), (19, 20), (20, 20)]


def test_ordinary_matrices_are_not_recomputed() -> None:
    result = spectrum(gaussian((20, 64, 128), seed=30))
    assert result.recomputed.shape == result.error_bound.shape == (20,)
    assert not result.recomputed.any()


# --- independence of workers, batch and process ---------------------------------------------------------------------


def test_bits_do_not_depend_on_workers_batch_or_threads() -> None:
    w = gaussian((6, 96, 200), seed=40, dtype=torch.bfloat16)
    expected = digest(spectrum(w, workers=1))
    threads = torch.get_num_threads()
    try:
        for workers, outer_threads in [(2, 1), (2, 2), (3, 2), (8, 1)]:
            torch.set_num_threads(outer_threads)
            assert digest(spectrum(w, workers=workers)) == expected
            assert torch.get_num_threads() == outer_threads
    finally:
        torch.set_num_threads(threads)
    alone = [spectrum(w[i]) for i in (5, 0, 1, 2, 3, 4)]
    in_order = alone[1:] + alone[:1]
    fields = ("energies", "error_bound", "recomputed", "decision_error")
    assert digest(Spectrum(*(torch.stack([getattr(part, field) for part in in_order]) for field in fields))) == expected
    assert digest(spectrum(w.reshape(2, 3, 96, 200), workers=2)) == expected
    assert digest(spectrum(w.mT.contiguous().mT)) == expected
    assert torch.equal(singular_values(w, workers=2), torch.stack([singular_values(w[i]) for i in range(6)]))


CHILD = """
import torch
from kernels.spectra.spectrum import spectrum
from kernels.spectra.test_spectrum import digest, gaussian
torch.set_num_threads(2)
print(digest(spectrum(gaussian((2, 512, 768), seed=41), workers=2)))
"""


def test_bits_do_not_depend_on_the_process() -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.strip() == digest(spectrum(gaussian((2, 512, 768), seed=41)))


def test_digest_sees_one_flipped_bit() -> None:
    result = spectrum(gaussian((3, 8, 12), seed=42))
    flipped = result.energies.clone()
    flipped[1, 7] = torch.nextafter(flipped[1, 7], torch.tensor(torch.inf, dtype=torch.float64))
    assert digest(replace(result, energies=flipped)) != digest(result)


# --- on a GPU -------------------------------------------------------------------------------------------------------


def chunked_matches(w: Tensor, by_chunks: Spectrum) -> bool:
    expected = spectrum(w)
    near = (by_chunks.energies.cpu() - expected.energies).abs() <= 2 * expected.error_bound[..., None]
    return bool(near.all()) and ranks(by_chunks.energies.cpu()) == ranks(expected.energies)


@pytest.mark.parametrize(
    "path", [routes.eigenvalues_on_device, partial(routes.eigenvalues_beside, cores=2)], ids=["device", "beside"]
)
def test_chunked_route_on_cpu(path: Callable[[Tensor], Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU runs, run here: chunks of two out of five matrices, one of them at a boundary."""
    w = torch.cat([gaussian((4, 20, 25), seed=50), with_singular_values(tie_spectrum(20, 0.95), 25, seed=51)[None]])
    monkeypatch.setattr(routes, "DEVICE_BYTES_PER_CHUNK", 2 * 8 * (2 * 20 * 25 + 2 * 20 * 20))
    parts = [routes._certified(w, indices, path) for indices in routes.device_chunks(w)]
    assert [len(part.error_bound) for part in parts] == [2, 2, 1]
    assert parts[2].recomputed.all()
    fields = ("energies", "error_bound", "recomputed", "decision_error")
    joined = Spectrum(*(torch.cat([getattr(part, field) for part in parts]) for field in fields))
    assert chunked_matches(w, joined)
    assert not chunked_matches(w, replace(joined, energies=joined.energies * 1.001))


@NO_CUDA
@pytest.mark.parametrize("workers", [1, routes.CORES_BESIDE], ids=["device", "beside"])
def test_cuda_parity(workers: int) -> None:
    w = gaussian((5, 256, 512), seed=52, dtype=torch.bfloat16)
    assert chunked_matches(w, spectrum(w.cuda(), workers))
    assert torch.equal(singular_values(w.cuda()).cpu(), singular_values(w))
