"""What a folder holds is found by its file names: there is no list to enter a new one in."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import lru_cache


@lru_cache(maxsize=16)
def file_names(package: str) -> tuple[str, ...]:
    """The modules of `package` that are not tests, ascending; none of them is imported."""
    folder = importlib.import_module(package)
    names = (entry.name for entry in pkgutil.iter_modules(folder.__path__) if not entry.ispkg)
    return tuple(sorted(name for name in names if not name.startswith(("test_", "conftest"))))


@lru_cache(maxsize=16)
def modules_by_name(package: str) -> Mapping[str, str]:
    """The same of `package` and of the packages in it, each with the module that it is."""
    return dict(sorted(_modules(package)))


def _modules(package: str) -> Iterator[tuple[str, str]]:
    yield from ((name, f"{package}.{name}") for name in file_names(package))
    for entry in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if entry.ispkg:
            yield from _modules(f"{package}.{entry.name}")
