"""A licence that is whole, a citation that fits its format, and a changelog whose newest release is this one."""

import re
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from reports.base.version import SUITE, suite_version

ROOT = Path(__file__).resolve().parents[2]
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # apache.org/licenses/LICENSE-2.0.txt
REQUIRED = {"cff-version", "message", "title", "authors"}  # by the Citation File Format 1.2.0
TYPES = ("software", "dataset")
ENTITY = {"name"}  # of an author who is not a person; a person has family-names or given-names
RELEASE = re.compile(r"^## (\d+\.\d+\.\d+), (\d{4}-\d\d-\d\d)$", re.MULTILINE)
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf8")


def unfit(citation: Any) -> list[str]:
    """What in a `CITATION.cff` is not of the format's version 1.2.0, or not of this checkout."""
    if not isinstance(citation, dict):
        return ["not a mapping"]
    faults = [f"{key} is missing" for key in sorted(REQUIRED - citation.keys())]
    if citation.get("cff-version") != "1.2.0":
        faults.append("cff-version is not the text 1.2.0")
    if citation.get("type") not in TYPES:
        faults.append("type is neither software nor dataset")
    authors = citation.get("authors") or []
    if not authors or not all(isinstance(one, dict) and one.keys() >= ENTITY and one["name"] for one in authors):
        faults.append("an author has no name")
    for key, stated in {"version": suite_version(), "title": SUITE, "license": "Apache-2.0"}.items():
        if citation.get(key) != stated:
            faults.append(f"{key} is {citation.get(key)!r}, expected {stated!r}")
    return faults


def releases(changelog: str) -> list[tuple[str, str]]:
    """Version and day of each release, as they are listed."""
    return RELEASE.findall(changelog)


def test_the_licence_is_apache_2_to_the_byte() -> None:
    assert sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2


def test_pyproject_names_the_licence_and_its_file() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf8")
    assert 'license = "Apache-2.0"\nlicense-files = ["LICENSE"]\n' in text


def test_the_citation_fits_the_format_and_this_checkout() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    assert unfit(citation) == []
    assert citation["type"] == "software"
    assert isinstance(citation["date-released"], date)
    assert releases(CHANGELOG)[0] == (citation["version"], citation["date-released"].isoformat())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"message": None}, "message is missing"),
        ({"authors": None}, "authors is missing"),
        ({"authors": []}, "an author has no name"),
        ({"authors": [{"name": ""}]}, "an author has no name"),
        ({"cff-version": 1.2}, "cff-version is not the text 1.2.0"),
        ({"type": "book"}, "type is neither software nor dataset"),
        ({"version": "99.0.0"}, f"version is '99.0.0', expected {suite_version()!r}"),
        ({"license": "MIT"}, "license is 'MIT', expected 'Apache-2.0'"),
    ],
)
def test_the_check_of_a_citation_can_fail(changed: dict[str, object], said: str) -> None:
    citation = {**yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8")), **changed}
    assert said in unfit({key: value for key, value in citation.items() if value is not None})


def test_the_newest_release_of_the_changelog_is_this_version() -> None:
    found = releases(CHANGELOG)
    assert found[0][0] == suite_version()
    assert found == sorted(found, key=lambda one: [int(part) for part in one[0].split(".")], reverse=True)
    assert all(date.fromisoformat(day) for _, day in found)
    heads = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert heads == ["Unreleased", *(f"{version}, {day}" for version, day in found)]


def test_a_version_without_a_day_is_not_a_release() -> None:
    assert releases("## Unreleased\n\n## 0.2.0\n\n## 0.1.0, 2026-11-28\n") == [("0.1.0", "2026-11-28")]
