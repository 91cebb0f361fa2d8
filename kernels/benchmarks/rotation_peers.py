"""Other ways to learn the orthogonal R `(in, in)` that maximises beta(W R), each in its best setting, as runners.

A runner takes `w (out, in)`, a number of steps and a `start (in, in)`, works in float32 on the device of `w`, and
returns `(rotation, trace)`: the best iterate, and `(seconds since the start, beta)` for the start and every step. The
clock stops while beta is evaluated, which is done in float64 from outside, and while an iterate is kept; importing a
library comes before it. Libraries are optional: `pip install faiss-cpu geoopt`. Threads are the caller's affair.

Settings were searched on Gaussian 64 x 128 and 256 x 512 matrices, 50, 100 and 200 steps; they are the defaults.
"""

import importlib
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.utils.parametrizations import orthogonal

from kernels.gauge.moments import one_bit_cosine

Trace = list[tuple[float, float]]
Peer = Callable[[Tensor, int, Tensor], tuple[Tensor, Trace]]


class Stopwatch:
    """Seconds and beta of every iterate, and the best iterate; `record` does not count its own time."""

    def __init__(self, w: Tensor) -> None:
        self.trace: Trace = []
        self.best = torch.empty(0)
        self._w = w.double()
        self._best_beta = -math.inf
        self._seconds = 0.0
        self._resumed = _now(w)

    def record(self, rotation: Tensor) -> None:
        self._seconds += _now(rotation) - self._resumed
        detached = rotation.detach()
        beta = float(one_bit_cosine(self._w @ detached.double()))
        self.trace.append((self._seconds, beta))
        if beta > self._best_beta:
            self._best_beta, self.best = beta, detached.clone()
        self._resumed = _now(rotation)


def textbook_itq(w: Tensor, steps: int, start: Tensor) -> tuple[Tensor, Trace]:
    """ITQ as published: B = sign(W R), then R = U V^T of W^T B = U S V^T, by a float32 SVD of order `in` per step."""
    w, rotation = w.float(), start.float()
    watch = Stopwatch(w)
    watch.record(rotation)
    for _ in range(steps):
        v = w @ rotation
        u, _, vh = torch.linalg.svd(w.mT @ torch.where(v < 0.0, -1.0, 1.0))
        rotation = u @ vh
        watch.record(rotation)
    return watch.best, watch.trace


def faiss_itq(w: Tensor, steps: int, start: Tensor) -> tuple[Tensor, Trace]:
    """`faiss.ITQMatrix`, one `train` per step, each from the rotation before: as one `train` of `max_iter = steps`.

    It does not learn (faiss 1.15.1): of `cov = B^T W = U S V^T` LAPACK returns U and V^T, and `ITQMatrix::train`
    multiplies U by the transpose of the latter: A = U V instead of U V^T, orthogonal but unrelated to the problem. No
    setting avoids it. Kept as a witness; `faiss_opq` is what faiss can do. A is applied as `x A^T`, so R = A^T.
    """
    faiss = _library("faiss", "faiss-cpu")
    data, rotation, width = _numpy(w), start.double().cpu(), w.shape[1]
    watch = Stopwatch(w.float())
    watch.record(start.float())
    for _ in range(steps):
        transform = faiss.ITQMatrix(width)
        transform.max_iter = 1
        faiss.copy_array_to_vector(rotation.contiguous().numpy().ravel(), transform.init_rotation)
        transform.train(data)
        rotation = torch.from_numpy(faiss.vector_to_array(transform.A)).reshape(width, width).mT.double()
        watch.record(rotation.float().to(w.device))
    return watch.best, watch.trace


def faiss_opq(w: Tensor, steps: int, start: Tensor) -> tuple[Tensor, Trace]:
    """`faiss.OPQMatrix` with one 1-bit quantiser per column: ITQ with two free levels per column (k-means) as targets.

    The best that faiss has for this problem. Fed the rows of W *and* of -W, since it subtracts their mean (with fewer
    rows than columns it also corrupts memory, faiss 1.15.1; hence the repetition). Its own defaults otherwise: 40
    k-means rounds at first, then 4 per step from the levels before, which the quantiser keeps from call to call.
    """
    faiss = _library("faiss", "faiss-cpu")
    rows, width = w.shape
    data = _numpy(torch.cat((w, -w)).repeat(math.ceil(width / (2 * rows)), 1))
    watch = Stopwatch(w.float())
    watch.record(start.float())
    quantiser = faiss.ProductQuantizer(width, width, 1)
    transform = faiss.OPQMatrix(width, width)
    transform.pq, transform.niter = quantiser, 1
    faiss.copy_array_to_vector(_numpy(start.mT).ravel(), transform.A)
    for _ in range(steps):
        transform.train(data)
        transform.niter_pq_0 = transform.niter_pq
        rotation = torch.from_numpy(faiss.vector_to_array(transform.A)).reshape(width, width).mT
        watch.record(rotation.to(w.device))
    transform.pq = None  # it belongs to Python
    return watch.best, watch.trace


def geoopt_riemannian_adam(  # noqa: PLR0913, PLR0917 - a setting each, searched over
    w: Tensor,
    steps: int,
    start: Tensor,
    step_size: float | None = None,
    decay: bool = True,
    canonical: bool = False,
) -> tuple[Tensor, Trace]:
    """`geoopt.optim.RiemannianAdam` on a square `geoopt.Stiefel` parameter, loss -beta.

    *Riemannian* Adam, sometimes called "RAdam" (its file in geoopt is `radam.py`), is not Rectified Adam. On this
    manifold its second moment is one number per matrix, `<g, g>`, so `step_size` is the Frobenius norm of a whole step,
    not an angle per pair of columns: default 4.4 sqrt(in), 4.4 times that of R, decayed (1 is 2 % short of it). The
    Euclidean metric (QR retraction) bears such steps; the canonical one, geoopt's default, is best near 10 at 128.
    """
    geoopt = _library("geoopt", "geoopt")
    w = w.float()
    watch = Stopwatch(w)
    rotation = geoopt.ManifoldParameter(start.float().clone(), manifold=geoopt.Stiefel(canonical=canonical))
    optimiser = geoopt.optim.RiemannianAdam([rotation], lr=step_size or 4.4 * math.sqrt(w.shape[1]))
    watch.record(rotation)
    for _ in _descent(optimiser, lambda: minus_beta(w @ rotation), steps, decay):
        watch.record(rotation)
    return watch.best, watch.trace


def torch_orthogonal_radam(  # noqa: PLR0913, PLR0917
    w: Tensor,
    steps: int,
    start: Tensor,
    step_size: float | None = None,
    decay: bool = False,
    orthogonal_map: Literal["cayley", "matrix_exp"] = "cayley",
) -> tuple[Tensor, Trace]:
    """`torch.optim.RAdam` on `torch.nn.utils.parametrizations.orthogonal`, loss -beta.

    The weight of a square linear layer is `start` times the map of a skew-symmetric matrix (a static trivialisation,
    its default), differentiated by autograd. `step_size` defaults to 11/sqrt(in): 1.0 at 128 and 0.5 at 512 columns,
    far above the usual 0.01; a cosine decay pays only beyond 100 steps, by 1e-3 at most.
    """
    w, width = w.float(), w.shape[1]
    watch = Stopwatch(w)
    layer = torch.nn.Linear(width, width, bias=False, device=w.device)
    orthogonal(layer, "weight", orthogonal_map=orthogonal_map)
    layer.weight = start.float()
    optimiser = torch.optim.RAdam(layer.parameters(), lr=step_size or 11.0 / math.sqrt(width))
    watch.record(layer.weight)
    for _ in _descent(optimiser, lambda: minus_beta(w @ layer.weight), steps, decay):
        watch.record(layer.weight)
    return watch.best, watch.trace


def torch_orthogonal_radam_exponential(w: Tensor, steps: int, start: Tensor) -> tuple[Tensor, Trace]:
    """`torch_orthogonal_radam` through the matrix exponential."""
    return torch_orthogonal_radam(w, steps, start, orthogonal_map="matrix_exp")


PEERS: dict[str, Peer] = {
    "ITQ, torch.linalg.svd float32": textbook_itq,
    "faiss.ITQMatrix": faiss_itq,
    "faiss.OPQMatrix, 1 bit": faiss_opq,
    "geoopt RiemannianAdam": geoopt_riemannian_adam,
    "torch orthogonal cayley + RAdam": torch_orthogonal_radam,
    "torch orthogonal matrix_exp + RAdam": torch_orthogonal_radam_exponential,
}


def minus_beta(v: Tensor) -> Tensor:
    """-beta of `v (out, in)` in its own dtype, differentiable: scalar `[-]`."""
    return -(v.abs().sum(-1).square().sum() / (v.shape[-1] * v.square().sum())).sqrt()


def _descent(optimiser: torch.optim.Optimizer, loss: Callable[[], Tensor], steps: int, decay: bool) -> Iterator[None]:
    """Yields after every step; with `decay` the step size falls to 0 along half a cosine."""
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps) if decay else None
    for _ in range(steps):
        optimiser.zero_grad()
        loss().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if schedule:
            schedule.step()
        yield


def _library(name: str, package: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"rotation_peers: {name} is not installed; pip install {package} and run again") from error


def _numpy(a: Tensor) -> Any:
    return a.float().contiguous().cpu().numpy()


def _now(a: Tensor) -> float:
    if a.is_cuda:
        torch.cuda.synchronize(a.device)
    return time.perf_counter()
