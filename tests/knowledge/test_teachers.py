from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from hpmkd.errors import TeacherError
from hpmkd.knowledge.teachers import CloneableTeacher, FittedTeacher, GivenTeacher, as_teachers

MATRIX = np.array([[0.3, 0.7], [0.6, 0.4]])


class Foreign:
    """A model that scikit-learn does not know: only predict_proba."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, table):
        return np.tile([0.25, 0.75], (len(table), 1))


@pytest.fixture(scope="module")
def fitted(wine):
    return KNeighborsClassifier(3).fit(*wine)


def kinds(teachers):
    return [(type(each), each.name) for each in teachers]


def test_unfitted_classifiers_are_to_be_cloned():
    assert kinds(as_teachers(LogisticRegression())) == [(CloneableTeacher, "logisticregression")]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    assert kinds(as_teachers(pipeline)) == [(CloneableTeacher, "pipeline")]


def test_fitted_and_foreign_models_are_taken_as_they_are(fitted, wine):
    assert kinds(as_teachers(fitted)) == [(FittedTeacher, "kneighborsclassifier")]
    assert kinds(as_teachers(Foreign())) == [(FittedTeacher, "foreign")]
    pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier()).fit(*wine)
    assert kinds(as_teachers(pipeline)) == [(FittedTeacher, "pipeline")]


@pytest.mark.parametrize(
    "given",
    [MATRIX, MATRIX.tolist(), pd.DataFrame(MATRIX), [0.1, 0.9], np.array([0.1, 0.9])],
    ids=["array", "nested list", "frame", "list", "vector"],
)
def test_numbers_are_given_probabilities(given):
    assert kinds(as_teachers(given)) == [(GivenTeacher, "given")]


def test_sequences_and_mappings_hold_several(fitted):
    several = [LogisticRegression(), fitted, MATRIX]
    expected = [CloneableTeacher, FittedTeacher, GivenTeacher]
    assert [kind for kind, _ in kinds(as_teachers(several))] == expected
    named = as_teachers(dict(zip("abc", several, strict=True)))
    assert kinds(named) == list(zip(expected, "abc", strict=True))
    assert kinds(as_teachers(tuple(several))) == kinds(as_teachers(several))


def test_namesakes_in_a_sequence_are_numbered():
    three = [KNeighborsClassifier(k) for k in (1, 2, 3)]
    names = [each.name for each in as_teachers(three)]
    assert names == ["kneighborsclassifier", "kneighborsclassifier_2", "kneighborsclassifier_3"]
    assert [each.name for each in as_teachers([MATRIX, MATRIX])] == ["given", "given_2"]
    twins = as_teachers([CloneableTeacher("twin", each) for each in three[:2]])
    assert [(each.name, each.estimator) for each in twins] == [
        ("twin", three[0]),
        ("twin_2", three[1]),
    ]


def test_names_that_clash_all_the_same_are_refused():
    with pytest.raises(TeacherError, match="two teachers are called 1; pass a dict"):
        as_teachers({1: MATRIX, "1": MATRIX})


def test_ready_teachers_pass_through():
    ready = GivenTeacher("mine", MATRIX)
    for given in (ready, [ready]):
        (teacher,) = as_teachers(given)
        assert teacher.name == "mine"
        assert teacher.training is ready.training
    assert kinds(as_teachers({"other": ready})) == [(GivenTeacher, "other")]


@pytest.mark.parametrize("model", [LinearSVC(), LinearSVC().fit([[0], [1]], [0, 1])])
def test_a_teacher_without_predict_proba_is_refused(model):
    with pytest.raises(TeacherError, match=r"LinearSVC.* no predict_proba.*CalibratedClassifierCV"):
        as_teachers(model)


def test_a_class_instead_of_an_object_is_refused():
    with pytest.raises(TeacherError, match=r"'LogisticRegression' is a class; did you forget"):
        as_teachers(LogisticRegression)


@pytest.mark.parametrize("nonsense", [7, object(), {"a": 7}, 0.5])
def test_nonsense_is_refused(nonsense):
    with pytest.raises(TeacherError, match="expected a classifier with fit and predict_proba"):
        as_teachers(nonsense)


@pytest.mark.parametrize("nothing", [{}, []])
def test_no_teacher_at_all_is_refused(nothing):
    with pytest.raises(TeacherError):
        as_teachers(nothing)


TWO_ROWS = np.zeros((2, 1))


class Duck:
    """A classifier that does not derive from BaseEstimator."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, table):
        return np.full((len(table), len(self.classes_)), 1 / len(self.classes_))


class SlottedDuck(Duck):
    __slots__ = ()
    classes_ = ("no", "yes")


def test_a_fitted_model_that_is_no_base_estimator_is_taken_as_it_is():
    fitted = Duck().fit(None, ["no", "yes"])
    assert kinds(as_teachers(fitted)) == [(FittedTeacher, "duck")]
    assert kinds(as_teachers(SlottedDuck())) == [(FittedTeacher, "slottedduck")]
    assert kinds(as_teachers(Duck())) == [(CloneableTeacher, "duck")]
