"""Which searches any processor repeats: only their rotations are quantised in, applied to other weights or published.

A search is chaotic where a change of the weights by one unit in the last place ends in other signs of W R; then another
processor, whose products round otherwise, gets another network, though beta hardly differs. What is allowed here is
what the tests hold: `test_stable_searches.py` at the bounds below, and for the searches of every sealed
rule `fixtures/testing/test_sealed_rules.py`.
"""

from reports.base.errors import BadInput
from reports.prereg.preregistration import Preregistration, Rotations

LONGEST_STEP, MOST_MOMENTUM, LEAST_SMOOTHING = 1.0, 0.9, 1.0  # of `graduated`
LARGEST_STEP = 1.0  # of `radam`, whose rotation may belong to one matrix alone


def uses(prereg: Preregistration) -> dict[str, list[str]]:
    """Optimiser -> what is done with its rotations beside asking for their β."""
    found: dict[str, list[str]] = {}
    if prereg.rotations is None:
        return found
    applied = [trap.name for trap in prereg.traps if trap.rule.metric == "off_gain"]
    if applied:
        found.setdefault(prereg.rotations.optimiser, []).append(f"{applied[0]} applies it to another expert")
    if prereg.held_out is not None:
        found.setdefault(prereg.rotations.optimiser, []).append("experts of the other half are measured in it")
    if prereg.key_cache is not None:
        found.setdefault(prereg.rotations.optimiser, []).append("keys of other sources are quantised in it")
    if prereg.one_bit is not None:
        for optimiser in dict.fromkeys((prereg.rotations.optimiser, *prereg.one_bit.best_of)):
            found.setdefault(optimiser, []).append("experts are quantised in it")
    return found


def unrepeatable(optimiser: str, rotations: Rotations) -> str | None:
    """Why another processor may come to another rotation by this search; None where it does not."""
    if rotations.precision != "float64":
        return f"in {rotations.precision} one ulp of the weights flips up to a third of the signs; register float64"
    settings = rotations.graduated
    if optimiser == "graduated" and settings is not None:
        short = settings.step_length <= LONGEST_STEP and settings.momentum <= MOST_MOMENTUM
        if short and settings.smoothing >= LEAST_SMOOTHING:
            return None
        return (
            f"step_length {settings.step_length:g}, momentum {settings.momentum:g} and smoothing "
            f"{settings.smoothing:g} were not tried; at most {LONGEST_STEP:g} and {MOST_MOMENTUM:g}, at least "
            f"{LEAST_SMOOTHING:g} were"
        )
    own = rotations.scope == "per_matrix"
    if optimiser == "radam" and own and rotations.radam is not None and rotations.radam.step_size <= LARGEST_STEP:
        return None
    owner = "of a matrix of its own" if own else "shared by a layer"
    return f"{optimiser} is chaotic, or was not tried, for a rotation {owner}; register graduated"


def require_publishable(prereg: Preregistration) -> None:
    """`BadInput` where the rotations that `--save-rotations` keeps are not those that another processor finds."""
    if prereg.rotations is None:
        return
    fault = unrepeatable(prereg.rotations.optimiser, prereg.rotations)
    if fault is not None:
        raise BadInput(f"--save-rotations: another processor may find other rotations: {fault}, or leave it out")
