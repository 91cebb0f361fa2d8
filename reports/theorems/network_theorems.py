"""Theorems about what a network computes, whatever the file holds."""

from reports.theorems.theorem_form import UNNAMED, Theorem

NETWORKS = (
    Theorem(
        name="layer_gauge",
        kind="identity",
        statement="(W R)(Rᵀ x) = W x for every orthogonal R: a layer computes the same function in any basis.",
        at_source=UNNAMED,
        reference="R Rᵀ = I",
        checks="‖W R Rᵀ − W‖/‖W‖ of every matrix, R the layer's first Haar draw; it bounds the error on any input",
        tolerance="what the trap trivial_pass registers: two float32 products of n ≤ 2048 terms come to about "
        "2 √n 2⁻²⁴ = 5e-6",
        needs="the trap trivial_pass",
        formal=("layer_gauge",),
    ),
    Theorem(
        name="neuron_scale",
        kind="identity",
        statement="A gated layer computes the same where row i of up is scaled by c and column i of down by 1/c; the "
        "gate too where its activation is a ReLU; up and down of an ungated ReLU by c, 1/c, of a squared one "
        "by c, 1/c².",
        at_source=UNNAMED,
        reference="linearity, and ReLU(c x) = c ReLU(x) for c > 0",
        checks="nothing: tests compare each family with transformers",
        needs="outputs of a rescaled layer",
        formal=("swiglu_neuron_scale", "reglu_gate_scale", "relu_neuron_scale", "squared_relu_neuron_scale"),
    ),
    Theorem(
        name="norm_folding",
        kind="identity",
        statement="A layer behind a norm with weights γ computes the same where γ is multiplied into the columns of "
        "gate and up.",
        at_source=UNNAMED,
        reference="associativity",
        checks="nothing: tests compare each family with transformers",
        needs="outputs of a folded layer",
        formal=("norm_folding",),
    ),
    Theorem(
        name="attention_invariance",
        kind="identity",
        statement="Attention scores do not change where queries and keys are turned by the same rotation.",
        at_source=UNNAMED,
        reference="R Rᵀ = I",
        checks="nothing: no cell measures attention",
        needs="scores of rotated queries and keys",
        formal=("attention_score_gauge_invariance",),
    ),
    Theorem(
        name="rope_commutant",
        kind="identity",
        statement="Of a rotary embedding, only scalings and turns within each pair of coordinates commute with it, and "
        "pairs that turn at different speeds cannot be mixed: no other rotation of the keys folds into the "
        "weights.",
        at_source="a companion post says that a learned rotation of keys is absorbed into the weights",
        reference="the commutant of a plane rotation",
        checks="nothing: no cell measures keys",
        needs="keys before and after a rotary embedding",
        formal=("rope_block_commutant", "rope_no_mixing"),
    ),
    Theorem(
        name="depth_budget",
        kind="bound",
        statement="Where each of L layers multiplies by 1 + r, the whole stays within 1 + t only if 1 + r ≤ (1 + "
        "t)^(1/L): 0.17 % a layer is too much for 5 % over 30.",
        at_source="a companion post states the same law, without a proof",
        reference="monotonicity of powers",
        checks="nothing: no cell measures single layers of a quantised model",
        needs="inflation layer by layer",
        formal=("depth_budget", "depth_30"),
    ),
)
