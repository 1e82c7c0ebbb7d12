"""The pictures one by one, without a browser."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import pytest
from matplotlib.collections import LineCollection, PathCollection

from hpmkd.errors import ReportError
from hpmkd.evaluation.gates import Gate
from hpmkd.report.figures import pictures
from hpmkd.report.figures.by_class import by_class
from hpmkd.report.figures.fidelity import fidelity
from hpmkd.report.figures.log_loss import log_loss
from hpmkd.report.figures.reliability import reliability, wilson
from hpmkd.report.figures.search_history import search_history
from hpmkd.report.figures.teacher_weights import attention, teacher_weights
from hpmkd.report.figures.time import time_spent
from hpmkd.report.figures.tradeoff import LATENCY, SIZE, tradeoff, unbeaten
from hpmkd.report.limits import limited
from hpmkd.report.model_tables import front
from hpmkd.report.models import models
from hpmkd.report.render.figure import Absent, Picture
from hpmkd.report.render.theme import PAPER, Look
from tests.report.made import TRIALS, WIN, made, trial


def drawn(picture):
    look = Look(PAPER)
    with matplotlib.rc_context(look.settings):
        return picture.draw(look)


def points_of(picture):
    (ax,) = drawn(picture).axes
    marks = [each for each in ax.collections if isinstance(each, PathCollection)]
    return {tuple(xy) for each in marks for xy in each.get_offsets().data.tolist()}


def lines_of(picture, colour):
    (ax,) = drawn(picture).axes
    return [line for line in ax.lines if line.get_color() == PAPER[colour]]


# ------------------------------------------------------------------------------ tradeoffs


def test_what_nothing_beats_is_joined():
    known = models(made())
    best = unbeaten(known, SIZE)
    for model in known:
        beaten = any(
            each.bytes <= model.bytes
            and each.accuracy >= model.accuracy
            and (each.bytes, each.accuracy) != (model.bytes, model.accuracy)
            for each in known
        )
        assert (model in best) == (not beaten)
    assert [each.bytes for each in best] == sorted(each.bytes for each in best)


def test_further_students_of_the_front_are_drawn_and_told():
    run = made(further=2)
    picture = tradeoff(run, SIZE)
    assert picture.marks == len(run.records) + 2
    assert {(each.bytes, each.accuracy) for each in run.front} <= points_of(picture)
    result = front(run)
    assert len(result.rows) == len(run.front)
    assert [at for at, each in enumerate(run.front) if each.chosen] == sorted(result.bold)


def test_accuracy_is_drawn_against_the_cost_of_all_models():
    run = made()
    picture = tradeoff(run, LATENCY)
    assert points_of(picture) == {(each.row_us, each.accuracy) for each in run.records}
    assert drawn(picture).axes[0].get_xscale() == "log"


def test_a_teacher_without_size_is_a_line():
    run = made(silent=True)
    assert "teacher" not in tradeoff(run, SIZE).description
    assert tradeoff(run, SIZE).marks == len(run.records)
    (level,) = lines_of(tradeoff(made(), SIZE), "teacher")
    assert set(level.get_ydata()) == {made().records[0].accuracy}


@pytest.mark.parametrize(("cost", "name"), [(SIZE, "max_size"), (LATENCY, "max_latency")])
def test_a_limit_is_a_line_in_the_picture_of_its_cost(cost, name):
    picture = tradeoff(made(limits={name: 4000}), cost)
    (line,) = (each for each in lines_of(picture, "ink") if each.get_linestyle() == ":")
    assert set(line.get_xdata()) == {4000}
    assert f"the limit of the run, {cost.shown(4000)}" in picture.reading
    other = tradeoff(made(limits={name: 4000}), LATENCY if cost is SIZE else SIZE)
    assert lines_of(other, "ink") == []
    assert "limit" not in other.reading


def test_students_to_pick_from_say_which_limits_they_break():
    run = made(limits={"max_size": 10_000, "min_retention": 0.96})
    result = front(run)
    assert result.headings[-1] == "breaks"
    assert [row[-1].text for row in result.rows] == ["nothing", "nothing", "size"]
    assert "breaks" not in front(made()).headings


def test_limits_are_told_with_whether_they_are_met():
    assert limited(made(), "it") is None
    within = limited(made(limits={"max_size": 50_000}), "it")
    assert (within.options, within.description, within.unmet) == (
        "--max-size 50KB",
        "at most 50KB",
        None,
    )
    run = made(limits={"max_size": 2000})
    broken = limited(run, "it")
    assert "\n".join([broken.unmet, broken.nearest]) == run.unmet("it")
    assert broken.unmet.startswith("no student keeps --max-size 2KB. Of 7 trials, none keeps")
    assert "hpmkd pick it --max-size" in broken.nearest


def test_stages_out_of_the_race_are_told():
    failed = trial(0, stage="network", log_loss=None, failure="it broke")
    for trials, why in (
        ([], "it was not tried"),
        ([failed], "it broke"),
        ([failed, trial(1, stage="network")], "no trial of it keeps the limits"),
    ):
        result = limited(made(limits={"max_size": 50_000}, trials=trials), "it")
        assert result.dropped == (f"network: {why}",)


def test_no_line_is_said_to_join_what_is_alone():
    reading = tradeoff(made(), SIZE).reading
    assert "The line joins" in reading
    run = made(silent=True, stages=("tree",), ensemble=False, gates=())
    lone = replace(run, records=tuple(each for each in run.records if each.role == "student"))
    assert len(unbeaten(models(lone), SIZE)) == 1
    reading = tradeoff(lone, SIZE).reading
    assert "The line joins" not in reading
    assert "dashed" not in reading


def test_models_without_costs_are_told_as_absent():
    run = made()
    unpriced = [replace(each, bytes=None, row_us=None) for each in run.records]
    for cost in (SIZE, LATENCY):
        assert isinstance(tradeoff(replace(run, records=tuple(unpriced)), cost), Absent)


# ------------------------------------------------------------------- pairs and uncertainty


def segments_of(picture):
    """The ends of each bar."""
    (ax,) = drawn(picture).axes
    bars = [each for each in ax.collections if isinstance(each, LineCollection)]
    return {tuple(map(tuple, ends)) for each in bars for ends in map(list, each.get_segments())}


def test_a_student_is_joined_with_its_control():
    run = made()
    for picture in (tradeoff(run, SIZE), tradeoff(run, LATENCY)):
        joined = [line for line in lines_of(picture, "student") if len(line.get_xdata()) == 2]
        known = {(each.role, each.name): each.accuracy for each in run.records}
        assert [list(line.get_ydata()) for line in joined] == [
            [known["control", name], known["student", name]] for name in run.students
        ]
    pairs = [line for line in lines_of(log_loss(run), "faint") if len(line.get_xdata()) == 2]
    assert len(pairs) == len(run.students)


def test_bars_are_the_intervals():
    run = made()
    own = {each.accuracy for each in run.evidence.intervals}
    assert {(low[1], high[1]) for low, high in segments_of(tradeoff(run, SIZE))} == own
    losses = {each.log_loss for each in run.evidence.intervals if each.role != "teacher"}
    assert {(low[0], high[0]) for low, high in segments_of(log_loss(run))} == losses
    old = replace(run, evidence=replace(run.evidence, intervals=()))
    for picture in (tradeoff(old, SIZE), log_loss(old)):
        assert segments_of(picture) == set()
        assert "Bars" not in picture.reading


# ------------------------------------------------------------------------------- evidence


def test_a_folder_without_its_row_details_is_refused():
    with pytest.raises(ReportError, match=r"evidence\.json is missing; take it from a backup"):
        pictures(replace(made(), evidence=None))


def test_a_silent_teacher_leaves_fidelity_out_and_the_rest_in():
    run = made(silent=True)
    assert "training rows alone" in fidelity(run).why
    assert by_class(run).marks == 2 * 3
    assert "not known" in by_class(run).description
    assert "teacher" not in reliability(run).description


def test_of_two_classes_reliability_is_that_of_the_second():
    assert "the class yes" in reliability(made(2, ["no", "yes"])).reading
    assert "the class that the model names" in reliability(made(3)).reading


@pytest.mark.parametrize(
    ("rows", "share", "low", "high"),
    [(1, 1, 0.2065, 1), (10, 0.5, 0.2366, 0.7634), (50, 0, 0, 0.0713)],
)
def test_few_rows_make_wide_intervals(rows, share, low, high):
    assert wilson(rows, share) == pytest.approx((low, high), abs=1e-4)


def test_the_class_that_retains_least_is_named():
    run = made(5)
    retained = [each.retention for each in run.evidence.by_class]
    least = min(retained)
    assert f"of class {retained.index(least)}: {least:.2%}" in by_class(run).description


def test_rows_are_drawn_by_who_is_right():
    run = made()
    points = run.evidence.points
    assert points_of(fidelity(run)) == {(each.teacher, each.student) for each in points}
    lost = sum(each.teacher_right and not each.student_right for each in points)
    assert f"only the teacher right on {lost}" in fidelity(run).description


# -------------------------------------------------------------------------------- teachers


def test_teachers_are_in_the_order_of_their_weights():
    picture = teacher_weights(made(teachers=("a", "b", "c")))
    shown = [float(row[1].exact) for row in picture.table.rows]
    assert shown == sorted(shown, reverse=True)
    assert len(picture.table.headings) == 8


def test_attention_is_shown_where_it_moved_or_why_not():
    moved = attention(made(wins=[WIN, {**WIN, "weight": 0.9}]))
    assert moved.marks == 2
    assert "net weighs 0.90, 0.40 on average" in moved.description
    assert attention(made()).why == "The fuser weighs every row alike."


# ------------------------------------------------------------------------ search and time


def test_the_best_so_far_never_rises_and_counts_whole_trials_alone():
    (best,) = lines_of(search_history(made()), "faint")
    values = best.get_ydata().tolist()
    assert values == sorted(values, reverse=True)
    whole = [each for each in TRIALS if each["share"] == 1 and each["log_loss"] is not None]
    assert values[0] == whole[0]["log_loss"]
    assert values[-1] == min(each["log_loss"] for each in whole)


def test_failed_trials_are_counted_and_drawn():
    picture = search_history(made(trials=[trial(0), trial(1, log_loss=None, failure="broke")]))
    assert "1 failed" in picture.description
    assert picture.marks == 2
    assert picture.table.rows[1][-1].text == "broke"


def test_a_student_that_is_judged_once_more_is_told_of_by_both_numbers():
    result = search_history(made(trials=[trial(2), trial(8, log_loss=0.45)])).description
    assert result.endswith(
        "of trial 8 (gbm); fitted on all rows but those that judge, that student comes to 0.3000."
    )


REFUSED = Gate("gbm after logistic (residual)", False, "worse by 0.1 nats")


def test_the_lowest_of_a_refused_link_is_said_not_to_ship():
    chained = trial(5, log_loss=0.1, after="logistic (residual)")
    result = search_history(made(trials=[trial(2), chained], gates=[REFUSED])).description
    assert result == (
        "2 trials; the lowest log loss on the selection rows is 0.1000, of trial 5 (gbm); it is "
        "not shipped, for its gate refused gbm after logistic (residual): worse by 0.1 nats; the "
        "student that is shipped has 0.3000, of trial 8."
    )
    passed = search_history(made(trials=[trial(2), chained], gates=[replace(REFUSED, passed=True)]))
    assert "not shipped" not in passed.description
    alone = search_history(made(trials=[trial(2)], gates=[REFUSED])).description
    assert alone.startswith("1 trial; the lowest log loss on the selection rows is 0.7000, of")
    assert "refused" not in alone


@pytest.mark.parametrize("part", [{"share": 0.25}, {"worse_by": 0.1}])
def test_what_was_fitted_on_a_part_of_the_rows_is_not_the_lowest(part):
    result = search_history(made(trials=[trial(2), trial(3, log_loss=0.01, **part)]))
    assert "0.7000, of trial 2" in result.description
    assert "The line" not in result.reading
    assert "Hollow marks" in result.reading
    assert "ring" not in result.reading
    assert "Hollow" not in search_history(made(trials=[trial(2)])).reading


def test_a_run_without_trials_says_so():
    assert isinstance(search_history(made(trials=())), Absent)


def test_only_failures_can_be_drawn_too():
    picture = search_history(made(trials=[trial(0, log_loss=None)]))
    assert isinstance(picture, Picture)
    assert len(drawn(picture).axes) == 1


def test_time_goes_to_phases_and_workers():
    picture = time_spent(made(workers=3))
    assert picture.marks == 3 + 3
    assert picture.description == "95.1 s in all; teachers took longest, 60.0 s."
    assert len(drawn(picture).axes) == 2
    assert time_spent(made(workers=0)).marks == 3


@pytest.mark.parametrize("k", [2, 3, 26, 50])
def test_the_picture_of_the_classes_grows_with_them(k):
    picture = by_class(made(k))
    assert picture.marks == 3 * k
    assert drawn(picture).get_size_inches()[1] > 0.2 * k
