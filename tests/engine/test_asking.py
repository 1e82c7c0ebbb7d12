"""Whether teachers are asked any further, once they have predicted the first fold."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.data.dataset import Dataset
from hpmkd.engine.asking import refusal, students_as_teachers
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


def asked(
    right,
    hard,
    alphas=(0.0,),
    must_ask=False,
    extra="made",
    real=False,
    limits=None,
    one_holdout=False,
):
    """Ask whether teachers go on that give the right class this probability."""
    ctx = SimpleNamespace(recipe=SimpleNamespace(limits=limits or Limits()))
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
    return refusal(ctx, rows, builder, first, hard, alphas, must_ask)


OF_HALF = float(-np.log(0.5))


def test_teachers_that_are_better_than_the_best_student_go_on():
    assert asked(0.6, [trial(OF_HALF), trial(2.0, 1)]) is None


@pytest.mark.parametrize("right", [0.5, 0.4])
def test_teachers_that_are_no_better_are_refused_with_both_losses(right):
    reason = asked(right, [trial(2.0), trial(OF_HALF, 1)])
    assert f"{-np.log(right):.4f}" in reason
    assert f"{OF_HALF:.4f}" in reason


def test_students_are_compared_on_the_same_rows():
    """What they are worth in the other folds does not count."""
    assert asked(0.6, [trial(OF_HALF, elsewhere=0.0)]) is None
    assert asked(0.6, [trial(0.1, elsewhere=9.0)]) is not None


def test_students_that_may_not_win_are_no_rivals():
    dropped = trial(0.1, worse_by=0.2)
    failed = Trial(1, Configuration("a", 1.0, 0.0), np.empty(0), np.nan, 0, 0.0, "broke")
    assert asked(0.6, [dropped, failed]) is None
    assert asked(0.6, []) is None


@pytest.mark.parametrize(
    "way",
    [
        {"must_ask": True},
        {"real": True},
        {"limits": Limits(min_retention=0.9)},
        {"one_holdout": True},
    ],
    ids=lambda way: next(iter(way)),
)
def test_some_are_asked_however_they_do(way):
    assert asked(0.1, [trial(0.1)], **way) is None


def test_who_has_nothing_to_teach_is_not_asked_however_good():
    reason = asked(0.99, [trial(OF_HALF)], must_ask=True, extra=None)
    assert "nothing that they could teach" in reason
    assert asked(0.99, [trial(OF_HALF)], alphas=(0.0, 0.5), extra=None) is None


# ------------------------------------------------------------- students as teachers


def as_teachers(hard, one_holdout=False):
    ctx = SimpleNamespace(trainer=SimpleNamespace(fitting=SimpleNamespace(stages=("a", "b", "c"))))
    raw = Dataset(np.zeros((N, 1)), LABELS, np.arange(2))
    sets = [SimpleNamespace(training=SimpleNamespace(raw=raw)) for _ in range(2)]
    return students_as_teachers(ctx, SimpleNamespace(one_holdout=one_holdout), hard, sets)


def test_the_best_student_of_each_stage_is_a_teacher():
    hard = [trial(0.3, 0), trial(0.2, 1, students=("x", "y")), trial(0.9, 2, "b")]
    one, other = as_teachers(hard)
    assert (one.name, other.name) == ("a student", "b student")
    assert [each.student for each in one.models] == ["x", "y"]
    assert one.out_of_fold is hard[1].probabilities


def test_students_of_one_holdout_have_not_predicted_all_rows():
    assert as_teachers([trial(0.3)], one_holdout=True) == []


def test_students_that_were_not_kept_are_no_teachers():
    assert as_teachers([trial(0.3, students=())]) == []
    assert as_teachers([trial(0.3, probabilities=None)]) == []
    assert as_teachers([trial(0.3, worse_by=0.1)]) == []
