"""Numbers of tests as measures hand them over: described by their metrics, and with what measures derive from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import fabs
from statistics import fmean

from kernels.closed_forms.inflation import inflation
from kernels.closed_forms.lift_decomposition import decomposition
from reports.base.by_file_name import file_names
from reports.prereg.known_metrics import measures
from reports.prereg.known_names import NULLS
from reports.prereg.metric import Metric, positions
from reports.prereg.samples import Measured, Samples

PROJECTIONS = ("gate_proj", "up_proj", "down_proj")
TRIVIAL = ("identity_inflation", "round_trip", "identity_lift")
ENDS = ("_at_least", "_at_most")  # of a rank: what is certified, as tests write it


def described(
    samples: Mapping[str, Sequence[float]],
    noise: Mapping[str, float] | None = None,
    profiles: Mapping[str, tuple[float, ...]] | None = None,
    texts: Mapping[str, str] | None = None,
) -> Measured:
    """`samples` by metric, and what noise has: one level for each. Three times as many values as experts are matrices;
    `null_<name>` are the parts of `null_fit`."""
    levels = dict(noise or {})
    values = {name: tuple(found) for name, found in samples.items() if not name.endswith(ENDS)}
    fits = {null: values.pop(f"null_{null}") for null in NULLS if f"null_{null}" in values}
    derived = dict(_derived(values, fits, levels))
    thirds = [len(found) // 3 for found in values.values() if found and len(found) % 3 == 0]
    experts = max(thirds, default=0)
    axes: dict[str, tuple[str, ...]] = {"projection": PROJECTIONS, "expert": positions(experts)} if experts else {}
    told: dict[str, Samples] = {}
    for name, found in {**values, **derived}.items():
        metric = _metric(name)
        if experts and "projection" in metric.axes and len(found) == 3 * experts:
            along: tuple[str, ...] = ("projection", "expert")
        else:
            prompts = "prompt" in metric.axes
            along = ("prompt" if prompts else f"of {len(found)}",)
            axes[along[0]] = positions(len(found))
        over_noise = name in derived and name.startswith(("relative_", "structure"))
        level = 1.0 if over_noise else levels.get(name)
        told[name] = replace(metric, axes=along).samples(
            found,
            noise=None if level is None else [level] * len(found),
            **_certified(name.removeprefix("relative_"), samples, levels if over_noise else {}),
        )
    if fits:
        axes |= {"null": tuple(fits), "sampled": positions(len(next(iter(fits.values()))))}
        metric = replace(_metric("null_fit"), axes=("null", "sampled"))
        told["null_fit"] = metric.samples(value for fit in fits.values() for value in fit)
    return Measured(told, axes, dict(profiles or {}), dict(texts or {}))


def _certified(
    name: str, samples: Mapping[str, Sequence[float]], levels: Mapping[str, float]
) -> dict[str, Sequence[float]]:
    """What a rank is between, alone or over noise."""
    if name + ENDS[0] not in samples:
        return {}
    level, error = levels.get(name, 1.0), measures()["effective_dimension"].REFERENCE_ERROR if name in levels else 0.0  # type: ignore[attr-defined]
    scales = {"least": (1.0 - error) / level, "most": (1.0 + error) / level}
    return {
        end: [value * scale for value in samples[name + suffix]]
        for (end, scale), suffix in zip(scales.items(), ENDS, strict=True)
    }


def _metric(name: str) -> Metric:
    known = [file.METRICS[name] for file in measures().values() if name in file.METRICS]
    return known[0] if known else Metric(name, axes=("value",))


def _derived(
    values: Mapping[str, Sequence[float]], fits: Mapping[str, Sequence[float]], levels: Mapping[str, float]
) -> Iterator[tuple[str, Sequence[float]]]:
    """What a measure derives, unless the test says it."""
    found: dict[str, Sequence[float]] = {}
    for name, sampled in values.items():
        if f"relative_{name}" in measures()["effective_dimension"].METRICS and name in levels:
            found[f"relative_{name}"] = tuple(value / levels[name] for value in sampled)
        if name.startswith("nll_") and "nll" in values:
            suffix = name.removeprefix("nll").replace("_learned", "", 1)
            found[f"inflation{suffix}"] = (inflation(values["nll"], sampled),)
    if "lift" in values and "haar_beta" not in values:
        found["lift_squared"] = tuple(value * value for value in values["lift"])
    if "sampled_lift" in values and set(fits) == set(NULLS) <= set(file_names("kernels.nulls")):
        nulls = {null: fmean(fit) for null, fit in fits.items()}
        factors = decomposition(fmean(values["sampled_lift"]), fmean(values["sampled_random"]), nulls)
        found["structure"] = (factors.structure,)
        found |= {f"structure_{null}": (factors.over(fit),) for null, fit in nulls.items()}
    if all(name in values for name in TRIVIAL):
        found["triviality"] = tuple(fabs(value) for name in TRIVIAL for value in values[name])
    yield from ((name, sampled) for name, sampled in found.items() if name not in values)
