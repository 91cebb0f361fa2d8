"""A null is quantised as its subject is stored, since quantisation itself widens a spectrum."""

from torch import Tensor

from kernels.stored.e4m3 import decode_e4m3, encode_e4m3
from kernels.stored.mxfp4 import decode_mxfp4, encode_mxfp4
from kernels.stored.storage import Storage


def quantised_like(w: Tensor, storage: Storage | None) -> Tensor:
    """`w (..., out, in)` encoded and decoded in `storage`, in its own dtype; `w` itself where that is None.

    float32 and wider, so that nothing is rounded twice. Raises ValueError as the encoders do.
    """
    if storage is None:
        return w
    if storage.values == "MXFP4":
        return decode_mxfp4(*encode_mxfp4(w)).to(w.dtype)
    return decode_e4m3(*encode_e4m3(w, storage), storage).to(w.dtype)
