"""The site as a real browser shows it, opened as files."""

from __future__ import annotations

import time

import pytest

#: The home page, a page of the API, one with wide tables, a notebook.
PAGES = (
    "docs/index.html",
    "reference/python.html",
    "docs/rivals.html",
    "examples/first_student.html",
)
# WCAG 2.1, relative luminance and contrast: of paragraphs, and of the page behind them.
CONTRAST = """(() => {
  const light = (element, key) => getComputedStyle(element)[key].match(/[\\d.]+/g).slice(0, 3)
    .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = light(document.body, "backgroundColor");
  const text = light(document.querySelector("article p"), "color");
  return {ground, contrast: (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05)};
})()"""
#: Elements that are wider than a phone and do not scroll by themselves.
TOO_WIDE = """[...document.querySelectorAll("article *")].filter(each =>
  each.getBoundingClientRect().right > innerWidth && !each.closest(".md-typeset__scrollwrap, pre"))
  .map(each => `${each.tagName} ${each.textContent.trim().slice(0, 50)}`)"""
#: Where Zensical draws the search: in a tree of its own.
SEARCH = """[...document.querySelectorAll("*")].map(each => each.shadowRoot)
  .find(root => root?.querySelector("input"))"""


def until(tab, expression):
    """Return the first true value of an expression."""
    end = time.monotonic() + 60
    while not (value := tab.run(expression)):
        assert time.monotonic() < end, f"never true: {expression}"
        time.sleep(0.02)
    return value


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_phone_in_both_themes_and_loads_nothing_from_elsewhere(
    tab, site, page, theme
):
    tab.open(site / page, theme=theme, width=380)
    root = "document.documentElement"
    assert tab.run(f"{root}.scrollWidth") <= tab.run(f"{root}.clientWidth") == 380
    assert tab.run(TOO_WIDE) == []
    colours = tab.run(CONTRAST)
    assert (colours["ground"] > 0.5) == (theme == "light")
    assert colours["contrast"] >= 4.5
    urls = [each["request"]["url"] for each in tab.of("Network.requestWillBeSent")]
    assert any(url.endswith(".css") for url in urls)
    assert [url for url in urls if not url.startswith(("file:", "data:"))] == []
    assert tab.of("Runtime.exceptionThrown", "Network.loadingFailed") == []


def test_the_search_answers_without_a_server(tab, site):
    tab.open(site / "docs" / "index.html")
    tab.run("document.querySelector('.md-search__button').click()")
    until(tab, f"!!({SEARCH})")
    typed = "new Event('input', {bubbles: true})"
    tab.run(
        f"(() => {{ const field = ({SEARCH}).querySelector('input');"
        f"field.value = 'retention glossary'; field.dispatchEvent({typed}) }})()"
    )
    links = f"[...({SEARCH}).querySelectorAll('a')].map(each => each.href)"
    found = until(tab, f"{links}.filter(each => each.includes('glossary'))")
    assert all(link.startswith("file:") for link in found)
