"""What a held-out lift is to be read beside: in sample, on noise, with nothing but the layer's covariance, of down."""

from statistics import fmean

from reports.base.number_table import Table
from reports.pages.section import Section, Told
from reports.prereg.measurement import Measurement
from reports.prereg.rules import MeanAtLeast

ORDER = 41
BESIDE = {
    "held_out_lift": "held out",
    "in_sample": "in sample",
    "gaussian_in_sample": "Gaussian stacks, in sample",
    "twin_lift": "covariance twin",
    "down_lift": "down",
}


def section(told: Told) -> Section | None:
    """A row for each layer that was measured, and the mean over them; none of it but the first column is judged."""
    claims = [claim for claim in told.decision.prereg.claims if claim.rule.metric == "held_out_lift"]
    if not claims:
        return None
    (claim,) = claims
    found = {
        cell.layer: measurement
        for cell, measurement in told.measurements.items()
        if (cell.kind, cell.name) == ("claim", claim.name) and cell.layer is not None
    }
    if not found:
        return None
    rows = [(layer, *_values(measurement)) for layer, measurement in sorted(found.items())]
    means = [fmean(row[1 + place] for row in rows) for place in range(len(BESIDE))]
    one = next(iter(found.values())).measured.samples
    here, registered = one["rows_per_dimension"]
    pays = one["break_even"][0]
    sample = "" if here == registered else f", a sample where {registered:g} are registered"
    twin = means[list(BESIDE).index("twin_lift")]
    met = isinstance(claim.rule, MeanAtLeast) and twin >= claim.rule.at_least
    anisotropy = "; it meets the rule, which is met by anisotropy alone" if met else ""
    said = (
        "β over the Haar level [-]. *Held out*: each expert's gate and up in a rotation learned on the other half of "
        f"its layer, on {here:g} rows per dimension{sample}. *In sample*: on the half that was learned on; *Gaussian "
        "stacks* are what the same search gains there on noise. *Covariance twin*: Gaussian rows with the layer's "
        f"covariance, held out{anisotropy}. *Down*: on its output side, held out. The bits of a shared rotation pay "
        f"from {pays:.3f}."
    )
    table = Table("Held-out lift by layer", ("layer", *BESIDE.values()), (*rows, ("mean", *means)), unit="-")
    return Section("Held out and in sample", (said, table))


def _values(measurement: Measurement) -> list[float]:
    return [fmean(measurement.measured.samples[name]) for name in BESIDE]
