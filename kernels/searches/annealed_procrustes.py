"""Rotations learned by the iteration of `procrustes.py` with its power lowered from 2 to 1.

**Annealing.** At p = 2 every R is a fixed point; close to it, f differs from a constant by a smooth contrast with few
local maxima, which sharpens as p falls. `annealed_procrustes` takes p_t = 2 - t/steps, t = 1 ... steps, linear down to
exactly 1. Reaching 1 early is worse (at half of 120 steps: 0.975 instead of 0.977 on 128 x 256 Gaussian matrices, 0.926
instead of 0.931 on 256 x 128); a geometric path differs by less than 1e-3.
"""

from torch import Tensor

from kernels.descent.learned import Learned, Settings
from kernels.searches.procrustes import iterate


def annealed_procrustes(w: Tensor, steps: int, start: Tensor) -> Learned:
    """Rotations of `w (b, out, in)` by `steps` iterations with the power lowered linearly from 2 to exactly 1.

    Arguments, dtype and errors as for `procrustes`. The schedule stretches with `steps`: 120 reproduce the published
    levels, and a shorter run is a coarser search, not the beginning of a longer one. The curve
    need not be monotone.
    """
    settings: Settings = {"optimiser": "annealed_procrustes", "steps": steps, "schedule": "power = 2 - step/steps"}
    return iterate(w, steps, start, lambda step: 2.0 - step / steps, settings)
