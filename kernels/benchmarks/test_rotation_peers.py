import sys

import pytest
import torch

from kernels.benchmarks.rotation_peers import PEERS, faiss_itq, faiss_opq, geoopt_riemannian_adam, textbook_itq
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import haar_orthogonal, orthogonality_residual
from kernels.searches.procrustes import procrustes

NEEDS = {"faiss": "faiss", "geoopt": "geoopt"}  # first word of a peer's name to the module that it imports


def problem(rows: int = 16, width: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, width, generator=generator), haar_orthogonal(width, generator)


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_returns_its_best_iterate_and_a_trace_of_all(name: str) -> None:
    for prefix, module in NEEDS.items():
        if name.startswith(prefix):
            pytest.importorskip(module)
    w, start = problem()
    rotation, trace = PEERS[name](w, 5, start)
    seconds, betas = zip(*trace, strict=True)
    assert len(trace) == 6
    assert list(seconds) == sorted(seconds)
    assert betas[0] == pytest.approx(float(one_bit_cosine(w.double() @ start)), abs=1e-5)
    assert float(one_bit_cosine(w.double() @ rotation.double())) == pytest.approx(max(betas), abs=1e-7)
    assert float(orthogonality_residual(rotation)) < 1e-4


def test_textbook_itq_lands_where_ours_does() -> None:
    w, start = problem(64, 128)
    _, trace = textbook_itq(w, 30, start)
    assert trace[-1][1] == pytest.approx(float(procrustes(w[None], 30, start).beta), abs=5e-3)


def test_faiss_itq_matrix_multiplies_by_the_wrong_factor_and_its_opq_learns() -> None:
    """A witness: the day the first assertion fails, faiss has been corrected and deserves a row as ITQ."""
    pytest.importorskip("faiss")
    w, start = problem(64, 128)
    assert max(beta for _, beta in faiss_itq(w, 20, start)[1]) < 0.82
    assert max(beta for _, beta in faiss_opq(w, 20, start)[1]) > 0.94


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "geoopt", None)
    w, start = problem()
    with pytest.raises(ImportError, match="pip install geoopt"):
        geoopt_riemannian_adam(w, 1, start)
