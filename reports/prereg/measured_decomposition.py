"""The decomposition of a layer's lift, read from what was measured of it."""

from statistics import fmean

from kernels.closed_forms.lift_decomposition import Decomposition, decomposition
from reports.prereg.samples import Measured


def decompose(measured: Measured) -> Decomposition | None:
    """The decomposition of a layer, or None where its measurement is of something else."""
    if "sampled_lift" not in measured.samples:
        return None
    return decomposition(
        fmean(measured.samples["sampled_lift"]),
        fmean(measured.samples["sampled_random"]),
        {null: fmean(fits) for null, fits in measured.along("null_fit", "null").items()},
    )
