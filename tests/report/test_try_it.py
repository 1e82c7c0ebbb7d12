"""The panel in which the shipped student answers: what it starts from, and that it is right."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hpmkd.errors import ExportWarning, RecipeError
from hpmkd.report.render.figure import Absent
from hpmkd.report.render.page import SECTIONS, page
from hpmkd.report.try_it import panel as panel_module
from hpmkd.report.try_it.controls import controls_of
from hpmkd.report.try_it.importance import importance
from hpmkd.report.try_it.panel import try_it
from hpmkd.testing.students import fitted_student, known_student, odd_student
from tests.report.made import made


def rows():
    """Rows of every kind of column, and their labels."""
    rng, n = np.random.default_rng(0), 400
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": rng.lognormal(10, 1, n).round(2),
            "job": rng.choice(np.array(["clerk", "nurse", None]), n, p=[0.6, 0.3, 0.1]),
            "city": rng.choice(np.array([f"city {at}" for at in range(80)]), n),
            "when": pd.date_range("2020-01-01", periods=n, freq="37h"),
            "born": pd.date_range("1950-01-01", periods=n, freq="40D"),
            "never": np.nan,
            "__proto__": rng.random(n) < 0.7,
        }
    )
    frame.loc[::3, "income"] = np.nan
    return frame, np.where(frame["age"] + rng.normal(0, 10, n) > 50, "bought", "left")


def page_of(student, folder):
    """Write the report of a run that ships a student, without drawing its pictures."""
    run = replace(made(2, stages=("tree",), trials=()), students={"tree": student})
    keys = [key for section in SECTIONS.values() for key in section]
    path = folder / "it.html"
    path.write_text(page(run, "RUN", [Absent(key, key, "Not drawn.") for key in keys], {}), "utf-8")
    return path


@pytest.fixture(scope="module")
def student():
    """A pool of all families, with a sketch."""
    frame, labels = rows()
    return fitted_student("pooled", frame, labels).with_sketch(frame)


def by_name(student):
    return {control.name: control for control, _ in controls_of(student)}


def test_controls_start_from_medians_of_the_training_rows(student):
    found = by_name(student)
    age = found["age"]
    assert (age.kind, age.low, age.high) == ("number", 18.0, 89.0)
    assert abs(age.start - rows()[0]["age"].median()) <= 1
    assert age.step == 0.1
    assert found["job"].start == "clerk"
    assert found["job"].levels == ("clerk", "nurse")
    assert found["when"].kind == "moment"
    assert found["when"].start.startswith("2020-11")
    assert found["born"].kind == "day"
    assert found["born"].start.startswith("1971-")
    assert found["never"].start is None
    assert found["__proto__"].start == 1.0


def test_a_cell_that_is_missing_more_often_than_not_starts_so():
    frame, labels = rows()
    frame.loc[frame.index % 3 > 0, ["income", "job"]] = None
    found = by_name(fitted_student("linear", frame, labels).with_sketch(frame))
    assert found["income"].start is None
    assert found["job"].start is None


@pytest.mark.parametrize("family", ["linear", "boosted", "network", "pooled"])
def test_without_a_sketch_they_start_from_what_the_student_tells_apart(family):
    frame, labels = rows()
    found = by_name(fitted_student(family, frame, labels))
    assert 18 <= found["age"].start <= 90
    assert found["when"].start.startswith("202")
    for control in found.values():
        assert control.low < control.high
        assert math.isfinite(control.step)
        assert control.step > 0


def test_columns_that_are_shown_alike_are_told_apart():
    frame = pd.DataFrame({" a": [1.0, 2.0], "a": [1.0, 2.0], "a (2)": [1.0, 2.0]})
    found = by_name(fitted_student("linear", frame, [0, 1]))
    assert [control.title for control in found.values()] == ["a", "a (2)", "a (2) (2)"]


def test_the_importance_is_the_largest_change_of_a_probability(student):
    pairs = controls_of(student)
    row = {control.name: control.start for control, _ in pairs}
    found = importance(student, row, [cells for _, cells in pairs])
    before = student.predict_proba([row])
    for moved, (control, cells) in zip(found, pairs, strict=True):
        changed = [{**row, control.name: cell} for cell in cells]
        assert moved == np.abs(student.predict_proba(changed) - before).max()
    shown = try_it(student).data["controls"]
    assert shown[0]["name"] == pairs[int(found.argmax())][0].name


@pytest.mark.parametrize("given", [None, object()])
def test_what_is_no_student_of_ours_has_no_panel(given):
    found = try_it(given)
    assert isinstance(found, Absent)
    assert found.why.startswith("There is no panel in this page: the exporter 'js' got a")


def test_without_an_exporter_there_is_no_panel(tmp_path, monkeypatch):
    def nothing(name):
        raise RecipeError(f"no plugin offers the exporter {name!r}")

    monkeypatch.setattr(panel_module, "exporter_of", nothing)
    text = page_of(known_student("tree", "wine", mixed=False), tmp_path).read_text("utf-8")
    assert "There is no panel in this page: no plugin offers the exporter &#39;js&#39;." in text
    assert "predictProba" not in text


def test_without_node_a_report_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ExportWarning)
        assert try_it(known_student("tree", "wine", mixed=True)).module


# ------------------------------------------------------------------------ in a browser

#: Set a control, found by the name of its column, as a user would; answer with what is shown.
SET = """((title, value, kind) => {
  const label = [...document.querySelectorAll("#try-controls label:first-child")]
    .find((each) => each.textContent === title);
  const field = document.getElementById(label.htmlFor);
  const control = field.closest(".control");
  const target = kind === "missing" ? control.querySelector("[type=checkbox]")
    : kind === "slider" ? control.querySelector("[type=range]") : field;
  if (kind === "missing") target.click();
  else {
    if (target.tagName === "SELECT") target.selectedIndex = value;
    else target.value = value;
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.dispatchEvent(new Event("change", { bubbles: true }));
  }
  return %s;
})"""
SHOWN = """[...document.querySelectorAll("#try-bars data")].map((each) => Number(each.value))"""


@pytest.fixture(scope="module")
def opened(tab, student, tmp_path_factory):
    """Open the report of the student, and return a function that sets a control."""
    path = page_of(student, tmp_path_factory.mktemp("try"))

    def open_it(**options):
        tab.open(path, **options)
        return lambda *given: tab.run(f"({SET % SHOWN})(...{json.dumps(given)})")

    return open_it


def typical(student):
    return {control.name: control.start for control, _ in controls_of(student)}


def answered(student, row):
    return student.predict_proba([row])[0].tolist()


def test_it_answers_exactly_as_the_student(tab, opened, student):
    put, row = opened(), typical(student)
    assert tab.run(SHOWN) == answered(student, row)
    label = "document.getElementById('try-label').textContent"
    for title, value, kind, cell in (
        ("age", "30", "slider", 30.0),
        ("age", "61.5", "field", 61.5),
        ("age", "-1e9", "field", -1e9),
        ("income", "", "field", None),
        ("income", "7", "field", 7.0),
        ("age", None, "missing", None),
        ("age", None, "missing", -1e9),
        ("job", 1, "field", "nurse"),
        ("job", 2, "field", None),
        ("city", "city 7", "field", "city 7"),
        ("city", "nowhere", "field", None),
        ("when", "2021-03-01T04:05", "field", "2021-03-01T04:05"),
        ("when", None, "missing", None),
        ("born", "1999-12-31", "field", "1999-12-31"),
        ("__proto__", "0", "slider", 0.0),
    ):
        row[title] = cell
        assert put(title, value, kind) == answered(student, row), (title, value)
        assert tab.run(label) == student.predict_one(row)
    tab.run("document.getElementById('try-reset').click()")
    assert tab.run(SHOWN) == answered(student, typical(student))
    assert tab.run("document.getElementById('try-differs').checkVisibility()") is False
    assert float(tab.run("document.getElementById('try-time').textContent")) > 0


def test_it_is_silent_and_asks_for_nothing(tab, opened):
    put = opened()
    put("age", "30", "slider")
    told = tab.of("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    assert told == []
    urls = [each["request"]["url"] for each in tab.of("Network.requestWillBeSent")]
    assert [url for url in urls if not url.startswith(("data:", "file:"))] == []


def test_every_control_has_a_name_and_is_reached_by_keyboard(tab, opened):
    opened()
    named = """[...document.querySelectorAll("#try-panel :is(input, select)")]
      .filter((each) => !each.ariaLabel && ![...each.labels].some((l) => l.textContent.trim()))"""
    assert tab.run(f"{named}.length") == 0
    ids = tab.run("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(set(ids)) == len(ids)
    tab.run("document.querySelector('#try-controls [type=range]').focus()")
    before = tab.run(SHOWN)
    for _ in range(20):
        tab.press("ArrowRight", 39)
    assert tab.run(SHOWN) != before
    for kind in ("number", "checkbox"):
        tab.press("Tab", 9)
        assert tab.run("document.activeElement.type") == kind
        assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_it_fits_a_phone(tab, opened):
    opened(width=380)
    assert tab.run("document.documentElement.scrollWidth") == 380
    right = (
        "[...document.querySelectorAll('#try-panel *')].map(e => e.getBoundingClientRect().right)"
    )
    assert tab.run(f"Math.max(...{right})") <= 380


def test_without_scripts_a_sentence_stands_in_its_place(tab, opened):
    opened(scripts=False)
    assert tab.run("document.getElementById('try-panel').checkVisibility()") is False
    assert "It needs scripts" in tab.run("document.body.innerText")


def test_a_moment_beyond_all_years_is_explained(tab, opened):
    put = opened()
    put("when", "12021-03-01T04:05", "field")
    assert 'column "when" holds' in tab.run("document.getElementById('try-problem').innerText")
    put("when", "2021-03-01T04:05", "field")
    assert tab.run("document.getElementById('try-problem').checkVisibility()") is False


def test_odd_names_are_text_and_answered(tab, tmp_path):
    student = odd_student("pooled")
    tab.open(page_of(student, tmp_path))
    assert tab.of("Runtime.exceptionThrown", "Log.entryAdded") == []
    assert tab.run(SHOWN) == answered(student, typical(student))
    assert tab.run("document.querySelectorAll('#try-panel b, #try-panel script').length") == 0


def test_of_many_columns_the_most_important_are_shown_and_others_found(tab, tmp_path):
    rng, d = np.random.default_rng(0), 200
    frame = pd.DataFrame(rng.normal(size=(300, d)), columns=[f"c{at}" for at in range(d)])
    labels = (frame["c150"] > 0).astype(int) + (frame["c7"] > 0.5)
    student = fitted_student("boosted", frame, labels).with_sketch(frame)
    tab.open(page_of(student, tmp_path))
    shown = (
        "[...document.querySelectorAll('#try-controls label:first-child')].map(e => e.textContent)"
    )
    first = tab.run(shown)
    assert len(first) == 12
    assert {"c150", "c7"} <= set(first)
    assert "188 more" in tab.run("document.getElementById('try-more').innerText")
    other = next(f"c{at}" for at in range(d) if f"c{at}" not in first)
    tab.run(f"document.getElementById('try-name').value = '{other}'")
    tab.run("document.getElementById('try-name').dispatchEvent(new Event('change'))")
    assert tab.run(shown) == [*first, other]
    assert tab.run("document.activeElement.closest('.control').innerText").startswith(other)
    assert "187 more" in tab.run("document.getElementById('try-more').innerText")
