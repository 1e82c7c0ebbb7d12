"""Columns that are left out: students and our teachers go without, handed-in models do not."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

import hpmkd
from tests.end_to_end.test_bad_input import SETTINGS

N = 120
pytestmark = pytest.mark.filterwarnings("ignore:columns left out:hpmkd.DataWarning")


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 2)), columns=["a", "b"])
    frame.insert(0, "row_id", rng.permutation(N))
    frame["same"] = 1.0
    return frame


@pytest.fixture
def labels(frame):
    return np.where(frame["a"] + np.random.default_rng(1).normal(0, 0.4, N) > 0, "yes", "no")


class Recording(GaussianNB):
    """A classifier that remembers the columns that it is handed."""

    asked: ClassVar = []

    def fit(self, X, y, sample_weight=None):
        self.asked.append(list(X.columns))
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        self.asked.append(list(X.columns))
        return super().predict_proba(X)


@pytest.fixture(autouse=True)
def forget():
    Recording.asked.clear()


@pytest.mark.parametrize("extra", [0, 1])
def test_an_unfitted_teacher_goes_without(frame, labels, extra):
    settings = {**SETTINGS, "extra.rows": extra}
    found = hpmkd.distill(frame, labels, teacher=Recording(), settings=settings)
    assert {tuple(each) for each in Recording.asked} == {("a", "b")}
    assert found.student.encoder.schema.names == ("a", "b")
    assert found.facts["left_out"] == ["row_id", "same"]


@pytest.mark.parametrize("extra", [0, 1])
def test_a_fitted_teacher_gets_all_columns(frame, labels, extra):
    teacher = Recording().fit(frame, labels)
    settings = {**SETTINGS, "extra.rows": extra}
    found = hpmkd.distill(frame, labels, teacher=teacher, settings=settings)
    assert {tuple(each) for each in Recording.asked} == {tuple(frame.columns)}
    assert found.student.encoder.schema.names == ("a", "b")


def test_rows_without_labels_may_lack_them_only_if_no_model_was_handed_in(frame, labels):
    more = frame.sample(60, random_state=0).assign(a=lambda rows: rows["a"] + 0.1)
    hpmkd.distill(
        frame, labels, X_unlabeled=more[["a", "b"]], settings=SETTINGS, teacher=GaussianNB()
    )
    teacher = GaussianNB().fit(frame, labels)
    with pytest.raises(hpmkd.HpmkdError, match="row_id"):
        hpmkd.distill(
            frame, labels, X_unlabeled=more[["a", "b"]], settings=SETTINGS, teacher=teacher
        )
    hpmkd.distill(frame, labels, X_unlabeled=more, settings=SETTINGS, teacher=teacher)


def test_test_rows_may_lack_them(frame, labels):
    some = np.arange(N) % 3 == 0
    X, X_test = frame[~some].reset_index(drop=True), frame.loc[some, ["b", "a"]]
    found = hpmkd.distill(
        X,
        labels[~some],
        X_test=X_test,
        y_test=labels[some],
        settings=SETTINGS,
        teacher=GaussianNB(),
    )
    assert len(found.student.predict(X_test)) == some.sum()
