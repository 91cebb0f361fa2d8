"""What one bit per weight does to a model's first continuation tokens: by layer, by variant, by domain. Pure.

Outside every verdict: the claim's rule reads one number of all this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from kernels.closed_forms.inflation import inflation
from reports.judge.bootstrap import bootstrap_over_prompts
from reports.judge.empty_subject import knowledge
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Claim, Interval, Preregistration
from reports.prereg.rules import ClosingAbove

ALONE = "_alone"
# In the order in which people read them; the store keeps none
SHOWN = (
    "prompt",
    "unquantised",
    "learned",
    "best",
    "unbiased",
    "per_tensor",
    "frozen",
    "random",
    "random_unbiased",
    "unrotated",
    "unrotated_unbiased",
    "unrotated_frozen",
    "held_out",
    "held_out_unbiased",
    "held_out_frozen",
    "haar",
    "haar_unbiased",
)


@dataclass(frozen=True)
class Damage:
    """One variant with all layers up to a scope's last one quantised; inflation and shares [-], the others [nats]."""

    variant: str
    inflation: float  # the mean over starts where there are several
    interval: tuple[float, float]  # paired bootstrap over sources of prompts
    by_start: tuple[float, ...]  # inflation from each registered start or draw; nothing where there is one
    nll: float
    kl: float
    same_top: float
    overlap: float
    by_domain: Mapping[str, float]  # inflation

    @property
    def scatter(self) -> float | None:
        """Standard deviation of the inflation between starts [-]; None where there is one."""
        return stdev(self.by_start) if len(self.by_start) > 1 else None


@dataclass(frozen=True)
class Depth:
    """Inflation with one layer quantised: alone, and with all layers before it [-]; by variant."""

    layer: int
    upto: Mapping[str, float]
    alone: Mapping[str, float]


@dataclass(frozen=True)
class OneBitDamage:
    claim: str
    prompts: int
    sources: int | None  # that the prompts come from; None where none is named, so that each is its own
    nll: float  # of the unquantised model [nats]
    uniform: float  # of a uniform output [nats]
    empty: str | None  # says that the one is not clearly below the other
    scopes: tuple[tuple[int, tuple[Damage, ...]], ...]  # number of layers, variants
    depths: tuple[Depth, ...]
    continuations: tuple[Mapping[str, str], ...]  # id, prompt, unquantised and the variants
    experts_implementation: str


def one_bit_damage(
    prereg: Preregistration, layers: Sequence[int], measurements: Mapping[Cell, Measurement]
) -> OneBitDamage | None:
    """What the claim about the whole model and its traps measured; None where nothing was."""
    claim = next((claim for claim in prereg.claims if claim.closing), None)
    if claim is None or prereg.one_bit is None:
        return None
    found = {layer: _at(layer, claim, prereg, measurements) for layer in layers}
    first = next((cells[0] for cells in found.values() if cells), None)
    if first is None:
        return None
    every = [cell for cells in found.values() for cell in cells]
    labelled = next((cell for cell in every if cell.measured.sources is not None), first)
    known = knowledge(labelled.measured, prereg.interval)
    closing = {layers[min(scope, len(layers)) - 1]: min(scope, len(layers)) for scope in prereg.one_bit.scopes}
    return OneBitDamage(
        claim=claim.name,
        prompts=len(first.measured.samples["nll"]),
        sources=None if labelled.measured.sources is None else len(set(labelled.measured.sources)),
        nll=fmean(first.measured.samples["nll"]),
        uniform=fmean(first.measured.samples["nll"].noise or ()),
        empty=None if known is None else known.empty,
        scopes=tuple(
            (closing[layer], tuple(damage for cell in found[layer] for damage in _damages(cell, prereg.interval)))
            for layer in sorted(closing)
            if found[layer]
        ),
        depths=tuple(_depth(layer, cells) for layer, cells in found.items() if cells),
        continuations=_continuations(found[layers[-1]]),
        experts_implementation=first.measured.texts.get("experts_implementation", "not recorded"),
    )


def _at(
    layer: int, claim: Claim, prereg: Preregistration, measurements: Mapping[Cell, Measurement]
) -> list[Measurement]:
    """The claim's cell and those of its traps that quantise, at `layer`."""
    traps = [trap for trap in prereg.traps if trap.claim == claim.name and isinstance(trap.rule, ClosingAbove)]
    cells = [Cell("claim", claim.name, layer), *(Cell("trap", trap.name, layer) for trap in traps)]
    return [measurements[cell] for cell in cells if cell in measurements]


def _variants(measurement: Measurement) -> list[str]:
    names = [name.removeprefix("nll_") for name in measurement.measured.samples if name.startswith("nll_")]
    return sorted(names, key=_rank)


def _rank(name: str) -> tuple[int, str]:
    """By `SHOWN`; what is not there comes last."""
    return SHOWN.index(name) if name in SHOWN else len(SHOWN), name


def _damages(measurement: Measurement, interval: Interval) -> list[Damage]:
    samples = measurement.measured.samples
    said = measurement.measured.texts.get("domains")  # texts are for people: without this one nothing is amiss
    domains = [] if said is None else said.split("\n")
    return [
        Damage(
            variant=variant,
            inflation=inflation(samples["nll"], samples[f"nll_{variant}"]),
            interval=bootstrap_over_prompts(
                list(zip(samples["nll"], samples[f"nll_{variant}"], strict=True)),
                interval,
                measurement.measured.sources,
            )[0],
            by_start=measurement.measured.profiles.get(f"inflation_{variant}_by_start", ()),
            nll=fmean(samples[f"nll_{variant}"]),
            kl=fmean(samples[f"kl_{variant}"]),
            same_top=fmean(samples[f"same_top_{variant}"]),
            overlap=fmean(samples[f"overlap_{variant}"]),
            by_domain={
                domain: inflation(
                    _of_domain(samples["nll"], domains, domain), _of_domain(samples[f"nll_{variant}"], domains, domain)
                )
                for domain in dict.fromkeys(domains)
                if any(_of_domain(samples["nll"], domains, domain))  # else there is nothing that could inflate
            },
        )
        for variant in _variants(measurement)
        if not variant.endswith(ALONE)
    ]


def _of_domain(values: Sequence[float], domains: Sequence[str], domain: str) -> list[float]:
    return [value for value, of in zip(values, domains, strict=True) if of == domain]


def _depth(layer: int, cells: Sequence[Measurement]) -> Depth:
    upto, alone = {}, {}
    for cell in cells:
        samples = cell.measured.samples
        for variant in _variants(cell):
            if variant.endswith(ALONE):
                name = variant.removesuffix(ALONE)
                alone[name] = inflation(samples["nll"], samples[f"nll_{variant}"])
                upto[name] = inflation(samples["nll"], samples[f"nll_{name}"])
    return Depth(layer, upto, alone)


def _continuations(cells: Sequence[Measurement]) -> tuple[Mapping[str, str], ...]:
    """Texts are named `{prompt's id} {what}`; those of the claim and of its traps are put side by side."""
    found: dict[str, dict[str, str]] = {}
    for cell in cells:
        for name, text in cell.measured.texts.items():
            identifier, _, what = name.rpartition(" ")
            if identifier:
                found.setdefault(identifier, {"id": identifier})[what] = text
    return tuple({"id": texts["id"], **{name: texts[name] for name in _shown(texts)}} for texts in found.values())


def _shown(texts: Mapping[str, str]) -> list[str]:
    return sorted((name for name in texts if name != "id"), key=_rank)


def one_bit_json(found: OneBitDamage | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "claim": found.claim,
        "prompts": found.prompts,
        "sources": found.sources,
        "nll": found.nll,
        "uniform": found.uniform,
        "experts_implementation": found.experts_implementation,
        "scopes": [
            {
                "layers": layers,
                "variants": [
                    {
                        **vars(damage),
                        "interval": list(damage.interval),
                        "by_start": list(damage.by_start),
                        "scatter": damage.scatter,
                        "by_domain": dict(damage.by_domain),
                    }
                    for damage in damages
                ],
            }
            for layers, damages in found.scopes
        ],
        "by_layer": [
            {"layer": depth.layer, "upto": dict(depth.upto), "alone": dict(depth.alone)} for depth in found.depths
        ],
        "continuations": [dict(texts) for texts in found.continuations],
    }


def prompts_text(found: OneBitDamage) -> str:
    """`239 prompts from 91 sources`, or that no source is named."""
    prompts = f"{found.prompts} prompt{'s' if found.prompts > 1 else ''}"
    if found.sources is None:
        return f"{prompts}, each its own source"
    return f"{prompts} from {found.sources} source{'s' if found.sources > 1 else ''}"


def inflation_text(damage: Damage) -> str:
    """`+17.6% ± 0.8`: where there are several starts, the standard deviation between them, in points."""
    return f"{damage.inflation:+.1%}" + ("" if damage.scatter is None else f" ± {100 * damage.scatter:.1f}")


def one_bit_lines(found: OneBitDamage) -> list[str]:
    """What the summary says: the unquantised model, then each scope."""
    lines = [
        f"{found.claim}: unquantised NLL {found.nll:.3f} nats over {found.prompts} prompts, "
        f"uniform {found.uniform:.3f}",
        *([] if found.empty is None else [f"{found.claim} is {found.empty}"]),
    ]
    for layers, damages in found.scopes:
        said = ", ".join(f"{damage.variant.replace('_', ' ')} {inflation_text(damage)}" for damage in damages)
        scatter = f"; ± standard deviation between {_starts(damages)}, in points" if _starts(damages) else ""
        lines.append(f"1 bit in {layers} layer{'s' if layers > 1 else ''}: {said}{scatter}")
    return lines


def _starts(damages: Sequence[Damage]) -> str:
    """How many rotations a mean is over, where there are several: `5 Haar starts`, `4 to 5 rotations`."""
    counts = {len(damage.by_start) for damage in damages if len(damage.by_start) > 1}
    if len(counts) > 1:
        return f"{min(counts)} to {max(counts)} rotations"
    return f"{counts.pop()} Haar starts" if counts else ""
