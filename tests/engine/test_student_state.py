"""Which student a fuser is shown, and when there is none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.data.dataset import Dataset
from hpmkd.engine.student_state import asks, current_student, student_state
from hpmkd.values import Configuration, Trial

N = 20
LABELS = np.arange(N) % 2


def trial(loss, number=0, stage="a", **more):
    configuration = Configuration(stage, 1.0, 0.0, {"n": number})
    fields = {"probabilities": np.full((N, 2), 0.5), "students": ("one", "two"), **more}
    return Trial(number, configuration, np.full(N, loss), 0.5, 1, 0.0, **fields)


def fuser(wanted):
    return SimpleNamespace(create=lambda: SimpleNamespace(student_state=wanted))


@pytest.fixture
def context():
    notes = []
    stages = SimpleNamespace(fitting=SimpleNamespace(stages=("a", "b")))
    parts = SimpleNamespace(fuser=fuser(wanted=True))
    return SimpleNamespace(trainer=stages, parts=parts, note=notes.append, notes=notes)


def shown(context, trials, one_holdout=False, is_part=False, in_pairs=False):
    training = SimpleNamespace(raw=Dataset(np.zeros((N, 1)), LABELS, np.arange(2)))
    sets = [SimpleNamespace(training=training, is_part=is_part) for _ in range(2)]
    builder = SimpleNamespace(folds=[(0,), (1,)], queries=None, predict=lambda *asked: asked)
    rows = SimpleNamespace(one_holdout=one_holdout)
    return student_state(context, rows, builder, trials, sets, in_pairs)


def test_only_a_fuser_that_asks_for_it_gets_the_student_state():
    assert asks(fuser(wanted=True))
    assert not asks(fuser(wanted=False))
    assert not asks(SimpleNamespace(create=object))


def test_the_best_of_all_stages_is_shown(context):
    best = trial(0.2, 1, "b")
    trials = [trial(0.3), best, trial(0.1, 2, students=()), trial(0.1, 3, worse_by=0.1)]
    assert current_student(context, trials) is best
    ((teacher,), folds, _) = shown(context, trials).predictions
    assert teacher.name == "b student"
    assert teacher.out_of_fold is best.probabilities
    assert len(folds) == 2
    assert context.notes == []


def test_no_student_state_is_computed_unless_requested(context):
    context.parts = SimpleNamespace(fuser=fuser(wanted=False))
    assert shown(context, None).predictions is None
    assert context.notes == []


@pytest.mark.parametrize(
    ("trials", "options", "reason"),
    [
        ([trial(0.3)], {"one_holdout": True}, "no student was cross-validated"),
        ([trial(0.3, students=())], {}, "no student was cross-validated"),
        ([trial(0.3)], {"in_pairs": True, "is_part": True}, "trials see a part of the rows"),
    ],
)
def test_without_one_the_run_says_why(context, trials, options, reason):
    assert shown(context, trials, **options).predictions is None
    (note,) = context.notes
    assert reason in note
