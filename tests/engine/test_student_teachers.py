"""The best students on hard labels stand among the teachers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from hpmkd.data.dataset import Dataset
from hpmkd.engine.student_teachers import students_as_teachers
from hpmkd.values import Configuration, Trial

N = 20
LABELS = np.arange(N) % 2


def trial(loss, number=0, stage="a", students=("one", "two"), **more):
    configuration = Configuration(stage, 1.0, 0.0, {"n": number})
    predicted = np.full((N, 2), 0.5)
    fields = {"probabilities": predicted, "students": students, **more}
    return Trial(number, configuration, np.full(N, loss), 0.5, 1, 0.0, **fields)


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
