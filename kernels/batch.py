"""One matrix at a time: the input check, the exact power-of-two scaling and the worker pool shared by the spectra.

Each matrix is upcast, scaled and decomposed on its own, on one thread of torch and of numpy's BLAS, so that its result
depends on its bits alone: not on the other matrices of the batch, nor on the number of workers. (One BLAS call on two
threads rounds differently from the same call on one.)
"""

import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

Result = TypeVar("Result")

# Squared singular values have to fit float64 with room for their sum and for 1e-32 relative tails: 2^(2*400) * 2^64 <
# 2^1023.
MAX_EXPONENT = 400


def check_matrices(w: Tensor, caller: str, workers: int = 1) -> None:
    """Raise ValueError unless `w` is a non-empty floating tensor `(..., out, in)` and `workers` >= 1."""
    if not w.is_floating_point():
        raise ValueError(f"{caller}: dtype {w.dtype}, expected a floating dtype; dequantise or cast the weights first")
    if w.ndim <= 1:
        raise ValueError(
            f"{caller}: shape {tuple(w.shape)}, expected (..., out, in) with at least 2 axes; reshape the weights"
        )
    if w.numel() == 0:
        raise ValueError(f"{caller}: shape {tuple(w.shape)} is empty, expected every axis >= 1; check what was read")
    if workers < 1:
        raise ValueError(f"{caller}: workers is {workers}, expected >= 1; pass the number of cores to use")


def scaled_matrix(w: Tensor, index: tuple[int, ...], caller: str) -> tuple[Tensor, int]:
    """`w[index]` as `(A, e)`: A = 2^-e W, float64, contiguous, small side first `(k, n)`, max|A| in [0.5, 1).

    Exact, whatever the floating dtype: float64 holds all narrower formats, and the scale is a power of two; entries
    2^622 times smaller than the largest may flush to zero. Small side first makes W and its transpose one computation.
    Raises ValueError for NaN or Inf, for an all-zero matrix (its d_eff is undefined) and for max|W| outside 2^+-400.
    """
    matrix = w.detach()[index]
    small_side_first = matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix
    a = torch.empty(small_side_first.shape, dtype=torch.float64, device=w.device).copy_(small_side_first)
    low, high = (float(extreme) for extreme in torch.aminmax(a))
    largest = max(-low, high)
    where = f"{caller}: matrix {list(index)} of shape {tuple(matrix.shape)}"
    if not (math.isfinite(low) and math.isfinite(high)):
        count = int((~a.isfinite()).sum())
        raise ValueError(f"{where} holds {count} NaN or Inf among {a.numel()} weights, expected 0; re-read that tensor")
    if largest == 0.0:
        raise ValueError(
            f"{where} is all zero, expected a non-zero matrix; its effective dimension is undefined, drop it"
        )
    exponent = math.frexp(largest)[1]
    if abs(exponent) > MAX_EXPONENT:
        raise ValueError(f"{where} has max|w| = {largest:.3g}, expected within 2^+-{MAX_EXPONENT}; rescale the weights")
    return a.mul_(2.0**-exponent), exponent


def matrix_indices(batch_shape: torch.Size) -> list[tuple[int, ...]]:
    """Every index into the leading axes, in row-major order; `[()]` for a single matrix."""
    return list(itertools.product(*map(range, batch_shape)))


def map_matrices(function: Callable[[tuple[int, ...]], Result], batch_shape: torch.Size, workers: int) -> list[Result]:
    """`function(index)` for every index of `batch_shape`, row-major, on `workers` threads, each single-threaded within.

    Results come in index order, and the error raised is that of the first failing index. The threads of numpy's BLAS
    are limited for the whole process meanwhile, and `torch.set_num_threads` is process-wide for threads born later:
    both are put back afterwards.
    """
    indices = matrix_indices(batch_shape)
    intra_op_threads = torch.get_num_threads()
    try:
        with (
            threadpool_limits(1, user_api="blas"),
            ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
        ):
            futures = [pool.submit(function, index) for index in indices]
            try:
                return [future.result() for future in futures]
            finally:
                for future in futures:
                    future.cancel()
    finally:
        torch.set_num_threads(intra_op_threads)


def single_threaded_pool(workers: int) -> ThreadPoolExecutor:
    """`workers` threads, each on one thread of torch, for a caller that comes back to them often.

    Threads that are born for each call page in their memory each time: a model's forward takes a quarter less on kept
    ones. numpy's BLAS is not limited here.
    """
    intra_op_threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=_on_one_thread_for_good)
    all_born = Barrier(workers)
    try:
        list(pool.map(lambda _: all_born.wait(), range(workers)))
    finally:
        torch.set_num_threads(intra_op_threads)
    return pool


def _on_one_thread_for_good() -> None:
    """A thread takes the process's number when it first computes, unless it has been asked for its own before."""
    torch.set_num_threads(1)
    torch.get_num_threads()


def in_parallel(tasks: Sequence[Callable[[], Result]], workers: int) -> list[Result]:
    """Each task on one thread of its own, `workers` at a time: what comes out does not depend on how many there are."""
    return map_matrices(lambda i: tasks[i[0]](), torch.Size([len(tasks)]), workers)


def on_one_thread(task: Callable[[], Result]) -> Result:
    """`task()` with one thread of torch and of BLAS, for what would round differently on several."""
    return in_parallel([task], workers=1)[0]


def check_generator(caller: str, w: Tensor, generator: torch.Generator) -> None:
    """Raises ValueError as `check_matrices` does, and for a generator on another device than `w`."""
    check_matrices(w, caller)
    if generator.device != w.device:
        raise ValueError(
            f"{caller}: weights on {w.device} and generator on {generator.device}, expected one device; seed a"
            " generator on the device of the weights"
        )
