"""Which metrics there are, and which measure each is of.

A measure is a file of `fixtures/measures/` or of a folder there, found by its name: there is no list to enter it in.
"""

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, cast

from reports.base.by_file_name import modules_by_name
from reports.base.errors import BadInput
from reports.prereg.metric import Metric

FOLDER = "fixtures.measures"


class Declares(Protocol):
    """What is asked here of a measure's file; `measures.py` says what else it may hold."""

    METRICS: Mapping[str, Metric]


@lru_cache(maxsize=1)
def measures() -> Mapping[str, Declares]:
    """Every measure by the name of its file."""
    found = {name: importlib.import_module(module) for name, module in modules_by_name(FOLDER).items()}
    return cast(Mapping[str, Declares], found)


def declared_by(measure: str) -> Declares:
    return measures()[measure]


def module_of(measure: str) -> str:
    """The module of a measure by its name."""
    return modules_by_name(FOLDER)[measure]


def metrics_for(kind: str, *, registered: bool = False) -> tuple[str, ...]:
    """The metrics that a rule of this kind may read; `registered`: those that a claim itself may ask for."""
    return tuple(
        name
        for file in measures().values()
        for name, metric in file.METRICS.items()
        if kind in metric.rules and (metric.registered or not registered)
    )


def measure_of(metric: str) -> str:
    """The name of the measure whose `metric` rules may read. Raises `BadInput` where there is none, or two."""
    found = [name for name, file in measures().items() if metric in file.METRICS and file.METRICS[metric].rules]
    if len(found) != 1:
        told = f"{' and '.join(found)} both do" if found else "no file of fixtures/measures/ does"
        raise BadInput(f"{metric}: expected one measure that declares it for a rule, and {told}; rename one, or add it")
    return found[0]


def counted_by(metric: str) -> str:
    """What n counts where a rule pools the values of `metric`: experts, layers; matrices where nothing else is said."""
    found = (file.METRICS[metric].counted for file in measures().values() if metric in file.METRICS)
    return next(found, "matrices")


def one_counted(metric: str) -> str:
    """The same of one: matrix, expert, layer."""
    counted = counted_by(metric)
    return "matrix" if counted == "matrices" else counted.removesuffix("s")
