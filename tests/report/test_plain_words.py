"""What a report begins with: the result in plain words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from hpmkd.evaluation.verdict_parts import MetricVerdict
from hpmkd.recipe.metric import parse_metric
from hpmkd.report.plain_words import date_of, heading, sentences
from tests.report.made import EVIL, made


def with_records(run, **changes):
    records = [replace(each, **changes) if each.chosen else each for each in run.records]
    return replace(run, records=tuple(records))


@pytest.fixture(scope="module")
def run():
    return made(trials=())


def test_it_says_what_ships_how_good_it_is_and_what_it_costs(run):
    known = with_records(run, accuracy=0.98333, bytes=46_100, row_us=2.1, compression=271.4)
    first, second, _ = sentences(known)
    assert first == (
        "The run ships the student gbm (46.1 KB, 2.10 us for one row). It is right on 98.3% of "
        "200 test rows."
    )
    assert second.endswith("; the student is 271 times smaller and 1,000 times faster.")


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [(1.0, "all 200 test rows"), (0.99985, "99.98% of"), (0.0, "none of the 200 test rows")],
)
def test_few_errors_are_never_rounded_to_none(run, accuracy, expected):
    assert f"right on {expected}" in sentences(with_records(run, accuracy=accuracy))[0]


def test_the_metric_of_the_run_is_named(run):
    recipe = structs.replace(run.recipe, metric=parse_metric("auc"))
    second = sentences(replace(with_records(run, metric=0.91234), recipe=recipe))[1]
    assert second == "Its AUC, by which the run chose, is 0.9123."


def test_a_larger_student_is_called_larger(run):
    assert "2.0 times larger and 1,000 times" in sentences(with_records(run, compression=0.5))[1]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("pays", "Distilling paid"),
        ("no difference", "is not clear: on the test rows the best student without a teacher is w"),
        ("hurts", "did not pay: the best student without a teacher, gbm, is better. Ship that"),
    ],
)
def test_it_says_what_the_teacher_was_worth(run, outcome, expected):
    verdict = replace(run.verdict, outcome=outcome)
    assert expected in sentences(replace(run, verdict=verdict))[-1]
    alone = replace(verdict, comparisons=())
    assert "learned from the labels alone" in sentences(replace(run, verdict=alone))[-1]
    stopped = replace(alone, stopped="it was worse")
    assert sentences(replace(run, verdict=stopped))[-1] == "No student had a teacher: it was worse."


@pytest.mark.parametrize("interval", [(-0.01, 0.05), (-0.05, 0.01), (0.0, 0.0)])
@pytest.mark.parametrize("by_metric", [False, True])
def test_an_interval_around_0_shows_neither_to_be_as_good(run, interval, by_metric):
    verdict = replace(run.verdict, outcome="no difference")
    if by_metric:
        own = MetricVerdict("auc", 0.9, 0.8, 0.1, interval)
        verdict = replace(verdict, by_metric=own)
    else:
        verdict = replace(verdict, interval=interval)
    assert sentences(replace(run, verdict=verdict))[-1].endswith(
        "is not clear: the test rows cannot tell the student from the best one without a teacher."
    )


def test_a_teacher_without_predictions_is_left_out():
    assert len(sentences(made(silent=True, trials=()))) == 2


def test_the_heading_has_what_is_known(run):
    assert heading(run) == "rows.csv, target y"
    assert date_of(run) == "1 December 2026"
    old = replace(run, facts={**run.facts, "target": None})
    del old.facts["data"], old.facts["made"]
    assert heading(old) == "a table"
    assert date_of(old) is None
    assert heading(made(trials=(), data=EVIL[2], target=EVIL[0])) == (
        "a b c d [31m, target <script>alert(1)</script>"
    )
