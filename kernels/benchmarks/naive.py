"""The script that everyone writes first, to compare with: the model loaded whole, then svdvals of each expert matrix.

`python -m kernels.benchmarks.naive MODEL [--layers 4] [--dtype float32] [--device cpu]` prints how many matrices have
d_eff/d < 0.4. It reads every weight into memory, decomposes one matrix after the other, and knows no control.
"""

import argparse

import torch

from fixtures.models.hub_kernels import without_hub_kernels
from reports.base.printing import print_anywhere


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.naive", description=__doc__)
    parser.add_argument("model", help="a folder with an OLMoE checkpoint")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32", help="of the decomposition")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    without_hub_kernels()
    import transformers  # noqa: PLC0415 - seconds, and no part of --help

    model = transformers.AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.bfloat16)
    model.to(options.device)
    narrow = total = 0
    for layer in model.model.layers[: options.layers]:
        experts = layer.mlp.experts
        gate, up = experts.gate_up_proj.chunk(2, dim=1)
        for stack in (gate, up, experts.down_proj):
            for matrix in stack:
                values = torch.linalg.svdvals(matrix.detach().to(getattr(torch, options.dtype)))
                shares = values.square().cumsum(0) / values.square().sum()
                rank = int((shares < 0.95).sum()) + 1  # noqa: PLR2004 - the 95 % energy rank
                narrow += rank / min(matrix.shape) < 0.4  # noqa: PLR2004 - the registered bound
                total += 1
    print(f"d_eff/d < 0.40 for {narrow}/{total} matrices")


if __name__ == "__main__":
    print_anywhere()
    main()
