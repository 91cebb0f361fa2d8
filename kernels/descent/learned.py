"""What every optimiser of a rotation is given and returns, and the checks that they share.

An optimiser looks for the orthogonal R, one per matrix, that maximises the one-bit cosine beta(W R). It takes
`w (b, out, in)` and a `start`, and returns a `Learned`. A rotation shared by several matrices is learned on their rows
stacked into one matrix.

**Frame.** For out < in, W = L Q^T with Q `(in, out)` orthonormal, and beta depends on R through F = Q^T R alone: the
search runs over frames F `(out, in)` with orthonormal rows, and R is completed only when it is asked for. Exact, not
an approximation. For out >= in, L = W and F = R.

**Precision.** The search runs in the dtype of `start`. float32 is enough to find a rotation and 2.5 times faster; the
frame that is kept is then made orthonormal in float64, and its beta is computed in float64.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from kernels.batch import check_matrices
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import ROTATION_DTYPES, orthogonality_residual, require_orthogonal, residual_tolerance

Settings = Mapping[str, str | int | float]
Move = Callable[[int, Tensor, Tensor, Tensor], Tensor]  # (step, frame F, V = L F, beta) -> the next frame

POLISHES = 4  # each squares the residual: float32 frames need one or two
PLATEAU = 1e-3  # of beta: a tenth of a percent, a third of the tolerance of the published Gaussian levels


@dataclass(frozen=True)
class Learned:
    """Rotations learned for a batch of b matrices `(b, out, in)`, with how the search went.

    basis: `(b, in, k)` float64, k = min(out, in): orthonormal, spans the rows of W; None for out >= in.
    frame: `(b, k, in)` float64, F = Q^T R at the best iterate.
    beta: `(b,)` float64 `[-]`, one-bit cosine of `W R` at that iterate, computed in float64.
    curve: `(steps + 1, b)` float64 `[-]`, one-bit cosine of every iterate in the search's own precision; row 0 is the
        start.
    best_step: `(b,)` int64, the row of `curve` that is highest, and first so.
    plateau_step: `(b,)` int64, the first step after which the best beta still rises by less than `PLATEAU` *in total*.
        A property of the run, not of the matrix: with too few steps, or too small ones, it says little.
    residual: `(b,)` float64 `[-]`, `max |F F^T - I|`, at most 10 n eps.
    seconds: wall time of the whole call, one value per matrix `(b,)`: its batch's time divided by the batch.
    settings: everything that decides the result besides weights and start, for the record.
    """

    basis: Tensor | None
    frame: Tensor
    beta: Tensor
    curve: Tensor
    best_step: Tensor
    plateau_step: Tensor
    residual: Tensor
    seconds: Tensor
    settings: Settings

    @cached_property
    def rotation(self) -> Tensor:
        """`(b, in, in)` float64, orthogonal to 10 n eps, to be applied as `W R`; raises ValueError if it is not.

        Where out < in, one of the many with Q^T R = F: what R does to the complement of W's rows changes no beta of W.
        """
        # Polished, since rows that are orthonormal to 10 n eps may have columns that are so to a little less
        r = polished(self.frame if self.basis is None else _completed(self.basis, self.frame))
        require_orthogonal(r, f"{self.settings['optimiser']}: learned rotation")
        return r

    def forgotten(self) -> "Learned":
        """The same without basis and frame, 32 MiB for a matrix of 1024 x 2048: its `rotation` raises ValueError."""
        return replace(self, basis=None, frame=self.frame[:, :0, :0].clone())


@dataclass(frozen=True)
class Search:
    """The problem as a search sees it: W = L Q^T, scaled, with the frame that it starts from."""

    basis: Tensor | None  # Q, float64
    exact: Tensor  # L, float64 (b, out, k)
    coordinates: Tensor  # L in the search's dtype
    start: Tensor  # F at the start (b, k, in), in the search's dtype
    energy: Tensor  # |W R|_F^2, the same for every R: (b,), in the search's dtype
    began: float

    def followed(self, steps: int, move: Move, settings: Settings) -> Learned:
        """The `Learned` of `steps` moves from the start, with the best iterate kept."""
        frame = self.start
        v = self.coordinates @ frame
        curve = [self.beta(v)]
        best = Best(frame, curve[0])
        for step in range(1, steps + 1):
            frame = move(step, frame, v, curve[-1])
            v = self.coordinates @ frame
            curve.append(self.beta(v))
            best.offer(frame, curve[-1])
        return self.finished(best.frame, curve, settings)

    def beta(self, v: Tensor) -> Tensor:
        """`beta_of` this problem."""
        return beta_of(v, self.energy)

    def gradient(self, v: Tensor, beta: Tensor) -> Tensor:
        """`frame_gradient` of this problem."""
        return frame_gradient(self.coordinates, v, self.energy, beta)

    def finished(self, frame: Tensor, curve: list[Tensor], settings: Settings) -> Learned:
        """The `Learned` of the best `frame (b, k, in)` and the betas of all iterates, each `(b,)`.

        Raises ValueError where the frame is not orthonormal to 10 n eps: such a result is never handed on.
        """
        n = frame.shape[-1]
        tolerance = residual_tolerance(n, torch.float64)
        frame = frame.double()
        for _ in range(POLISHES):
            frame = polished(frame)
            residual = orthogonality_residual(frame.mT)
            failing = ~(residual <= tolerance)
            if not bool(failing.any()):
                break
        else:
            raise ValueError(
                f"{settings['optimiser']}: learned frame: max |F F^T - I| = {residual[failing][0].item():.3g} [-] for"
                f" matrix {failing.nonzero()[0].item()}, expected <= 10 n eps = {tolerance:.3g} at n = {n}; the search"
                " diverged, register another budget"
            )
        followed = torch.stack(curve).double()
        return Learned(
            basis=self.basis,
            frame=frame,
            beta=one_bit_cosine(self.exact @ frame),
            curve=followed,
            best_step=followed.argmax(0),
            plateau_step=plateau_step(followed),
            residual=residual,
            seconds=torch.full_like(residual, (time.perf_counter() - self.began) / len(residual)),
            settings={**settings, "precision": str(self.start.dtype).removeprefix("torch.")},
        )


class Best:
    """Keeps, for each matrix of a batch, the iterate with the highest beta."""

    def __init__(self, frame: Tensor, beta: Tensor) -> None:
        self.frame, self.beta = frame.clone(), beta.clone()

    def offer(self, frame: Tensor, beta: Tensor) -> None:
        better = beta > self.beta
        self.beta = torch.where(better, beta, self.beta)
        self.frame = torch.where(better[:, None, None], frame, self.frame)


def search(w: Tensor, start: Tensor, steps: int, caller: str) -> Search:
    """The search for rotations of `w (b, out, in)` from `start`, in the dtype of `start`; scaled to max|W| = 1.

    `start` is one orthogonal matrix `(in, in)` for all, or one each `(b, in, in)`, float32 or float64. Raises
    ValueError for any other shape or dtype, for NaN, Inf, all-zero or empty weights, for a start that is not orthogonal
    to 10 n eps, and for steps < 1.
    """
    began = time.perf_counter()
    if w.ndim != 3:  # noqa: PLR2004
        raise ValueError(f"{caller}: weights of shape {tuple(w.shape)}, expected (b, out, in); pass w[None] for one")
    check_matrices(w, caller)
    if steps < 1:
        raise ValueError(f"{caller}: steps is {steps}, expected >= 1; pass the registered budget")
    b, rows, n = w.shape
    if start.dtype not in ROTATION_DTYPES or start.shape not in ((n, n), (b, n, n)) or start.device != w.device:
        raise ValueError(
            f"{caller}: start {start.dtype} of shape {tuple(start.shape)} on {start.device}, expected float32 or"
            f" float64 of shape {(n, n)} or {(b, n, n)} on {w.device}; draw it with haar_orthogonal or pass the"
            " identity"
        )
    require_orthogonal(start, f"{caller}: start")
    one_bit_cosine(w.detach())  # for its checks of the values
    exact = w.detach().double()
    exact = exact / exact.abs().amax((-2, -1), keepdim=True)
    frame = start.detach().expand(b, n, n)
    basis = None
    if rows < n:
        basis, triangle = torch.linalg.qr(exact.mT)
        exact = triangle.mT.contiguous()
        frame = (basis.mT @ frame.double()).to(start.dtype)
    energy = exact.square().sum((-2, -1)).to(start.dtype)
    return Search(basis, exact, exact.to(start.dtype), frame.contiguous(), energy, began)


def beta_of(v: Tensor, energy: Tensor) -> Tensor:
    """One-bit cosine of `v (b, out, in)` with known `energy (b,)` = |V|_F^2, in the dtype of `v`: `(b,)`."""
    return (v.abs().sum(-1).square().sum(-1) / (v.shape[-1] * energy)).sqrt()


def frame_gradient(coordinates: Tensor, v: Tensor, energy: Tensor, beta: Tensor) -> Tensor:
    """`L^T dbeta/dV` at V = L F, up to a multiple of L^T V, which no rotation changes: `(b, k, in)`.

    `dbeta/dV = |v_i|_1 sign(v) / (n |V|_F^2 beta)`. `coordinates (b, out, k)` = L, `v (b, out, in)`, `energy (b,)` =
    |V|_F^2, `beta (b,)`.
    """
    scale = (v.shape[-1] * energy * beta)[:, None]
    return coordinates.mT @ (v.sign() * (v.abs().sum(-1) / scale)[..., None])


def joined(parts: list[Learned]) -> Learned:
    """One `Learned` of several, in order; they were learned under the same settings."""
    bases = [part.basis for part in parts if part.basis is not None]
    return Learned(
        basis=torch.cat(bases) if bases else None,
        frame=torch.cat([part.frame for part in parts]),
        beta=torch.cat([part.beta for part in parts]),
        curve=torch.cat([part.curve for part in parts], 1),
        best_step=torch.cat([part.best_step for part in parts]),
        plateau_step=torch.cat([part.plateau_step for part in parts]),
        residual=torch.cat([part.residual for part in parts]),
        seconds=torch.cat([part.seconds for part in parts]),
        settings=parts[0].settings,
    )


def polished(frame: Tensor) -> Tensor:
    """`(3 I - F F^T) F / 2` for nearly orthonormal rows `frame (b, k, n)`: rounding gathered on the way is squared.

    One Newton-Schulz step towards the polar factor: a residual d becomes about 3 d^2 / 4. Not a projection: a matrix
    far from orthonormal stays so, and is refused by `Search.finished`.
    """
    return 1.5 * frame - 0.5 * ((frame @ frame.mT) @ frame)


def plateau_step(curve: Tensor) -> Tensor:
    """The first step t with `max(curve) - max(curve[:t + 1]) < PLATEAU`, for `curve (steps + 1, b)`: int64 `(b,)`."""
    best_so_far = curve.cummax(0).values
    settled = best_so_far[-1] - best_so_far < PLATEAU
    return settled.int().argmax(0)  # argmax returns the first of the ones; the last step is always one


def _completed(basis: Tensor, frame: Tensor) -> Tensor:
    """An orthogonal R `(b, in, in)` with Q^T R = F: complement to complement, whatever it is there."""
    rows = frame.shape[-2]
    rest = torch.linalg.qr(basis, mode="complete")[0][..., rows:]
    complement = torch.linalg.qr(frame.mT, mode="complete")[0][..., rows:]
    rotation: Tensor = basis @ frame + rest @ complement.mT
    return rotation
