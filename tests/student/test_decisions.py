"""Thresholds: from which probability on one of two classes is named."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.errors import DataError
from hpmkd.student import LinearModel, Schema, Student, fit_encoder
from hpmkd.student.decisions import THRESHOLD, threshold_of

ROWS = [{"x": value} for value in (-3.0, -1.0, 0.0, 1.0)]


def student(facts=None, classes=("no", "yes")):
    encoder = fit_encoder("linear", Schema.fit(ROWS), ROWS)
    n_margins = 1 if len(classes) == 2 else len(classes)
    model = LinearModel(np.ones((encoder.n_outputs, n_margins)), np.zeros(n_margins))
    return Student(encoder, model, list(classes), facts or {})


def test_without_a_threshold_the_more_probable_class_is_named():
    own = student()
    assert own.predict(ROWS).tolist() == own.predict(ROWS, threshold=None).tolist()
    named = own.classes_[own.predict_proba(ROWS).argmax(axis=1)]
    assert own.predict(ROWS).tolist() == named.tolist()


def test_the_second_class_is_named_from_a_threshold_on():
    own = student()
    p = own.predict_proba(ROWS)[:, 1]
    for threshold in (0.0, float(p[1]), np.float64(0.7), 1):
        expected = np.where(p >= threshold, "yes", "no")
        assert own.predict(ROWS, threshold=threshold).tolist() == expected.tolist()


def test_the_class_and_the_best_threshold_are_in_the_file():
    facts = {THRESHOLD: {"class": "no", "best": 0.2, "by": "F1"}}
    own = Student.from_bytes(student(facts).to_bytes())
    expected = np.where(own.predict_proba(ROWS)[:, 0] >= 0.2, "no", "yes")
    assert own.predict(ROWS, threshold="best").tolist() == expected.tolist()
    assert own.predict(ROWS, threshold=0.2).tolist() == expected.tolist()


def test_a_file_without_one_has_no_best():
    with pytest.raises(DataError, match=r"'best', but the student's file holds none.*a fifth"):
        student().predict(ROWS, threshold="best")


def test_many_classes_have_no_threshold():
    with pytest.raises(DataError, match=r"got 0\.5 for a student of 3 classes"):
        student(classes=("a", "b", "c")).predict(ROWS, threshold=0.5)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, np.nan, "high", True, [0.5]])
def test_what_is_no_probability_is_refused(threshold):
    with pytest.raises(DataError, match=r"threshold: got .*expected a"):
        student().predict(ROWS, threshold=threshold)


@pytest.mark.parametrize("kept", ["high", {"class": "maybe", "best": "high"}, {"best": 3}, {}])
def test_a_threshold_that_somebody_else_wrote_is_checked(kept):
    with pytest.raises(DataError, match="threshold: got"):
        threshold_of("best", np.array(["no", "yes"]), {THRESHOLD: kept})
