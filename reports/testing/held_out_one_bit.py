"""The rule of a held-out `one_bit_nll` as a preregistration writes it: tables, traps and controls that tests run."""

import tomllib
from typing import Any

from reports.prereg.parsing.test_parse import VALUES_5

# Whole models of the embedded width, 4 layers, with prompts sampled from themselves, as in design 5. The planted hold
# sign vectors in the basis of the residual stream, the same for every expert: gates and ups from a codebook of 16 words
# behind one rotation, columns of down from another. So a rotation learned on half of the experts fits the others.
ONE_BIT = """
[[claims]]
name = "one_bit_nll"
label = "1-bit NLL"
statement = \"\"\"
With every expert FFN of the canonical network at one bit per weight, in rotations learned on the other half of its
layer's experts and with least-squares row scales, the NLL of the first continuation token grows by at most 10 %.\"\"\"
rule = "closing_at_most"
metric = "held_out_inflation"
at_most = 0.10
checkpoints = [16]
order = [15]  # full scope first: what kills comes before the curve over depths
sensitivity = ["held_out_inflation_unbiased", "held_out_inflation_frozen"]

# Of inflations: about two standard errors of the mean over splits and starts.
[tolerances]
held_out_inflation = 0.02
held_out_inflation_unbiased = 0.02
held_out_inflation_frozen = 0.02

# How experts are quantised. Least-squares row scales are the claim's; the unbiased scale and frozen routing are its
# sensitivity. One row and one scale for each neuron of gate, up and down transposed.
[one_bit]
dtype = "{dtype}"  # of the model under test
row_scale = "least_squares"
best_of = []  # no second search that any processor repeats is registered
starts = 2  # Haar starts of the search: inflation is averaged over these and the registered splits
haar_draws = 5  # that the trap haar_one_bit is the mean of
scopes = [4, 16]  # layers quantised where every variant is measured
batch_tokens = 4096
continuations = 1
continuation_tokens = 24

# What does nothing must change nothing: experts made canonical and undone, W R Rᵀ against W, the identity's lift.
[[traps]]
name = "trivial_pass"
claim = "one_bit_nll"
rule = "largest_at_most"
metric = "canonical_triviality"
at_most = 1e-9

# In rotations that nobody learned one bit must be too little, or there was nothing to learn.
[[traps]]
name = "haar_one_bit"
claim = "one_bit_nll"
rule = "closing_above"
metric = "inflation_haar_mean"
above = 0.10
"""

CONTROL = """
[[controls]]
name = "{name}"
claim = "one_bit_nll"
generator = "{generator}"
{recipe}expected = "{expected}"
seed = {seed}
experts = 16
hidden_size = 128
intermediate_size = 64

[controls.model]
layers = 4
experts_per_token = 4
heads = 4
vocab_size = 4096
scale = 0.045
prompts = 1024
prompt_tokens = 6
nll = 1.4
nll_tolerance = 0.1
basis = "{basis}"
"""
PLANTED = {"generator": "shared_codebook", "recipe": "distinct = 16\nnoise_energy = 0.01\n", "seed": 2024113005}
CONTROLS = (
    CONTROL.format(name="planted_one_bit", expected="MET", basis="learned", **PLANTED),
    CONTROL.format(name="planted_haar", expected="KILLED", basis="haar", **PLANTED),
    CONTROL.format(
        name="null_one_bit", generator="gaussian", recipe="", expected="KILLED", seed=2024112406, basis="learned"
    ),
)


def held_out_one_bit(dtype: str) -> str:
    """The tables of the rule for a model under test of that dtype, as TOML."""
    return ONE_BIT.format(dtype=dtype) + "".join(CONTROLS)


def values(dtype: str, shipped: dict[str, Any] = VALUES_5) -> dict[str, Any]:
    """A shipped design 5 whose claim about the whole model is that one."""
    told, found = tomllib.loads(held_out_one_bit(dtype)), dict(shipped)
    for key in ("claims", "traps", "controls"):
        name = "name" if key == "claims" else "claim"
        found[key] = [one for one in shipped[key] if one[name] != "one_bit_nll"] + told[key]
    kept = {metric: off for metric, off in shipped["tolerances"].items() if "inflation" not in metric}
    inner, hidden, experts = (shipped["subject"][key] for key in ("intermediate_size", "hidden_size", "experts"))
    return found | {
        "tolerances": kept | told["tolerances"],
        "one_bit": told["one_bit"],
        "parametrisation": "canonical",
        "held_out": {
            "splits": 2,
            "seed": 2024113010,
            "twin_seed": 2024113011,
            "rows_per_dimension": (experts // 2) * 2 * inner / hidden,
        },
    }
