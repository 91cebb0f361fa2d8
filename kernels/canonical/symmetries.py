"""The names of what a network's parametrisation leaves free. Imports no torch: a family's row names its own."""

from typing import Literal

Symmetry = Literal["gated", "gated_relu", "relu", "relu_squared", "none"]  # see `kernels/canonical/balancing.py`
SYMMETRIES: tuple[Symmetry, ...] = ("gated", "gated_relu", "relu", "relu_squared", "none")
# x̂·γ, x̂·(1 + γ), (x̂ − mean)·γ without a bias, and a norm without a weight that experts read; x̂ over its RMS
NormForm = Literal["weight", "one_plus_weight", "centred_weight", "none"]
