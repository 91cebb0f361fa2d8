"""The page in a real browser: it renders, says nothing on the console, is accessible, and fits a phone."""

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from reports.pages.beside.beside_page import beside_html
from reports.pages.beside.conftest import other_weights, side
from reports.pages.figures.theme import PAGE

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SERIOUS = ("serious", "critical")
PHONE, DESKTOP = {"width": 360, "height": 800}, {"width": 1400, "height": 900}
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless browser of the distribution, with a profile of its own."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no-chromium: none of {', '.join(BROWSERS)} is on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=found, args=list(FLAGS), headless=True
        )
        yield context
        context.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty tab; what it logs and asks for is kept in `page.said` and `page.asked`."""
    page = browser.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    page.close()


def serious_faults(page: Any) -> list[str]:
    """What axe-core holds to be serious or critical."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def shown(page: Any, path: Path, scheme: str, size: dict[str, int]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(path.as_uri())


@pytest.mark.parametrize(("run", "scheme"), [("complete", "light"), ("complete", "dark"), ("stopped", "dark")])
def test_it_renders_and_is_accessible(run: str, scheme: str, page: Any, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(run)[0]
    shown(page, path, scheme, DESKTOP)
    assert "KILLED" in page.inner_text("h1")
    drawings = page.evaluate("[...document.querySelectorAll('svg')].map(one => one.getBoundingClientRect().height)")
    assert len(drawings) == len(list((path.parent / "figures").glob("*.svg")))
    assert all(height > 100 for height in drawings)
    red, green, blue = bytes.fromhex(PAGE[scheme == "dark"][1:])
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == f"rgb({red}, {green}, {blue})"
    page.evaluate(OPEN)
    assert serious_faults(page) == []
    assert page.said == []
    assert page.asked == [path.as_uri()]


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_verdicts_side_by_side_are_accessible_and_fit_a_phone(scheme: str, page: Any, tmp_path: Path) -> None:
    path = tmp_path / "compare.html"
    path.write_text(beside_html(side("one"), side("other", other_weights)), "utf8")
    shown(page, path, scheme, PHONE)
    page.evaluate(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert serious_faults(page) == []
    assert (page.said, page.asked) == ([], [path.as_uri()])
    captions = page.evaluate("[...document.querySelectorAll('caption')].map(one => one.textContent)")
    assert len(captions) == len(set(captions)) > 5


def test_the_faults_can_be_found(page: Any) -> None:
    page.set_content('<html lang="en"><title>t</title><img src="data:,"><p style="color: #ccc">pale</p></html>')
    assert {fault.partition(":")[0] for fault in serious_faults(page)} == {"image-alt", "color-contrast"}


@pytest.mark.parametrize("opened", [False, True])
def test_it_fits_a_phone(opened: bool, page: Any, complete: tuple[Path, ...]) -> None:
    shown(page, complete[0], "light", PHONE)
    if opened:
        page.evaluate(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_every_number_is_reached_by_keyboard(page: Any, complete: tuple[Path, ...]) -> None:
    shown(page, complete[0], "light", DESKTOP)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    wanted = page.evaluate("document.querySelectorAll('summary').length")
    reached = 0
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            page.keyboard.press("Enter")
            reached += 1
            if reached == wanted:
                break
    assert page.evaluate("document.querySelectorAll('details[open]').length") == wanted > 5


def test_it_prints_in_the_colours_of_paper(page: Any, complete: tuple[Path, ...]) -> None:
    shown(page, complete[0], "dark", DESKTOP)
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--page')")
    assert paper.strip() == PAGE[0]
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"


def test_an_address_of_a_cell_leads_to_its_row(page: Any, complete: tuple[Path, ...]) -> None:
    page.set_viewport_size(DESKTOP)
    page.goto(f"{complete[0].as_uri()}#narrow_d-L03")
    row = page.evaluate("document.querySelector('tr:target').innerText")
    assert row.split("\t")[:2] == ["narrow_d[L03]", "6"]
    box = page.evaluate("document.querySelector('tr:target').getBoundingClientRect().toJSON()")
    assert 0 <= box["top"] < box["bottom"] <= DESKTOP["height"]
    page.goto(f"{complete[0].as_uri()}#narrow_d-L99")
    assert page.evaluate("document.querySelector('tr:target')") is None


def test_the_numbers_of_a_figure_are_saved_without_a_network(page: Any, complete: tuple[Path, ...]) -> None:
    shown(page, complete[0], "light", DESKTOP)
    with page.expect_download() as saved:
        page.click("a[download$='-gates.csv']")
    assert saved.value.suggested_filename == "E-test-v4-gates.csv"
    first, *rows = Path(saved.value.path()).read_text("utf8").splitlines()
    assert first.startswith("gate,layers,status,observed [-],threshold [-]")
    assert rows[0].startswith("narrow_d@2-layer,2,KILLED,0.4166666667,0.7,")
    assert page.asked == [complete[0].as_uri()]
