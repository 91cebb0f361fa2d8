"""What each claim takes on models of many machines' size, in hours of a machine of two cores, and in cells.

`python -m kernels.benchmarks.machine_hours [--write]` prints the table, or writes it into the page beside this file.
Nothing is measured here. Measured are two rates, on the shape of OLMoE-1B-7B and by the tables of that page:

    spectra     MEASURED_SECONDS for 768 matrices of 1024 x 2048 on two cores, scaled by out * in * min(out, in)
    searches    SEARCH_RATE of one core in float32; half of it in float64, which is assumed

Everything else is computed: matrices and bytes from published shapes, flops by `reports/plugin/search_flops.py` from
the registered budgets of designs 4 and 6, those of nulls included, probes, controls and traps not.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kernels.benchmarks.costs import MODELS, Shapes
from reports.base.markdown import table
from reports.base.printing import print_anywhere
from reports.plugin.effort import NARROW, claim_seconds, lifting
from reports.plugin.search_flops import held_out_flops, search_flops
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Preregistration

README = Path(__file__).with_name("README.md")
RULES = Path(__file__).resolve().parents[2] / "hypotheses" / "preregistrations"
NAME = "machine hours"
DESIGNS = {4: "E-ffn-rotation-v4.toml", 6: "E-ffn-rotation-v6.toml"}
LARGE = ("Mixtral-8x22B", "Qwen3-235B-A22B", "DeepSeek-V3")
CORES = 2  # of a machine
SEARCH_RATE = 47.8e9  # flop/s of one core, float32 `radam`: `kernels.benchmarks.costs`, by the page
HOUR = 3600.0


@dataclass(frozen=True)
class Claimed:
    """One claim of one design on one model."""

    model: str
    claim: str
    design: int
    cells: int  # one a layer: at most as many jobs share the claim
    layer_bytes: int  # that a cell reads, bf16
    hours: float  # of one machine, all cells

    @property
    def of_a_cell(self) -> float:
        """Hours of one cell, which no number of machines makes shorter; what all layers share is in it by its part."""
        return self.hours / self.cells


def claims_of(model: Shapes, design: int, prereg: Preregistration) -> list[Claimed]:
    """`narrow_d` and `beta_lift` of the design, at the shapes of `model`."""
    subject = replace(prereg.subject, layers=model.layers, experts=model.experts)
    subject = replace(subject, hidden_size=model.hidden, intermediate_size=model.intermediate)
    at = replace(prereg, subject=subject)
    seconds = {NARROW: claim_seconds(at, model.layers, CORES)[NARROW], lifting(at)[0].name: search_seconds(at)}
    nbytes = 2 * model.weights // model.layers
    return [Claimed(model.name, name, design, model.layers, nbytes, spent / HOUR) for name, spent in seconds.items()]


def search_seconds(prereg: Preregistration) -> float:
    """Of the searches of the lift and of its nulls, at the page's rate."""
    rotations, subject = prereg.rotations, prereg.subject
    if rotations is None:
        raise ValueError(f"{prereg.rung}, design {prereg.design}: no [rotations], expected a rule with a lift")
    if prereg.held_out is not None:
        weights, nulls = held_out_flops(subject, rotations, prereg.held_out, subject.layers)
    else:
        weights, nulls = search_flops(subject, rotations, subject.layers)
    share = {"float32": 1.0, "float64": 2.0}
    return (weights * share[rotations.precision] + nulls * share[rotations.null_precision]) / SEARCH_RATE / CORES


def every_claim() -> list[Claimed]:
    """Model by model, design by design."""
    rules = {design: load_preregistration(RULES / name) for design, name in DESIGNS.items()}
    return [
        claimed
        for model in MODELS
        if model.name in LARGE
        for design, prereg in rules.items()
        for claimed in claims_of(model, design, prereg)
    ]


def hours_table(found: Sequence[Claimed]) -> str:
    """Computed from measured rates; the last column is what one array of as many jobs as cells waits for."""
    columns = ("model", "claim", "cells", "reads, a cell", "machine-hours", "a cell, hours")
    rows = [
        (
            claimed.model,
            f"`{claimed.claim}`, design {claimed.design}",
            str(claimed.cells),
            f"{claimed.layer_bytes / 1e9:.1f} GB",
            _hours(claimed.hours),
            _hours(claimed.of_a_cell),
        )
        for claimed in found
    ]
    return table(columns, rows)


def _hours(hours: float) -> str:
    return f"{hours:.2f}" if hours < 1.0 else f"{hours:.1f}" if hours < 100.0 else f"{hours:,.0f}"  # noqa: PLR2004


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.machine_hours", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"into {README.name} beside this file")
    text = hours_table(every_claim())
    if parser.parse_args().write:
        from reports.testing.interval_tables import with_block  # noqa: PLC0415 - scipy, which the table does without

        README.write_text(with_block(README.read_text("utf8"), NAME, text), "utf8")
    else:
        print(text)


if __name__ == "__main__":
    print_anywhere()
    main()
