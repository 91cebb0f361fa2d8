"""Matrices whose one-bit cosine is known by construction, before and after the best rotation: controls for the lift.

Two kinds, for two questions. A **sign lattice** behind a Haar rotation sits at the Haar level, 0.80, and reaches 1
exactly: its lift is at most 1.25, and it tests the optimiser. A **peaky codebook** starts where it is told to, below
the Haar level: a Haar rotation alone lifts 0.60 by 1.33 and learning by 1.65, so it tests a gate at 1.5.

**Which lattice can be found.** It is independent component analysis with binary sources, and takes about n^2 *distinct*
rows: pass `distinct` >= 10 out. Of 60 lattices of 1536 x 24 annealed Procrustes (120 steps) and RAdam (200 steps
of 0.3 or 1.0) take every one to beta >= 0.97, where Gaussian matrices of that shape stop at 0.83. With fewer rows the
lattice lands where a Gaussian matrix does: 0.99 against 0.84 at 1024 x 32, 0.88 against 0.88 at 256 x 32 (Procrustes).
What is left with enough of them are local maxima in which three columns are mixed by `I - 2/3 J`, each 1/(2n) below 1:
hence n >= 24 for a threshold of 0.97.

**What the codebook is not.** Its entries alone, shuffled, are lifted as far (1.69 at 64 x 128, 1.60 at 128 x 64): heavy
tails raise the lift, and one rotation per matrix fits the rest. Only a rotation shared by many matrices tells it from
`shuffled_null` (32 of 128 x 64: learned over Haar 1.23 against 1.04).
"""

import math

import torch
from torch import Tensor

from kernels.gauge.moments import one_bit_cosine
from kernels.planted.planted import check_shape
from kernels.rotations import haar_orthogonal

BETA_TOLERANCE = 0.002  # [-]: a fifth of the 0.01 within which the registered control holds its unrotated beta
SETTLED = 2e-4  # [-]: an order below the tolerance; at beta 0.6 reached in 15 to 60 rounds
ROUNDS = 150
MAX_POWER = 8.0  # |t|^8 is one spike per codeword: a larger power changes nothing
SCALES = (0.5, 1.5)  # of the rows: with them participation ratio / k is 0.15 to 0.2 at rank_fraction 0.2


def sign_lattice(shape: tuple[int, ...], distinct: int, generator: torch.Generator, *, shared: bool = False) -> Tensor:
    """`S R`, rows of S from `sign_rows`, R a Haar rotation for each matrix: float32 `(..., out, in)`, mean square 1.

    The optimum of beta over rotations is exactly 1, at R^T; the unrotated beta is that of any matrix after a Haar
    rotation. `shared`: one R for the whole batch, each matrix with its own S. Draws S first, then R, so that both can
    be drawn again from the same seed. Computed in float64. Errors as for `sign_rows`. Limit: the optimum is *found*
    only with many distinct rows (module docstring).
    """
    rows = sign_rows(shape, distinct, generator)
    return (rows @ haar_orthogonal(shape[-1], generator, () if shared else tuple(shape[:-2]))).float()


def sign_rows(shape: tuple[int, ...], distinct: int, generator: torch.Generator) -> Tensor:
    """Rows drawn with replacement from `distinct` different random vectors of +-1: float64 `(..., out, in)`.

    The vectors are a uniform draw without replacement, for each matrix anew; a vector and its negative count as two.
    Raises ValueError for a shape that is not at least `(out, in)` with sides >= 1 and for `distinct` outside 1 ...
    2^in.
    """
    check_shape("sign_rows", shape)
    *batch, rows, columns = shape
    if not 1 <= distinct <= 2**columns:
        raise ValueError(f"sign_rows: distinct is {distinct}, expected 1 <= distinct <= 2^{columns}, all there are")
    matrices = []
    for _ in range(math.prod(batch)):
        codebook = torch.empty((0, columns), dtype=torch.int64, device=generator.device)
        while len(codebook) < distinct:  # repeats are drawn again: rare unless `distinct` is close to 2^in
            fresh = torch.randint(
                0, 2, (distinct - len(codebook), columns), device=generator.device, generator=generator
            )
            codebook = torch.unique(torch.cat((codebook, fresh)), dim=0)
        chosen = torch.randint(0, distinct, (rows,), device=generator.device, generator=generator)
        matrices.append(2.0 * codebook[chosen].double() - 1.0)
    return torch.stack(matrices).reshape(shape)


def peaky_codebook(  # noqa: PLR0913
    shape: tuple[int, ...],
    rank_fraction: float,
    beta: float,
    noise_energy: float,
    generator: torch.Generator,
    *,
    shared: bool = False,
) -> Tensor:
    """`sqrt(1 - noise_energy) S + sqrt(noise_energy) N` with one-bit cosine `beta`: float32 `(..., out, in)`.

    Rows of S are drawn from r = round(rank_fraction k) orthonormal codewords, k = min(out, in), with scales uniform in
    0.5 ... 1.5; N is i.i.d. Gaussian; S and N have mean square 1 exactly. The codewords are Student-t draws with 2
    degrees of freedom, entries changed to `sign(t)|t|^p`, then made orthonormal (symmetrically: the nearest ones). The
    power p, one per codeword, is tuned so that all codewords have the same one-bit cosine and each matrix has `beta`
    within 0.002 (measured: 2e-4). So the tail is what it takes at this width, and no row is special.

    `shared`: one codebook for the batch, for a rotation shared by its matrices; it is then the mean over the batch that
    is held, and single matrices are off by up to 0.003 at k = 64. Computed in float64; deterministic. Raises ValueError
    for a bad shape, rank_fraction outside (0, 1], noise_energy outside [0, 1), beta outside (0, 1), and where no p
    between sign vectors and single spikes reaches `beta`.
    """
    check_shape("peaky_codebook", shape)
    _check_recipe(rank_fraction, beta, noise_energy)
    *batch, rows, columns = shape
    rank = max(1, round(rank_fraction * min(rows, columns)))
    device = generator.device
    normal = torch.randn(
        (*([1] * len(batch) if shared else batch), columns, rank),
        dtype=torch.float64,
        device=device,
        generator=generator,
    )
    student = normal / torch.empty_like(normal).exponential_(generator=generator).sqrt()
    chosen = torch.randint(0, rank, (*batch, rows, 1), device=device, generator=generator)
    scales = torch.empty((*batch, rows, 1), dtype=torch.float64, device=device).uniform_(*SCALES, generator=generator)
    noise = _unit(torch.randn(shape, dtype=torch.float64, device=device, generator=generator))

    power = torch.ones_like(student[..., :1, :])
    level = torch.full_like(student[..., :1, :1], beta)  # of each codeword, so that the noisy matrix has `beta`
    for _ in range(ROUNDS):
        codewords = _orthonormal(student.sign() * student.abs().pow(power))
        signal = torch.take_along_dim(codewords.mT.expand(*batch, rank, columns), chosen, -2) * scales
        w = math.sqrt(1.0 - noise_energy) * _unit(signal) + math.sqrt(noise_energy) * noise
        excess = one_bit_cosine(w) - beta
        if shared:
            excess = excess.mean().expand(student.shape[:-2])
        betas = codewords.abs().sum(-2, keepdim=True) / math.sqrt(columns)
        if max(float(excess.abs().max()), float((betas - level).abs().max())) <= SETTLED:
            break
        level = level - excess[..., None, None]
        power = (power * (betas - level).exp()).clamp_max(MAX_POWER)  # a damped Newton step: beta falls with p
    if not float(excess.abs().max()) <= BETA_TOLERANCE:
        reached = float(excess.flatten()[excess.abs().argmax()]) + beta
        raise ValueError(
            f"peaky_codebook: one-bit cosine {reached:.3f} [-] after {ROUNDS} rounds at shape {tuple(shape)}, rank"
            f" {rank} and noise_energy {noise_energy}, expected {beta} within {BETA_TOLERANCE}; no tail between sign"
            " vectors and single spikes gives that, ask for another beta or change the noise"
        )
    return w.float()


def _orthonormal(columns: Tensor) -> Tensor:
    """The orthonormal columns nearest to the normalised `columns (..., n, r)` (Loewdin): `C (C^T C)^(-1/2)`."""
    c = columns / columns.norm(dim=-2, keepdim=True)
    overlaps, vectors = torch.linalg.eigh(c.mT @ c)
    orthonormal: Tensor = c @ (vectors * overlaps.clamp_min(1e-12).rsqrt()[..., None, :]) @ vectors.mT
    return orthonormal


def _unit(a: Tensor) -> Tensor:
    return a / a.square().mean((-2, -1), keepdim=True).sqrt()


def _check_recipe(rank_fraction: float, beta: float, noise_energy: float) -> None:
    if not 0.0 < rank_fraction <= 1.0:
        raise ValueError(f"peaky_codebook: rank_fraction is {rank_fraction!r}, expected 0 < rank_fraction <= 1 [-]")
    if not 0.0 < beta < 1.0:
        raise ValueError(f"peaky_codebook: beta is {beta!r}, expected 0 < beta < 1 [-]")
    if not 0.0 <= noise_energy < 1.0:
        raise ValueError(f"peaky_codebook: noise_energy is {noise_energy!r}, expected 0 <= noise_energy < 1 [-]")
