"""Two runs row by row, as far as their folders keep the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.evaluation.row_details import POINTS
from hpmkd.runs.paired import UnpairedError, paired_difference
from tests.report.made import made


def probabilities(found):
    return np.array([point.student for point in found.evidence.points])


def with_points(found, change):
    points = tuple(map(change, found.evidence.points))
    return replace(found, evidence=replace(found.evidence, points=points))


@pytest.fixture(scope="module")
def one():
    found = made(k=2)
    return replace(found, facts={**found.facts, "digests": {"training": "a", "test": "b"}})


@pytest.fixture(scope="module")
def other(one):
    """A run whose student is less sure of everything, and wrong in every tenth row."""
    count = iter(range(10**6))

    def change(point):
        right = point.student_right and next(count) % 10 != 0
        return replace(point, student=round(0.5 * point.student + 0.25, 6), student_right=right)

    return with_points(one, change)


def test_the_difference_is_that_of_the_rows_with_its_standard_error(one, other):
    found = paired_difference(one, other)
    assert (found.rows, found.of) == (200, 200)
    gained = np.log(probabilities(other)) - np.log(probabilities(one))
    assert found.log_loss.difference == pytest.approx(gained.mean())
    assert found.log_loss.standard_error == pytest.approx(gained.std(ddof=1) / 200**0.5)
    right = [[point.student_right for point in each.evidence.points] for each in (one, other)]
    lost = np.array(right[0], float) - np.array(right[1], float)
    assert found.accuracy.difference == pytest.approx(lost.mean()) != 0
    back = paired_difference(other, one)
    assert back.log_loss.difference == pytest.approx(-found.log_loss.difference)


def test_the_same_student_differs_in_nothing(one):
    found = paired_difference(one, one)
    assert (found.log_loss.difference, found.log_loss.standard_error) == (0, 0)
    assert (found.accuracy.difference, found.accuracy.standard_error) == (0, 0)


@pytest.mark.parametrize(
    ("tiny", "rows", "known"), [(0.0, 1, False), (1e-6, 1, True), (2e-6, 150, False)]
)
def test_log_loss_is_not_guessed_where_its_digits_were_rounded_away(one, other, tiny, rows, known):
    count = iter(range(10**6))

    def change(point):
        return replace(point, student=tiny) if next(count) < rows else point

    found = paired_difference(one, with_points(other, change))
    assert (found.log_loss is not None) == known
    assert found.accuracy == paired_difference(one, other).accuracy


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"digests": {"training": "a", "test": "c"}}, "the test rows differ"),
        ({"given": {"weights": True}}, "the rows have weights"),
    ],
)
def test_other_rows_are_not_paired(one, changes, why):
    with pytest.raises(UnpairedError, match=why):
        paired_difference(replace(one, facts={**one.facts, **changes}), one)


def test_runs_without_single_rows_are_not_paired(one):
    with pytest.raises(UnpairedError, match="only where its teacher predicts them"):
        paired_difference(one, replace(one, evidence=None))
    with pytest.raises(UnpairedError, match="only where its teacher predicts them"):
        paired_difference(replace(one, evidence=replace(one.evidence, points=())), one)


def test_of_many_rows_the_same_seed_keeps_the_same(one):
    rows = {"training": 800, "test": POINTS + 1}
    many = replace(one, facts={**one.facts, "rows": rows})
    found = paired_difference(many, many)
    assert (found.rows, found.of) == (len(one.evidence.points), POINTS + 1)
    with pytest.raises(UnpairedError, match="drawn by its seed, and the seeds differ"):
        paired_difference(many, replace(many, facts={**many.facts, "seed": 8}))
