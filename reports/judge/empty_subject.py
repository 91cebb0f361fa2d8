"""A model that knows no more of its prompts than a uniform output: what is done to it shows nothing. Pure."""

from dataclasses import dataclass
from statistics import fmean

from reports.judge.bootstrap import bootstrap_of_mean
from reports.prereg.preregistration import Interval
from reports.prereg.samples import Measured


@dataclass(frozen=True)
class Knowledge:
    """What the unquantised model says of its prompts, beside a uniform output [nats]."""

    nll: float  # NLL₀, mean over prompts
    interval: tuple[float, float]  # bootstrap over sources
    uniform: float  # ln of the vocabulary

    @property
    def empty(self) -> str | None:
        """Says that NLL₀ is not clearly below `uniform`: its interval does not end below it. None where it does."""
        low, high = self.interval
        if high < self.uniform:
            return None
        return (
            f"empty: the unquantised NLL of {self.nll:.3f} nats [{low:.3f}, {high:.3f}] is not clearly below the "
            f"{self.uniform:.3f} of a uniform output, so its inflation says nothing"
        )


def knowledge(measured: Measured, interval: Interval) -> Knowledge | None:
    """Of a measurement of a whole model; None where it holds no NLL₀, or not what a uniform output would have."""
    nll = measured.samples.get("nll")
    if nll is None or nll.noise_mean is None:
        return None
    return Knowledge(fmean(nll), bootstrap_of_mean(nll.values, interval, measured.sources), nll.noise_mean)
