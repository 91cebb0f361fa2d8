"""Which folder a person means: a path, or the name of a verdict that is published in this repository."""

from pathlib import Path

from reports.base.errors import BadInput
from reports.prereg.parsing.refusals import closest

VERDICTS = Path(__file__).resolve().parents[1] / "verdicts"


def found_folder(named: str | Path, verdicts: Path = VERDICTS) -> Path:
    """The folder at the path `named`, or else the one of that name under `verdicts`.

    Raises `BadInput` where there is neither, with the closest name that is published.
    """
    path = Path(named)
    if path.is_dir():
        return path
    if path.exists():
        raise BadInput(f"{path}: a file, expected a folder that a run wrote, or a published verdict; name its folder")
    known = sorted(one.name for one in verdicts.iterdir() if one.is_dir()) if verdicts.is_dir() else []
    if str(named) in known:
        return verdicts / named
    raise BadInput(
        f"{named}: no such folder; name what a run wrote, under reports/out or --out, or a published verdict, as "
        f"python -m reports scoreboard lists them{closest(path.name, known)}"
    )
