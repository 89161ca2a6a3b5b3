"""The page in a real browser: no errors, no requests, everything that can be clicked, on a desk and on a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dlrun.report.page import render_page
from dlrun.report.page.values import Compared, RunView

pytestmark = pytest.mark.slow
Views = Callable[..., RunView]
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; skips where one of them is missing."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
    chromium = os.environ.get("DLRUN_TEST_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium here: apt-get install chromium, or DLRUN_TEST_CHROMIUM names one")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of some runs from disk; what goes wrong in it fails the test at its end."""
    troubles: list[str] = []
    requests: list[str] = []
    contexts: list[Any] = []

    def open_page(*views: RunView, compared: Compared | None = None, width: int = 1280, scheme: str = "light") -> Any:
        file = tmp_path / "report.html"
        file.write_text(render_page(views, compared), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
    assert [url for url in requests if not url.startswith(("file://", "data:"))] == []
    assert len([url for url in requests if url.startswith("file://")]) == len(contexts)


def colours(page: Any) -> int:
    from PIL import Image

    picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    return len(picture.getcolors(maxcolors=1 << 24) or ())


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize("kind", ["regression", "multiclass", "many", "hostile"])
def test_a_page_fits_its_window_and_is_drawn(view: Views, opened: Open, kind: str, width: int, scheme: str) -> None:
    page = opened(view(kind), width=width, scheme=scheme)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert colours(page) > 50
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark == (scheme == "dark")


def test_a_slider_reads_out_epochs_by_key_and_by_mouse(view: Views, opened: Open) -> None:
    page = opened(view("regression"))
    figure = page.locator("figure.curve").nth(1)
    slider = figure.locator("input[type=range]")
    before = figure.locator("output").inner_text()

    assert figure.locator("label b").inner_text() == "7"  # the best epoch
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert figure.locator("label b").inner_text() == "8"
    assert figure.locator("output").inner_text() != before
    assert slider.get_attribute("aria-valuetext").startswith("epoch 8: training ")
    page.keyboard.press("Home")
    left = figure.locator("line.cursor").get_attribute("x1")
    box = figure.locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    assert figure.locator("label b").inner_text() == "10"
    assert float(figure.locator("line.cursor").get_attribute("x1")) > float(left)


def test_the_cursor_stands_on_the_curve_that_it_reads(view: Views, opened: Open) -> None:
    page = opened(view("regression"))
    figure = page.locator("figure.curve").first
    figure.locator("input[type=range]").focus()
    page.keyboard.press("Home")
    start = float(figure.locator("line.cursor").get_attribute("x1"))
    page.keyboard.press("End")
    end = float(figure.locator("line.cursor").get_attribute("x1"))

    path = figure.locator("g.validation:not(.folds):not(.spread) path").first.get_attribute("d").split()
    assert float(path[1]) == pytest.approx(start, abs=0.1)
    assert float(path[-2]) == pytest.approx(end, abs=0.1)


def test_what_is_unchecked_is_hidden(view: Views, opened: Open) -> None:
    page = opened(view("regression"))
    folds = page.locator("figure.curve g.folds path").first

    assert folds.is_visible()
    page.locator('input[data-hide="folds"]').uncheck()
    assert not folds.is_visible()
    assert page.locator("figure.curve g.validation path").last.is_visible()
    page.locator('input[data-hide="folds"]').check()
    assert folds.is_visible()


def test_the_theme_is_chosen_by_a_button(view: Views, opened: Open) -> None:
    page = opened(view("regression"), scheme="dark")
    seen = []
    for _ in range(3):
        page.locator("#theme").click()
        seen.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert seen == ["rgb(255, 255, 255)", "rgb(20, 23, 27)", "rgb(20, 23, 27)"]  # light, dark, and as the system has it


def test_every_link_leads_to_its_section_and_every_summary_opens(view: Views, opened: Open) -> None:
    page = opened(view("multiclass"))
    for link in page.locator("nav a").all():
        link.click()
        anchor = link.get_attribute("href")
        assert page.evaluate("location.hash") == anchor
        assert page.locator(anchor).is_visible()
    for summary in page.locator("summary").all():
        was = summary.evaluate("element => element.parentElement.open")
        summary.click()
        assert summary.evaluate("element => element.parentElement.open") != was


def test_several_runs_stand_side_by_side_and_open_whole(view: Views, opened: Open) -> None:
    page = opened(view("regression"), view("regression"), compared=Compared(None, "they differ"))

    page.locator("nav a", has_text="B houses").click()
    assert page.locator("#run-B- h2").first.is_visible()
    page.locator('input[data-hide="training"]').first.uncheck()
    assert not page.locator("#figures g.training").first.is_visible()
    assert colours(page) > 50


def test_paper_shows_everything_in_black_on_white(view: Views, opened: Open) -> None:
    page = opened(view("regression"), scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator(".bar").is_visible()
    assert page.pdf()[:5] == b"%PDF-"
