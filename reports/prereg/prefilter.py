"""What shapes alone settle, before a weight is read: bits per weight, the random floor, and what theorems allow."""

from dataclasses import dataclass

from kernels.closed_forms.haar_level import haar_level
from reports.prereg.preregistration import Preregistration, Rotations, Subject


@dataclass(frozen=True)
class Bits:
    """Bits per weight of one-bit experts with everything that has to be stored beside the signs."""

    gate_up: float
    down: float
    gated: bool = True  # otherwise gate_up is up alone

    @property
    def mean(self) -> float:
        """Over all expert weights: gate, up and down hold a third each, without a gate up and down a half."""
        return (2.0 * self.gate_up + self.down) / 3.0 if self.gated else (self.gate_up + self.down) / 2.0


def effective_bits(subject: Subject, rotations: Rotations) -> Bits:
    """`1 + scale_bits / in + rotation_bits in² / (weights that share the rotation)`.

    A rotation of width `in` serves `out × in` weights per matrix; shared by a layer, those of all experts' gates and
    ups, or of all their downs.
    """
    hidden, inner, experts = subject.hidden_size, subject.intermediate_size, subject.experts
    shared = rotations.scope == "per_layer"
    gate_up = inner * hidden * ((1 + subject.gated) * experts if shared else 1)
    down = inner * hidden * (experts if shared else 1)
    return Bits(
        gate_up=1.0 + rotations.scale_bits / hidden + rotations.rotation_bits * hidden**2 / gate_up,
        down=1.0 + rotations.scale_bits / inner + rotations.rotation_bits * inner**2 / down,
        gated=subject.gated,
    )


def arithmetic(subject: Subject, rotations: Rotations) -> str:
    """The same in words, so that a seal states how its bound comes about."""
    bits = effective_bits(subject, rotations)
    owner = "shared by a layer's experts" if rotations.scope == "per_layer" else "per matrix"
    return (
        f"{bits.mean:.2f} bits per weight with a {rotations.rotation_bits}-bit rotation {owner}: {_reading(subject)} "
        f"{bits.gate_up:.2f}, down {bits.down:.2f} (1 sign + {rotations.scale_bits} per row + rotation)"
    )


def _reading(subject: Subject) -> str:
    """The matrices that read the residual stream."""
    return "gate and up" if subject.gated else "up"


def over_budget(prereg: Preregistration) -> bool:
    """Whether the method misses a byte budget that is registered."""
    if prereg.prefilter is None or prereg.rotations is None:
        return False
    return effective_bits(prereg.subject, prereg.rotations).mean > prereg.prefilter.bits_per_weight


def prefilter_lines(prereg: Preregistration) -> list[str]:
    """One line for the bytes and one for the random floor, shown before the run; none without registered rotations."""
    if prereg.rotations is None:
        return []
    subject = prereg.subject
    bytes_line = arithmetic(subject, prereg.rotations)
    if prereg.prefilter is not None:
        bound = prereg.prefilter
        kept = "OVER" if over_budget(prereg) else "within"
        bytes_line += f"; {kept} the budget of {bound.bits_per_weight:g}" + (
            "" if bound.enforced else ", only reported"
        )
    wide, narrow = haar_level(subject.hidden_size), haar_level(subject.intermediate_size)
    floor = (
        f"a Haar rotation takes any matrix to β = {wide:.4f} ({_reading(subject).replace(' and', ',')}), "
        f"{narrow:.4f} (down); from there no rotation "
        f"lifts it more than {1 / wide:.4f} and {1 / narrow:.4f} times"
    )
    return [bytes_line, floor]


def prefilter_json(prereg: Preregistration) -> dict[str, object] | None:
    """For `decision.json`; None without registered rotations."""
    if prereg.rotations is None:
        return None
    bits = effective_bits(prereg.subject, prereg.rotations)
    return {
        "scope": prereg.rotations.scope,
        "bits_per_weight": {"gate_up": bits.gate_up, "down": bits.down, "mean": bits.mean},
        "budget": None if prereg.prefilter is None else prereg.prefilter.bits_per_weight,
        "enforced": prereg.prefilter is not None and prereg.prefilter.enforced,
        "over_budget": over_budget(prereg),
        "haar_level": {
            "gate_up": haar_level(prereg.subject.hidden_size),
            "down": haar_level(prereg.subject.intermediate_size),
        },
    }
