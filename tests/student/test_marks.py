"""What matters in each column, by the parts of a student."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.student.explain.marks import marks_of
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import fitted_student, known_student


def test_thresholds_are_marks():
    student = known_student("boosted", "wine", mixed=False)
    model, found = student.model, marks_of(student)
    split = model.features >= 0
    assert sorted({float(x) for x in model.thresholds[split]}) == sorted(
        {mark for marks in found.values() for mark in marks}
    )
    assert list(found) == list(student.encoder.schema.names)


def test_the_training_range_is_marked_where_sums_are_scaled():
    student = known_student("linear", "wine", mixed=False)
    scaling, found = student.encoder.scaling, marks_of(student)
    for marks, low, high in zip(found.values(), scaling.lows, scaling.highs, strict=True):
        assert (marks[0], marks[-1]) == (low, high)


@pytest.mark.parametrize("family", ["linear", "pooled"])
def test_of_moments_the_moment_itself_is_marked(family):
    frame, target = dated()
    found = marks_of(fitted_student(family, frame, target))
    assert list(found) == list(frame.columns)
    assert len(found["when"])
    assert np.isfinite(found["when"]).all()
