"""What a folder holds is found by its file names: there is no list to enter a new one in."""

import importlib
import pkgutil
from functools import lru_cache


@lru_cache(maxsize=16)
def file_names(package: str) -> tuple[str, ...]:
    """The modules of `package` that are not tests, ascending; none of them is imported."""
    folder = importlib.import_module(package)
    names = (entry.name for entry in pkgutil.iter_modules(folder.__path__) if not entry.ispkg)
    return tuple(sorted(name for name in names if not name.startswith(("test_", "conftest"))))
