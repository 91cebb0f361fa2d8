"""Which measure is behind a registered cell, what it knows of a gate, and what it imports by the names in a rule."""

from reports.prereg.declared import Branch, measure_file, measure_of, unknown
from reports.prereg.preregistration import Cell, CellKind, Claim, Preregistration, Subject


def branches(claim: Claim, subject: Subject) -> tuple[Branch, Branch]:
    """What is known of the claim's gate coming out MET, and KILLED: an example, or a theorem that forbids it."""
    file = measure_file(claim.rule.metric)
    return file.branches(claim.rule, subject) if hasattr(file, "branches") else unknown(claim.rule.metric)


def searches_and_nulls(prereg: Preregistration, *others: str) -> list[str]:
    """The modules of the searches and nulls that a rule names, and of `others`: they are imported by these names."""
    if prereg.rotations is None:
        return []
    searches = [f"kernels.searches.{name}" for name in dict.fromkeys((*searches_of(prereg), *others))]
    return searches + [f"kernels.nulls.{name}" for name in prereg.rotations.nulls]


def searches_of(prereg: Preregistration) -> list[str]:
    """The searches that a rule names, each once."""
    named = [] if prereg.rotations is None else [prereg.rotations.optimiser]
    named += prereg.one_bit.best_of if prereg.one_bit else ()
    return list(dict.fromkeys([*named, *(one.optimiser for one in prereg.controls if one.optimiser is not None)]))


def measure_for(cell: Cell, prereg: Preregistration) -> str:
    """The name of the measure behind a registered cell: that of its metric, of a probe the one of its name."""
    match cell.kind:
        case "claim":
            return measure_of(prereg.claim(cell.name).rule.metric)
        case "trap":
            return measure_of(prereg.trap(cell.name).rule.metric)
        case "control":
            control = next(control for control in prereg.controls if control.name == cell.name)
            return measure_of(prereg.claim(control.claim).rule.metric)
        case "secondary":
            return measure_of(prereg.secondary(cell.name).metric)
        case "probe":
            return cell.name


def measures_of(prereg: Preregistration) -> dict[tuple[CellKind, str], str]:
    """The name of the measure behind each kind and name of a cell."""
    named: list[tuple[CellKind, str]] = [
        *(("claim", claim.name) for claim in prereg.claims),
        *(("trap", trap.name) for trap in prereg.traps),
        *(("control", control.name) for control in prereg.controls),
        *(("probe", probe.name) for probe in prereg.probes),
        *(("secondary", secondary.name) for secondary in prereg.secondaries),
    ]
    return {(kind, name): measure_for(Cell(kind, name), prereg) for kind, name in named}
