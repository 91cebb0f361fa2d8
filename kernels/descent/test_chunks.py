"""Chunks on threads: results do not depend on the number of workers, come in order, and errors are not lost."""

import threading
from collections.abc import Callable
from dataclasses import fields

import pytest
import torch
from torch import Tensor

from kernels.descent import chunks
from kernels.descent.chunks import CHUNK_ENTRIES, chunk_size, learning_bytes
from kernels.descent.learned import Learned
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import haar_orthogonal, rotate
from kernels.searches.annealed_procrustes import annealed_procrustes
from kernels.searches.procrustes import procrustes
from kernels.searches.radam import radam

Optimiser = Callable[[Tensor, Tensor], Learned]
OPTIMISERS: dict[str, Optimiser] = {
    "procrustes": lambda w, start: procrustes(w, 5, start),
    "annealed_procrustes": lambda w, start: annealed_procrustes(w, 5, start),
    "radam": lambda w, start: radam(w, 20, start, step_size=1.0),
}
every_optimiser = pytest.mark.parametrize("optimise", OPTIMISERS.values(), ids=OPTIMISERS.keys())


def in_chunks(optimise: Optimiser, w: Tensor, start: Tensor, workers: int) -> Learned:
    return chunks.in_chunks([(optimise, w, start)], workers)[0]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


def assert_same_bits(one: Learned, other: Learned) -> None:
    for field in fields(Learned):
        mine, its = getattr(one, field.name), getattr(other, field.name)
        if field.name == "seconds":
            assert mine.shape == its.shape
        elif isinstance(mine, Tensor):
            assert torch.equal(mine, its), field.name
        else:
            assert mine == its, field.name


def test_chunk_size_by_hand() -> None:
    assert CHUNK_ENTRIES == 131072
    shapes = [(1, 1), (16, 16), (64, 128), (128, 64), (2048, 64), (2048, 128), (5, 256), (5, 257), (1024, 2048)]
    assert [chunk_size(torch.empty((1, *shape))) for shape in shapes] == [131072, 512, 8, 16, 1, 1, 2, 1, 1]


def test_chunks_of_another_device_go_by_what_learning_holds() -> None:
    """`meta` stands for any device that is no CPU. 1024 x 2048: 2048 (96 * 2048 + 96 * 1024 + 64 * 1024) bytes."""
    shapes = [(1024, 2048), (2048, 1024), (131072, 2048)]
    assert learning_bytes(1024, 2048) == 738_197_504
    assert [chunk_size(torch.empty((1, *shape), device="meta")) for shape in shapes] == [2, 6, 1]


@pytest.mark.parametrize("rows", [24, 128], ids=["wide", "square"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@every_optimiser
def test_same_bits_for_any_number_of_workers(
    optimise: Optimiser, dtype: torch.dtype, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 2 * 128**2)
    w, start = gaussian((5, rows, 128)), haar_orthogonal(128, generator(1), dtype=dtype)  # chunks of 2, 2 and 1
    reference = in_chunks(optimise, w, start, workers=1)
    for workers in (2, 3):
        assert_same_bits(in_chunks(optimise, w, start, workers), reference)
    torch.testing.assert_close(one_bit_cosine(rotate(w, reference.rotation)), reference.beta, rtol=1e-12, atol=0.0)
    # A chunk knows nothing of the others.
    alone = in_chunks(optimise, w[2:4], start, workers=1)
    assert torch.equal(alone.frame, reference.frame[2:4])
    assert torch.equal(alone.curve, reference.curve[:, 2:4])


def test_order_is_kept_when_later_chunks_finish_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 2 * 12**2)
    w, start = gaussian((7, 5, 12)), torch.eye(12)
    finished: list[int] = []
    last_is_done = threading.Event()

    def slow_at_first(part: Tensor, start: Tensor) -> Learned:
        number = next(i for i in range(4) if torch.equal(part, w[2 * i : 2 * i + 2]))
        if number == 0:
            assert last_is_done.wait(timeout=600.0)
        found = procrustes(part, 3, start)
        finished.append(number)
        if number == 3:
            last_is_done.set()
        return found

    found = in_chunks(slow_at_first, w, start, workers=2)
    assert finished == [1, 2, 3, 0]
    assert found.beta.shape == (7,)
    for i in range(7):
        alone = procrustes(w[i : i + 1], 3, start)
        torch.testing.assert_close(found.beta[i : i + 1], alone.beta, rtol=1e-6, atol=0.0)
    assert (found.beta.diff().abs() > 1e-5).all()  # so that an exchange would be seen


def test_every_chunk_runs_on_one_thread_with_the_shared_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 3 * 12**2)
    start, threads, sizes = torch.eye(12), [], []

    def watched(part: Tensor, given: Tensor) -> Learned:
        assert given is start
        threads.append(torch.get_num_threads())
        sizes.append(len(part))
        return procrustes(part, 2, given)

    before = torch.get_num_threads()
    in_chunks(watched, gaussian((7, 5, 12)), start, workers=1)
    assert sizes == [3, 3, 1]
    assert threads == [1, 1, 1]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("workers", [1, 2])
def test_error_in_a_later_chunk_is_raised(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 2 * 12**2)
    w, start = gaussian((6, 5, 12)), torch.eye(12)
    for optimise in OPTIMISERS.values():
        in_chunks(optimise, w, start, workers)
    w[5, 1, 1] = torch.nan
    for optimise in OPTIMISERS.values():
        with pytest.raises(ValueError, match=r"holds 1 NaN or Inf among 60 weights"):
            in_chunks(optimise, w, start, workers)


def test_first_of_two_errors_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 12**2)
    later_is_raised = threading.Event()

    def failing(part: Tensor, start: Tensor) -> Learned:
        number = int(part[0, 0, 0]) - 10
        if number == 1:
            assert later_is_raised.wait(timeout=600.0)
        if number == 2:
            later_is_raised.set()
        if number > 0:
            raise RuntimeError(f"chunk {number}")
        return procrustes(gaussian((1, 5, 12)), 1, start)

    w = 10.0 + torch.arange(3.0)[:, None, None].expand(3, 5, 12)
    with pytest.raises(RuntimeError, match=r"^chunk 1$"):
        in_chunks(failing, w, torch.eye(12), workers=3)


def test_nothing_to_learn_is_named() -> None:
    with pytest.raises(ValueError, match=r"^in_chunks: shape \(0, 5, 12\) is empty"):
        in_chunks(OPTIMISERS["procrustes"], torch.empty(0, 5, 12), torch.eye(12), workers=2)


def test_one_start_serves_all() -> None:
    with pytest.raises(ValueError, match=r"^in_chunks: weights \(2, 5, 12\) and start \(2, 12, 12\), expected"):
        in_chunks(OPTIMISERS["procrustes"], gaussian((2, 5, 12)), torch.eye(12).expand(2, 12, 12), workers=2)


def test_an_error_names_the_matrix_by_its_place_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 2 * 12**2)
    w = gaussian((6, 5, 12))
    w[5] = 0.0
    with pytest.raises(ValueError, match=r"matrix \[5\]"):
        in_chunks(OPTIMISERS["procrustes"], w, torch.eye(12), workers=2)


def test_off_the_cpu_chunks_go_by_memory_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "one_bit_cosine", lambda w: w)  # `meta` has no values to check
    monkeypatch.setattr(chunks, "DEVICE_BYTES", 250 * learning_bytes(5, 128))
    w, start = torch.empty((600, 5, 128), device="meta"), torch.empty((128, 128), device="meta")
    answer = procrustes(gaussian((1, 5, 12)), 1, torch.eye(12))
    sizes: list[int] = []

    def recorded(part: Tensor, given: Tensor) -> Learned:
        assert given is start
        sizes.append(len(part))
        return answer

    assert in_chunks(recorded, w, start, workers=2).beta.tolist() == answer.beta.tolist() * 3
    assert sizes == [250, 250, 100]


def test_searches_of_different_shapes_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 2 * 12**2)
    wide, tall, start = gaussian((3, 5, 12)), gaussian((2, 24, 12)), torch.eye(12)
    searches = [(OPTIMISERS["procrustes"], wide, start), (OPTIMISERS["radam"], tall, start)]
    one, other = chunks.in_chunks(searches, workers=2)
    assert_same_bits(one, in_chunks(*searches[0], workers=1))
    assert_same_bits(other, in_chunks(*searches[1], workers=1))
