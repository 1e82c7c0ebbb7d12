"""The example row of a student is one that it answers."""

from __future__ import annotations

import pytest

from hpmkd.student import example_row
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import WITH_ATTENTION, fitted_student, odd_student


@pytest.mark.parametrize("family", WITH_ATTENTION)
def test_it_is_answered_and_in_the_order_of_the_columns(family):
    for student in (odd_student(family), fitted_student(family, *dated())):
        row = example_row(student)
        assert list(row) == list(student.encoder.schema.names)
        assert student.predict_one(row) in student.classes.tolist()


def test_it_is_from_the_middle_of_what_the_sketch_knows():
    frame, target = dated()
    student = fitted_student("tree", frame, target)
    numbers = [each.name for each in student.encoder.schema.columns if each.kind == "number"]
    bare, known = example_row(student), example_row(student.with_sketch(frame))
    for name in numbers:
        assert bare[name] == 0
        assert frame[name].quantile(0.25) <= known[name] <= frame[name].quantile(0.75)
