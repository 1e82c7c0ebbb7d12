"""Pictures in a notebook: Matplotlib axes, drawn by the code of the report."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import util

import matplotlib
import pytest
from matplotlib import pyplot

from hpmkd.errors import ReportError
from tests.report.made import WIN, made


@pytest.fixture(autouse=True)
def on_no_screen(monkeypatch):
    monkeypatch.setitem(os.environ, "MPLBACKEND", "agg")
    with matplotlib.rc_context({"backend": "agg"}):
        yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def run():
    return made(wins=[WIN])


@pytest.mark.parametrize(
    ("name", "xlabel"),
    [
        ("tradeoff", "size of the file"),
        ("reliability", "mean probability"),
        ("attention", "weight"),
        ("search", "trial"),
        ("importance", "rise of log loss where the column is permuted"),
    ],
)
def test_each_picture_is_the_axes_of_a_figure(run, name, xlabel):
    before = dict(matplotlib.rcParams)
    ax = getattr(run.plot, name)()
    assert ax.get_xlabel() == xlabel
    assert pyplot.gcf() is ax.figure
    assert ax.figure.get_facecolor() == (1, 1, 1, 1)
    assert dict(matplotlib.rcParams) == before


def test_what_the_backend_sets_at_the_first_figure_stays(run, monkeypatch):
    real = pyplot.figure

    def figure(**options):
        # As that of notebooks does: it shows figures at the end of a cell where this is set.
        matplotlib.interactive(True)
        return real(**options)

    monkeypatch.setattr(pyplot, "figure", figure)
    matplotlib.interactive(False)
    run.plot.search()
    assert matplotlib.is_interactive()
    matplotlib.interactive(False)


def test_the_cost_may_be_the_time(run):
    assert run.plot.tradeoff("time").get_xlabel() == "time of one row"
    with pytest.raises(ReportError, match="tradeoff: got cost='money'; expected one of size, time"):
        run.plot.tradeoff("money")


def test_importances_are_those_that_were_measured(run):
    ax = run.plot.importance()
    drawn = {tuple(xy) for each in ax.collections[1::2] for xy in each.get_offsets().tolist()}
    known = run.evidence.importance
    assert {x for x, _ in drawn} == {
        mean for each in known for mean in (each.student.mean, each.teacher.mean)
    }
    assert [each.get_text() for each in ax.get_yticklabels()] == ["age", "height", "city"]


def test_a_teacher_without_predictions_is_noted(run):
    from hpmkd.report.figures.importance import importance

    picture = importance(made(silent=True))
    assert picture.marks == 3
    assert "teacher was not measured" in picture.reading
    assert importance(run).marks == 6


def test_what_a_run_lacks_is_an_error(run):
    with pytest.raises(ReportError, match="Where attention moved: The fuser weighs every row"):
        made().plot.attention()
    refused = {"gate": {"accepted": False, "reason": "no better by one standard error"}}
    with pytest.raises(ReportError, match=r"was not accepted \(no better by one standard error"):
        made(fuser=refused).plot.attention()
    old = replace(run, evidence=replace(run.evidence, importance=()))
    with pytest.raises(ReportError, match="Importance of the columns: This run did not measure"):
        old.plot.importance()


def test_without_matplotlib_it_says_what_to_type(run, monkeypatch):
    real = util.find_spec
    monkeypatch.setattr(
        "hpmkd.report.write.find_spec", lambda name: None if name == "matplotlib" else real(name)
    )
    with pytest.raises(ReportError, match=r"pictures need matplotlib; type: pip install 'hpmkd"):
        run.plot.search()
