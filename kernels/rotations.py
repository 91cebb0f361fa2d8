"""Orthogonal matrices that act on the input side of a weight matrix, `W R`: drawing them, checking them, applying them.

Everything is float32 or float64, and never a mixture: a rotation kept in one precision and multiplied in another is
no longer the matrix whose residual was checked.
"""

import math

import torch
from torch import Tensor

ROTATION_DTYPES = (torch.float32, torch.float64)
RESIDUAL_PER_WIDTH = 10.0  # allowed residual in units of n eps; Haar draws measure 1 at n = 2 and 0.08 at n = 64


def haar_orthogonal(
    n: int, generator: torch.Generator, batch: tuple[int, ...] = (), dtype: torch.dtype = torch.float64
) -> Tensor:
    """Independent Haar draws from O(n), reflections included: `(*batch, n, n)` on the generator's device.

    QR of a float64 Gaussian matrix, column i of Q multiplied by the sign of R_ii: without it the law is that of the
    QR routine (LAPACK's first entry is never positive), not Haar. Rounded to `dtype` at the end, so that one seed is
    one rotation in either precision. Raises ValueError for n < 1, an empty batch and a dtype other than float32 or
    float64. Source: Mezzadri, *How to generate random matrices from the classical compact groups*, Notices of the AMS
    54 (2007).
    """
    _check_request("haar_orthogonal", n, batch, dtype)
    gaussian = torch.randn((*batch, n, n), dtype=torch.float64, device=generator.device, generator=generator)
    q, r = torch.linalg.qr(gaussian)
    signs = torch.where(r.diagonal(dim1=-2, dim2=-1) < 0.0, -1.0, 1.0).double()
    haar: Tensor = q * signs[..., None, :]
    return haar.to(dtype)


def random_hadamard(
    n: int, generator: torch.Generator, batch: tuple[int, ...] = (), dtype: torch.dtype = torch.float64
) -> Tensor:
    """`D H / sqrt(n)` with D a diagonal of independent fair signs: `(*batch, n, n)` on the generator's device.

    H is `hadamard_matrix(n)`, so only n random bits: it spreads outliers as a Haar rotation does, but is not Haar (an
    entry takes two values). Raises ValueError for a size without a construction, an empty batch and a dtype other than
    float32 or float64. Source: Ailon and Chazelle, *The fast Johnson-Lindenstrauss transform and approximate
    nearest neighbors*, SIAM J. Comput. 39 (2009).
    """
    _check_request("random_hadamard", n, batch, dtype)
    h = hadamard_matrix(n).to(device=generator.device, dtype=torch.float64)
    bits = torch.randint(0, 2, (*batch, n), device=generator.device, generator=generator)
    return ((2.0 * bits.double() - 1.0)[..., None] * h / math.sqrt(n)).to(dtype)


def hadamard_matrix(n: int) -> Tensor:
    """A Hadamard matrix, entries +-1 with `H H^T = n I`: int8 `(n, n)`, the same for every call.

    Sylvester doubling of the smallest core that fits: order 1, Paley I (q + 1, prime q = 3 mod 4) or Paley II (2(q +
    1), prime q = 1 mod 4). Covers 2^k, 12 2^k, 20 2^k, 28 2^k, 36 2^k, 44 2^k and more; of the orders known to exist,
    those that need a field of prime-power order or Williamson's arrays (52, 92, 100, 116, ...) are left out. Raises
    ValueError naming the nearest sizes otherwise. Source: Paley, *On orthogonal matrices*, J. Math. Phys. 12 (1933).
    """
    core = _core_order(n)
    if core is None:
        raise ValueError(
            f"hadamard_matrix: no Sylvester or Paley construction of order {n}; the nearest sizes that have one are"
            f" {_nearest_sizes(n)}; use one of them or haar_orthogonal"
        )
    h = _core(core)
    while h.shape[0] < n:
        h = torch.cat((torch.cat((h, h), 1), torch.cat((h, -h), 1)), 0)
    return h


def orthogonality_residual(r: Tensor) -> Tensor:
    """`max |R^T R - I|` of each matrix of `r (..., n, k)`, n >= k: float64 `(...)`, `[-]`.

    Tall matrices are frames with orthonormal columns. Any floating dtype, upcast to float64 before the product. NaN
    where R holds NaN or Inf, so compare as `residual <= tolerance`, which NaN fails. Raises ValueError for
    non-floating, empty, 1-D or wide input (pass the transpose of orthonormal rows).
    """
    if not r.is_floating_point() or r.ndim <= 1 or r.numel() == 0 or r.shape[-2] < r.shape[-1]:
        raise ValueError(
            f"orthogonality_residual: {r.dtype} of shape {tuple(r.shape)}, expected a non-empty floating (..., n, k)"
            " with n >= k; for orthonormal rows pass r.mT"
        )
    a = r.detach().double()
    identity = torch.eye(a.shape[-1], dtype=torch.float64, device=a.device)
    return (a.mT @ a - identity).abs().amax((-2, -1))


def residual_tolerance(n: int, dtype: torch.dtype) -> float:
    """10 n eps of `dtype`: how large `orthogonality_residual` of a rotation of order n may be, `[-]`."""
    return RESIDUAL_PER_WIDTH * n * torch.finfo(dtype).eps


def require_orthogonal(r: Tensor, where: str) -> None:
    """Raise ValueError unless every matrix of `r (..., n, n)` has `orthogonality_residual <= 10 n eps` of its dtype.

    Raises ValueError too for a dtype other than float32 or float64 (in bfloat16 the tolerance would exceed 1 and pass
    anything), for a non-square `r`, and for NaN or Inf. `where` begins the message: say which layer and projection.
    Limit: the tolerance grows with n; at n = 2048 a float32 matrix passes with a residual of 2.4e-3.
    """
    _check_rotation(r, where)
    n = r.shape[-1]
    tolerance = residual_tolerance(n, r.dtype)
    residual = orthogonality_residual(r)
    failing = ~(residual <= tolerance)  # written so that NaN fails
    if bool(failing.any()):
        index = failing.nonzero()[0].tolist()
        raise ValueError(
            f"{where}: max |R^T R - I| = {residual[tuple(index)].item():.3g} [-] for matrix {index}"
            f" ({int(failing.sum())} of {failing.numel()} fail), expected <= 10 n eps = {tolerance:.3g} at n = {n} in"
            f" {r.dtype}; project R back onto the orthogonal group or draw it again"
        )


def rotate(w: Tensor, r: Tensor) -> Tensor:
    """`W R` for `w (..., out, in)` and `r (..., in, in)`, leading axes broadcast: `(..., out, in)` in their one dtype.

    Both float32 or both float64: promotion is an error, and so is half precision. No orthogonality check: call
    `require_orthogonal` once where R is made or loaded. Raises ValueError for other dtypes, a size or device mismatch,
    and for float32 while reduced-precision products (TF32, bfloat16) are allowed.
    """
    _check_rotation(r, "rotate")
    if w.dtype != r.dtype:
        raise ValueError(
            f"rotate: weights {w.dtype} and rotation {r.dtype}, expected one dtype of float32, float64; cast explicitly"
        )
    if w.ndim <= 1 or w.shape[-1] != r.shape[-1] or w.device != r.device:
        raise ValueError(
            f"rotate: weights {tuple(w.shape)} on {w.device} and rotation {tuple(r.shape)} on {r.device}, expected"
            " (..., out, in) and (..., in, in) on one device; rotations act on the input side"
        )
    backend = torch.backends.cuda if w.device.type == "cuda" else torch.backends.mkldnn
    precision = backend.matmul.fp32_precision
    if w.dtype == torch.float32 and precision not in ("none", "ieee"):
        raise ValueError(
            f"rotate: float32 products on {w.device} run in {precision!r}, expected 'ieee';"
            " call torch.set_float32_matmul_precision('highest')"
        )
    return w @ r


def _check_request(caller: str, n: int, batch: tuple[int, ...], dtype: torch.dtype) -> None:
    if n < 1 or any(axis < 1 for axis in batch):
        raise ValueError(f"{caller}: n is {n} and batch {tuple(batch)}, expected every axis >= 1; check the width read")
    if dtype not in ROTATION_DTYPES:
        raise ValueError(f"{caller}: dtype {dtype}, expected torch.float32 or torch.float64; cast after rotating")


def _check_rotation(r: Tensor, where: str) -> None:
    if r.dtype not in ROTATION_DTYPES:
        raise ValueError(
            f"{where}: rotation of dtype {r.dtype}, expected torch.float32 or torch.float64; keep rotations unquantised"
        )
    if r.ndim <= 1 or r.shape[-1] != r.shape[-2] or r.numel() == 0:
        raise ValueError(
            f"{where}: rotation of shape {tuple(r.shape)}, expected a non-empty (..., in, in); pass a square matrix"
        )


def _core_order(n: int) -> int | None:
    """The smallest m with n = 2^a m and a core of order m; None where there is none."""
    if n < 1:
        return None
    orders = [n >> a for a in range(n.bit_length()) if n % (1 << a) == 0]
    return next((m for m in reversed(orders) if m == 1 or _is_paley_one(m) or _is_paley_two(m)), None)


def _is_paley_one(m: int) -> bool:
    return m % 4 == 0 and _is_prime(m - 1)


def _is_paley_two(m: int) -> bool:
    return m % 4 == 0 and (m // 2 - 1) % 4 == 1 and _is_prime(m // 2 - 1)


def _is_prime(q: int) -> bool:
    return q > 1 and all(q % d for d in range(2, math.isqrt(q) + 1))


def _core(m: int) -> Tensor:
    if m == 1:
        return torch.ones((1, 1), dtype=torch.int8)
    if _is_paley_one(m):
        return _bordered(m - 1, -1) + torch.eye(m, dtype=torch.int8)
    s = _bordered(m // 2 - 1, 1)
    plus = torch.tensor([[1, 1], [1, -1]], dtype=torch.int8)
    diagonal = torch.tensor([[1, -1], [-1, -1]], dtype=torch.int8)
    return torch.kron(s, plus) + torch.kron(torch.eye(m // 2, dtype=torch.int8), diagonal)


def _bordered(q: int, first_column: int) -> Tensor:
    """Jacobsthal's matrix chi(i - j) mod q under a border of ones: int8 `(q + 1, q + 1)`, zero diagonal.

    Skew with `first_column` = -1 and q = 3 mod 4, symmetric with +1 and q = 1 mod 4; `S S^T = q I` in both cases.
    """
    chi = torch.full((q,), -1, dtype=torch.int8)
    chi[torch.arange(q).square() % q] = 1
    chi[0] = 0
    i = torch.arange(q)
    s = torch.zeros((q + 1, q + 1), dtype=torch.int8)
    s[0, 1:] = 1
    s[1:, 0] = first_column
    s[1:, 1:] = chi[(i[:, None] - i) % q]
    return s


def _nearest_sizes(n: int) -> str:
    below = next((m for m in range(n - 1, 0, -1) if _core_order(m)), None)
    above = next(m for m in range(max(n, 0) + 1, 2 * max(n, 1) + 1) if _core_order(m))
    return str(above) if below is None else f"{below} and {above}"
