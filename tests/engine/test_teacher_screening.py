"""Whether teachers are fitted in further folds, once they have predicted the first."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.data.dataset import Dataset
from hpmkd.engine.teacher_screening import reason_to_stop
from hpmkd.recipe.limits import Limits
from hpmkd.values import Configuration, Trial

N = 20
LABELS = np.arange(N) % 2
FIRST = np.arange(0, N, 4)


def trial(loss, number=0, stage="a", elsewhere=5.0, students=("one", "two"), **more):
    """A trial whose loss on the first fold is given."""
    losses = np.full(N, elsewhere)
    losses[FIRST] = loss
    configuration = Configuration(stage, 1.0, 0.0, {"n": number})
    predicted = np.full((N, 2), 0.5)
    fields = {"probabilities": predicted, "students": students, **more}
    return Trial(number, configuration, losses, 0.5, 1, 0.0, **fields)


def reason_of(
    right,
    hard,
    alphas=(0.0,),
    handed_in=False,
    extra="made",
    real=False,
    limits=None,
    one_holdout=False,
    racing=True,
):
    """Why teachers that give the right class this probability are fitted in no other fold."""
    search = SimpleNamespace(racing=racing)
    ctx = SimpleNamespace(recipe=SimpleNamespace(limits=limits or Limits(), search=search))
    rows = SimpleNamespace(
        training=Dataset(np.zeros((N, 1)), LABELS, np.arange(2)), one_holdout=one_holdout
    )
    wrong = 1 - LABELS[FIRST]
    soft_targets = np.full((len(FIRST), 2), right)
    soft_targets[np.arange(len(FIRST)), wrong] = 1 - right
    builder = SimpleNamespace(
        queries=SimpleNamespace(extra=extra),
        source=SimpleNamespace(real=real),
        soft_targets=lambda first: soft_targets,
    )
    first = SimpleNamespace(rows=FIRST)
    return reason_to_stop(ctx, rows, builder, first, hard, alphas, handed_in)


OF_HALF = float(-np.log(0.5))


def test_teachers_better_than_the_best_student_are_fitted_in_all_folds():
    assert reason_of(0.6, [trial(OF_HALF), trial(2.0, 1)]) is None


@pytest.mark.parametrize("right", [0.5, 0.4])
def test_teachers_that_are_no_better_are_refused_with_both_losses(right):
    stop = reason_of(right, [trial(2.0), trial(OF_HALF, 1)])
    assert f"{-np.log(right):.4f} against {OF_HALF:.4f}" in stop.reason


def test_students_are_compared_on_the_same_rows():
    """What they are worth in the other folds does not count."""
    assert reason_of(0.6, [trial(OF_HALF, elsewhere=0.0)]) is None
    assert reason_of(0.6, [trial(0.1, elsewhere=9.0)]) is not None


def test_students_that_may_not_win_are_no_rivals():
    dropped = trial(0.1, worse_by=0.2)
    failed = Trial(1, Configuration("a", 1.0, 0.0), np.empty(0), np.nan, 0, 0.0, "broke")
    assert reason_of(0.6, [dropped, failed]) is None
    assert reason_of(0.6, []) is None


@pytest.mark.parametrize(
    "way",
    [
        {"handed_in": True},
        {"real": True},
        {"limits": Limits(min_retention=0.9)},
        {"one_holdout": True},
        {"racing": False},
    ],
    ids=lambda way: next(iter(way)),
)
def test_some_go_on_however_good_they_are(way):
    assert reason_of(0.1, [trial(0.1)], **way) is None


def test_those_with_nothing_to_teach_stop_however_good_they_are():
    stop = reason_of(0.99, [trial(OF_HALF)], handed_in=True, extra=None)
    assert "it had nothing to teach" in stop.reason
    assert "X_unlabeled" in stop.remedy
    assert reason_of(0.99, [trial(OF_HALF)], alphas=(0.0, 0.5), extra=None) is None
