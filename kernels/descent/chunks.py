"""An optimiser over many matrices, in chunks of a fixed size: on a CPU each on one thread, on a GPU by memory.

A chunk's result depends on its own matrices and nothing else, not on how many workers there are: one product on two
threads rounds differently from the same product on one, and a search amplifies that.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from kernels.batch import check_matrices, in_parallel
from kernels.descent.learned import Learned, joined
from kernels.gauge.moments import one_bit_cosine

Optimiser = Callable[[Tensor, Tensor], Learned]  # (w (b, out, in), start (in, in)) -> Learned

CHUNK_ENTRIES = 2**17  # entries of the charts or weights of one chunk: 8 matrices 64 x 128, one 2048 x 128
DEVICE_BYTES = 2**31  # of all that a chunk holds on a GPU while it is learned: 2 matrices 1024 x 2048


def in_chunks(searches: Sequence[tuple[Optimiser, Tensor, Tensor]], workers: int) -> list[Learned]:
    """`optimise(w, start)` of every `(optimise, w, start)`, their chunks side by side on `workers` threads, in order.

    `w (b, out, in)`, one `start (in, in)` for all b.

    Raises ValueError as an optimiser does, for weights of another shape, and for a start that is not one matrix.
    """
    parts = [_chunks(w, start, workers) for _, w, start in searches]
    tasks = [
        partial(optimise, part, start)
        for (optimise, _, start), chunks in zip(searches, parts, strict=True)
        for part in chunks
    ]
    on_cpu = all(w.device.type == "cpu" for _, w, _ in searches)
    done = iter(in_parallel(tasks, workers) if on_cpu else [task() for task in tasks])
    return [_joined([next(done) for _ in chunks]) for chunks in parts]


def _joined(found: list[Learned]) -> Learned:
    return found[0] if len(found) == 1 else joined(found)


def _chunks(w: Tensor, start: Tensor, workers: int) -> Sequence[Tensor]:
    check_matrices(w, "in_chunks", workers)
    if w.ndim != 3 or start.ndim != 2:  # noqa: PLR2004
        raise ValueError(
            f"in_chunks: weights {tuple(w.shape)} and start {tuple(start.shape)}, expected (b, out, in) and (in, in)"
        )
    one_bit_cosine(w)  # for its checks: a chunk would count its matrices from 0
    return torch.split(w, chunk_size(w))


def chunk_size(w: Tensor) -> int:
    """Matrices of `w (b, out, in)` that are learned together: on a CPU on one thread, elsewhere by `DEVICE_BYTES`."""
    rows, n = w.shape[-2:]
    if w.device.type == "cpu":
        return max(1, CHUNK_ENTRIES // (n * max(rows, n)))
    return max(1, DEVICE_BYTES // learning_bytes(rows, n))


def learning_bytes(rows: int, n: int) -> int:
    """What learning one rotation of a matrix `(rows, n)` holds at most [bytes], k = min(rows, n).

    96 n^2: the chart with gradient, moments and temporaries in float64, or afterwards R with its completion. 96 k n:
    basis and frames. 64 rows n: W and its coordinates, V and the passes over it. In float32 about half of it.
    """
    return n * (96 * n + 96 * min(rows, n) + 64 * rows)
