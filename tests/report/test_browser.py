"""Reports as a real browser shows them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hpmkd.report.figures import pictures
from hpmkd.report.plain_words import sentences
from hpmkd.report.render.figure import Picture
from hpmkd.report.render.format import clean
from tests.report.made import RUNS

EVERY = pytest.mark.parametrize("name", list(RUNS))
PICTURES = """[...document.querySelectorAll("figure[data-picture]")].map(figure => {
  const svg = figure.querySelector("svg"), frame = svg.getBoundingClientRect();
  const marks = [...svg.querySelectorAll(".mark")].map(mark => mark.getBoundingClientRect());
  const within = box => box.left >= frame.left - 1 && box.right <= frame.right + 1 &&
    box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
  const named = svg.getAttribute("aria-labelledby").split(" ");
  return {
    key: figure.dataset.picture,
    role: svg.getAttribute("role"),
    name: named.map(id => document.getElementById(id).textContent).join(" "),
    width: frame.width,
    height: frame.height,
    marks: marks.length,
    drawn: marks.filter(box => box.width > 0 && box.height > 0).length,
    within: marks.filter(within).length,
  };
})"""
FOCUSABLE = """[...document.querySelectorAll("a[href], button, summary, [tabindex='0']")]
  .filter(each => each.checkVisibility() && each.getClientRects().length)
  .map((each, at) => { each.dataset.at = at; return String(at) })
"""
# WCAG 2.1, relative luminance and contrast.
CONTRAST = """(() => {
  const rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = text => rgb(text).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = getComputedStyle(document.body).backgroundColor;
  const against = colour => {
    const [low, high] = [light(colour), light(ground)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const least = (selector, key) => Math.min(...[...document.querySelectorAll(selector)]
    .map(each => getComputedStyle(each)[key]).filter(c => c !== "none").map(against));
  return {
    ground,
    text: least("p, figcaption, td, th, a, summary, dd, dt, .badge", "color"),
    labels: least("svg text", "fill"),
    marks: least("svg use.mark", "stroke"),
  };
})()"""


def opened(tab, reports, name, **options):
    run, path = reports(name)
    tab.open(path, **options)
    return run


@EVERY
def test_it_says_nothing_and_asks_for_nothing(tab, reports, name):
    opened(tab, reports, name)
    told = tab.of("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    assert told == []
    urls = [each["request"]["url"] for each in tab.of("Network.requestWillBeSent")]
    urls = [url for url in urls if not url.startswith("data:")]
    assert urls == [reports(name)[1].as_uri()]
    assert tab.run("performance.getEntriesByType('resource').map(each => each.name)") == []


@EVERY
def test_every_picture_is_drawn_with_all_its_marks(tab, reports, name):
    run = opened(tab, reports, name)
    expected = {each.key: each for each in pictures(run) if isinstance(each, Picture)}
    tab.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
    shown = tab.run(PICTURES)
    assert sorted(each["key"] for each in shown) == sorted(expected)
    for each in shown:
        picture = expected[each["key"]]
        assert each["role"] == "img"
        assert each["name"] == f"{picture.title} {picture.description}"
        assert each["width"] > 300
        assert each["height"] > 60
        counted = (each["marks"], each["drawn"], each["within"])
        assert counted == (picture.marks,) * 3, each["key"]


@EVERY
def test_nothing_breaks_out_of_a_phone(tab, reports, name):
    opened(tab, reports, name, width=380)
    tab.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
    root = "document.documentElement"
    assert tab.run(f"{root}.scrollWidth") <= tab.run(f"{root}.clientWidth") == 380
    captions = "[...document.querySelectorAll('caption span')]"
    assert tab.run(f"Math.max(...{captions}.map(e => e.getBoundingClientRect().right))") <= 380
    # What is wider scrolls by itself, by keyboard too.
    stuck = """[...document.querySelectorAll("table, pre")].filter(each => {
      const box = each.closest(".scroll, pre");
      return box === null || box.tabIndex !== 0 || box.getBoundingClientRect().right > 380;
    }).length"""
    assert tab.run(stuck) == 0


@EVERY
def test_headings_landmarks_and_names_are_in_order(tab, reports, name):
    opened(tab, reports, name)
    levels = tab.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(now - before <= 1 for before, now in pairwise(levels))
    for landmark in ("header", "nav[aria-label]", "main", "footer"):
        assert tab.run(f"document.querySelectorAll('{landmark}').length") == 1
    unnamed = """[...document.querySelectorAll("table")].filter(each =>
      !each.caption.textContent.trim() ||
      [...each.querySelectorAll("th")].some(th => !th.scope)).length"""
    assert tab.run(unnamed) == 0
    ids = tab.run("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(set(ids)) == len(ids)
    referred = tab.run(
        "[...document.querySelectorAll('[href^=\"#\"]')].map(e => e.hash || e.href.baseVal)"
    )
    assert {each.removeprefix("#") for each in referred} <= set(ids)
    assert tab.run("document.images.length") == 0


def test_nasty_names_are_text_and_nothing_else(tab, reports):
    run = opened(tab, reports, "nasty names")
    assert tab.run("document.scripts.length") == 1
    assert tab.run("document.querySelectorAll('[onload], body b').length") == 0
    assert clean(run.chosen) in tab.run("document.getElementById('sentence').textContent")
    gates = tab.run("[...document.querySelectorAll('.gates strong')].map(e => e.textContent)")
    assert gates == [clean(gate.name) for gate in run.gates]
    assert gates[0] == "<script>alert(1)</script>"


def test_limits_stand_beside_the_verdict(tab, reports):
    told = "document.querySelector('.verdict').textContent"
    opened(tab, reports, "three classes")
    assert "Limits" not in tab.run(told)
    opened(tab, reports, "limits that are kept")
    assert "Limits (--max-size 50KB --max-latency 50us): the student keeps them" in tab.run(told)
    run = opened(tab, reports, "limits that are broken")
    for line in run.unmet("runs/it").splitlines():
        assert line in tab.run(told)
    assert "Dropped: network: it was not tried." in tab.run(told)


def test_a_sentence_comes_first_and_its_numbers_are_folded(tab, reports):
    run = opened(tab, reports, "three classes")
    first = tab.run("document.querySelector('main p').textContent")
    assert first == " ".join(sentences(run))
    visible = "document.getElementById('sentence').checkVisibility()"
    assert tab.run(visible) is False
    tab.run("document.querySelector('.verdict details').open = true")
    assert tab.run(visible) is True


def test_the_title_names_data_target_and_date(tab, reports):
    opened(tab, reports, "three classes")
    assert tab.run("document.querySelector('h1').textContent") == "A student of rows.csv, target y"
    assert "report of 1 December 2026" in tab.run("document.querySelector('header').textContent")


def test_pairs_are_joined_and_teachers_folded(tab, reports):
    run = opened(tab, reports, "three classes")
    rows = tab.run("""[...document.querySelectorAll("#leaderboard ~ .scroll tr.joined")].map(row =>
      [row, row.nextElementSibling].map(each =>
        [...each.cells].slice(0, 2).map(cell => cell.textContent)))""")
    assert rows == [[["control", name], ["student", name]] for name in run.students]
    folded = "document.querySelector('#leaderboard ~ details').textContent"
    assert all(name in tab.run(folded) for name in run.knowledge.teachers)
    assert tab.run("document.getElementById('weights').checkVisibility()") is False


def test_every_accuracy_has_its_interval(tab, reports):
    run = opened(tab, reports, "three classes")
    notes = tab.run("[...document.querySelectorAll('#leaderboard ~ .scroll tbody small')].length")
    shown = len(run.records) - len(run.knowledge.teachers) + len(run.front) - 3  # of no record
    assert notes == 2 * shown


def test_the_keyboard_reaches_everything_in_order(tab, reports):
    opened(tab, reports, "three classes")
    expected = tab.run(FOCUSABLE)
    focused, outlined = [], []
    for _ in expected:
        tab.press("Tab", 9)
        focused.append(tab.run("document.activeElement.dataset.at"))
        outlined.append(tab.run("getComputedStyle(document.activeElement).outlineStyle"))
    assert focused == expected
    assert set(outlined) == {"solid"}


def test_the_skip_link_leads_past_the_navigation(tab, reports):
    opened(tab, reports, "three classes")
    tab.press("Tab", 9)
    assert tab.run("document.activeElement.textContent") == "Skip to the report"
    assert tab.run("document.activeElement.getBoundingClientRect().left") >= 0
    tab.press("Enter", 13)
    tab.press("Tab", 9)
    assert tab.run("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_can_be_read(tab, reports, theme):
    opened(tab, reports, "three classes", theme=theme)
    found = tab.run(CONTRAST)
    assert found["ground"] == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 28)"}[theme]
    assert found["text"] >= 4.5
    assert found["labels"] >= 4.5
    assert found["marks"] >= 3


@pytest.mark.parametrize(("theme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_theme_can_be_changed(tab, reports, theme, other):
    opened(tab, reports, "three classes", theme=other)
    expected = tab.run("getComputedStyle(document.body).backgroundColor")
    opened(tab, reports, "three classes", theme=theme)
    pressed = "document.getElementById('theme').ariaPressed"
    ground = "getComputedStyle(document.getElementById('theme')).backgroundColor"
    before, looked = tab.run(pressed), tab.run(ground)
    tab.run("document.getElementById('theme').click()")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == expected
    assert {before, tab.run(pressed)} == {"true", "false"}
    free, down = "rgb(245, 247, 249)", "rgb(232, 236, 240)"
    assert {looked, tab.run(ground)} == {free, down}


def test_headings_stand_over_their_columns(tab, reports):
    opened(tab, reports, "a silent teacher")
    apart = """[...document.querySelectorAll(".wrap table, #leaderboard ~ .scroll table")]
      .flatMap(table => [...table.tHead.rows[0].cells].flatMap((heading, at) =>
        [...table.tBodies[0].rows].filter(row => getComputedStyle(row.cells[at]).textAlign !==
          getComputedStyle(heading).textAlign)
        .map(() => `${table.caption.textContent}: ${heading.textContent}`)))"""
    assert [each for each in tab.run(apart) if "value" in each or "size" in each] == []


def test_without_scripts_only_the_button_is_gone(tab, reports):
    opened(tab, reports, "three classes", scripts=False)
    assert tab.run("document.getElementById('theme').checkVisibility()") is False
    assert tab.run("document.querySelectorAll('figure svg').length") == 11
