"""Progress in a notebook: bars with ipywidgets, lines without it, nothing elsewhere."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

import hpmkd
from hpmkd.errors import RecipeError
from hpmkd.progress import notebook, view_of
from hpmkd.progress.live import LiveProgress
from hpmkd.progress.log import LogProgress
from hpmkd.progress.notebook import NotebookProgress
from hpmkd.values import DataFacts


class Widget:
    """What ipywidgets has of its widgets: attributes."""

    def __init__(self, first=(), **attributes):
        self.children = tuple(first) if isinstance(first, list | tuple) else ()
        self.value, self.max, self.bar_style = first, 100, ""


@pytest.fixture
def shown(monkeypatch):
    """A notebook as far as IPython tells of it; what is displayed, the last of each handle."""
    displayed = []

    class DisplayHandle:
        def display(self, content, *, raw):
            displayed.append(content["text/plain"])

        def update(self, content, *, raw):
            displayed[-1] = content["text/plain"]

    display = ModuleType("IPython.display")
    display.display, display.DisplayHandle = displayed.append, DisplayHandle
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    shell = type("ZMQInteractiveShell", (), {})
    monkeypatch.setattr("builtins.get_ipython", lambda: shell(), raising=False)
    return displayed


@pytest.fixture
def with_widgets(monkeypatch):
    widgets = SimpleNamespace(VBox=Widget, HBox=Widget, Label=Widget, IntProgress=Widget)
    monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
    monkeypatch.setattr(notebook, "find_spec", lambda name: name)


@pytest.fixture
def without_widgets(monkeypatch):
    monkeypatch.setattr(notebook, "find_spec", lambda name: None)


def run_of(view):
    with view:
        view.hpmkd_run_started(DataFacts(10, 3, 2), {"name": "hpm", "stages": {"tree": {}}})
        view.hpmkd_phase_advanced("teachers", 5, 5)
        view.hpmkd_phase_advanced("search", 0, 60)
        view.hpmkd_noted("2 workers <are> started")
        view.hpmkd_phase_advanced("search", 12, 60)


def test_a_bar_per_phase_and_notes_below_them(shown, with_widgets):
    run_of(view_of("auto"))
    (panel,) = shown
    bars, notes = panel.children
    found = [[each.value for each in row.children] for row in bars.children]
    assert [row[:2] for row in found] == [
        ["predicting with teachers", 5],
        ["searching configurations", 12],
    ]
    assert found[1][2].startswith("12/60  0:00 so far, about 0:00 left")
    assert [row.children[1].max for row in bars.children] == [5, 60]
    assert [row.children[1].bar_style for row in bars.children] == ["success", ""]
    opening = "distilling 10 rows of 3 columns, 2 classes; recipe hpm, stages tree"
    assert [each.value for each in notes.children] == [opening, "note: 2 workers <are> started"]


def test_without_ipywidgets_lines_are_replaced(shown, without_widgets):
    run_of(view_of("auto"))
    (text,) = shown
    lines = text.splitlines()
    assert lines[0].startswith("predicting with teachers: 5/5  took 0:00")
    assert lines[1].startswith("searching configurations: 12/60  0:00 so far")
    assert lines[2].startswith("distilling 10 rows of 3 columns")
    assert lines[3:] == ["note: 2 workers <are> started"]


def test_the_real_widgets_have_what_is_drawn(monkeypatch):
    widgets = pytest.importorskip("ipywidgets", reason="pip install 'hpmkd[notebook]'")
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    run_of(NotebookProgress())
    bars, notes = shown[0].children
    assert [type(each) for each in bars.children[0].children] == [
        *(widgets.Label, widgets.IntProgress, widgets.Label)
    ]
    assert [each.children[1].value for each in bars.children] == [5, 12]
    assert len(notes.children) == 2


def test_outside_a_notebook_it_is_shown_on_request_alone(monkeypatch):
    assert view_of("auto") is None
    assert view_of(False) is None
    assert isinstance(view_of(True), LogProgress)
    monkeypatch.setattr("sys.stderr", SimpleNamespace(isatty=lambda: True))
    assert isinstance(view_of(True), LiveProgress)


def test_in_a_notebook_it_may_be_switched_off(shown):
    assert view_of(False) is None
    assert isinstance(view_of(True), NotebookProgress)


def test_anything_else_is_refused_at_once():
    with pytest.raises(RecipeError, match=r'progress: got 2; expected "auto" .*, True or False'):
        hpmkd.distill(None, None, progress=2)


def test_a_run_reports_itself(shown, without_widgets, wine, capsys):
    settings = {"sampler.trials": 1, "split.folds": 2, "ensemble.top": 0, "reference.name": "quick"}
    hpmkd.distill(*wine, teacher="quick", student="tree", settings=settings)
    (text,) = shown
    assert "measuring on test rows: 3/3  took 0:0" in text
    assert "distilling 142 rows of 13 columns" in text
    assert capsys.readouterr() == ("", "")
