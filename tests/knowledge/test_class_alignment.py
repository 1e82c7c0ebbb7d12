from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

from hpmkd.errors import DataError, TeacherError
from hpmkd.knowledge.class_alignment import ClassAligned, align_fitted
from hpmkd.knowledge.teachers import FittedTeacher

MATRIX = np.array([[0.3, 0.7], [0.6, 0.4]])


class Foreign:
    """A model that scikit-learn does not know: only predict_proba."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, table):
        return np.tile([0.25, 0.75], (len(table), 1))


@pytest.fixture(scope="module")
def fitted(wine):
    return KNeighborsClassifier(3).fit(*wine)


def test_alignment_follows_the_labels_not_the_positions(wine):
    X, codes = wine
    names = np.array(["c", "a", "b"])
    model = RandomForestClassifier(5, random_state=0).fit(X, names[codes])
    aligned = align_fitted(FittedTeacher("t", model), np.array(["b", "c", "a"]))
    np.testing.assert_allclose(
        aligned.predict_proba(X), model.predict_proba(X)[:, [1, 2, 0]], atol=1e-12
    )


@pytest.mark.parametrize("classes", [np.array([0, 1, 2]), np.array(["0", "1", "2"])])
def test_alignment_does_not_mind_how_labels_are_spelt(fitted, wine, classes):
    aligned = align_fitted(FittedTeacher("t", fitted), classes)
    np.testing.assert_allclose(aligned.predict_proba(wine[0]), fitted.predict_proba(wine[0]))


def test_whole_float_labels_match_integers(wine):
    X, codes = wine
    model = KNeighborsClassifier().fit(X, codes.astype(float))
    aligned = align_fitted(FittedTeacher("t", model), np.arange(3))
    np.testing.assert_allclose(aligned.predict_proba(X), model.predict_proba(X))


def test_labels_that_the_teacher_does_not_know_are_named(fitted):
    with pytest.raises(DataError, match=r"'t' does not know the labels 3, 4; it knows 0, 1, 2"):
        align_fitted(FittedTeacher("t", fitted), np.arange(5))


def test_a_class_that_the_data_lacks_is_dropped_and_the_rest_normalised(fitted, wine):
    aligned = align_fitted(FittedTeacher("t", fitted), np.array([0, 2]))
    predicted = aligned.predict_proba(wine[0])
    assert predicted.shape == (len(wine[0]), 2)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)


class Constant:
    """A model with given predictions."""

    def __init__(self, rows):
        self.rows = np.asarray(rows, dtype=float)

    def predict_proba(self, table):
        return self.rows


TWO_ROWS = np.zeros((2, 1))


def test_a_row_given_wholly_to_lacking_classes_becomes_uniform():
    model = Constant([[0, 0, 1], [0.2, 0.3, 0.5]])
    aligned = ClassAligned("t", model, np.array([0, 1, -1]), 2, np.arange(3))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), [[0.5, 0.5], [0.4, 0.6]])


def test_a_class_missing_in_a_fold_gets_zero():
    aligned = ClassAligned("t", Constant(MATRIX), np.array([0, 2]), 3, np.arange(2))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), [[0.3, 0, 0.7], [0.6, 0, 0.4]])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0.5, 0.5]], "shape"),
        ([[0.5], [0.5]], "shape"),
        ([[np.nan, 1], [0, 1]], "NaN"),
        ([[-1, 2], [0, 1]], "negative"),
        ([[1, 1], [0, 1]], "sum to 1"),
    ],
)
def test_answers_that_are_no_probabilities_name_the_teacher(rows, message):
    aligned = ClassAligned("liar", Constant(rows), np.array([0, 1]), 2, np.arange(2))
    with pytest.raises(TeacherError, match=f"teacher 'liar' failed to predict.*{message}"):
        aligned.predict_proba(TWO_ROWS)


def test_a_model_that_raises_is_blamed(fitted):
    with pytest.raises(TeacherError, match=r"teacher 't' failed to predict: ValueError"):
        align_fitted(FittedTeacher("t", fitted), np.arange(3)).predict_proba(np.zeros((2, 99)))


def test_a_foreign_model_without_classes_is_read_in_sorted_order():
    aligned = align_fitted(FittedTeacher("t", Constant(MATRIX)), np.array(["no", "yes"]))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), MATRIX)


def test_many_rows_are_predicted_some_at_a_time_and_in_copies(monkeypatch):
    sizes = []

    class Scales:
        def predict_proba(self, X):
            sizes.append(len(X))
            X *= 0.5
            return np.column_stack([X[:, 0], 1 - X[:, 0]])

    monkeypatch.setattr("hpmkd.knowledge.class_alignment.ROWS_AT_ONCE", 3)
    table = np.linspace(0, 1, 14).reshape(7, 2)
    before = table.copy()
    model = ClassAligned("t", Scales(), np.array([0, 1]), 2, np.arange(2))
    assert np.array_equal(model.predict_rows(table)[:, 0], before[:, 0] / 2)
    assert np.array_equal(model.predict_rows(table, np.array([6, 1]))[:, 0], before[[6, 1], 0] / 2)
    assert model.predict_rows(table[:0]).shape == (0, 2)
    assert sizes == [3, 3, 1, 2, 0]
    assert np.array_equal(table, before)


class Framed:
    """A model that predicts a frame, such as those of AutoML libraries."""

    classes_ = np.array(["no", "yes"])

    def __init__(self, columns, rows=MATRIX):
        self.frame = pd.DataFrame(rows, columns=columns)

    def predict_proba(self, table):
        return self.frame


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["yes", "no"], MATRIX[:, ::-1]),
        (["no", "yes"], MATRIX),
        (["p_yes", "p_no"], MATRIX[:, ::-1]),
    ],
)
@pytest.mark.parametrize("library", ["pandas", "pyarrow", "polars"])
def test_a_frame_is_read_by_the_names_of_its_columns(columns, expected, library):
    model = Framed(columns)
    if library == "pyarrow":
        model.frame = pytest.importorskip("pyarrow").Table.from_pandas(model.frame)
    if library == "polars":
        model.frame = pytest.importorskip("polars").DataFrame(model.frame)
    aligned = align_fitted(FittedTeacher("t", model), np.array(["no", "yes"]))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), expected)


def test_a_frame_whose_columns_are_counted_is_read_in_their_order():
    aligned = align_fitted(FittedTeacher("t", Framed([0, 1])), np.array(["no", "yes"]))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), MATRIX)


def test_a_frame_has_the_classes_of_the_model_not_of_the_data():
    model = Framed(["no", "maybe", "yes"], [[0.2, 0.5, 0.3], [0, 0, 1]])
    model.classes_ = np.array(["maybe", "no", "yes"])
    aligned = align_fitted(FittedTeacher("t", model), np.array(["no", "yes"]))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), [[0.4, 0.6], [0, 1]])


@pytest.mark.parametrize("columns", [["a", "b"], ["no", "b"], [1, 2], ["no", "no"]])
def test_a_frame_of_other_columns_is_refused(columns):
    aligned = align_fitted(FittedTeacher("t", Framed(columns)), np.array(["no", "yes"]))
    with pytest.raises(TeacherError, match=r"'t' failed to predict.*its probabilities: .*expected"):
        aligned.predict_proba(TWO_ROWS)


@pytest.mark.parametrize("classes", [["no", "yes", "no"], [0, 1, 1.0], [0, 1, "1"]])
def test_a_class_listed_twice_is_refused(classes):
    model = Constant(np.full((2, 3), 1 / 3))
    model.classes_ = np.array(classes, dtype=object)
    with pytest.raises(TeacherError, match=r"'t' lists classes more than once in classes_: (no|1)"):
        align_fitted(FittedTeacher("t", model), np.array(["no", "yes"]))


class Listing(Constant):
    """A model that lists its classes in some way."""

    def __init__(self, rows, classes):
        super().__init__(rows)
        self.classes_ = classes


def test_a_model_whose_classes_are_none_has_those_of_the_data():
    aligned = align_fitted(FittedTeacher("t", Listing(MATRIX, None)), np.array(["no", "yes"]))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), MATRIX)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (3, r"'t' has classes_ of type int and shape \(\); expected one label per column"),
        ([["no", "yes"]], r"'t' has classes_ of type list and shape \(1, 2\)"),
        ({"no": 0}, r"'t' has classes_ of type dict and shape \(\)"),
    ],
)
def test_classes_that_are_no_list_are_refused(classes, message):
    with pytest.raises(TeacherError, match=message):
        align_fitted(FittedTeacher("t", Listing(MATRIX, classes)), np.array(["no", "yes"]))


def test_no_class_at_all_is_none_of_the_data():
    with pytest.raises(DataError, match=r"does not know the labels no, yes; it knows none\."):
        align_fitted(FittedTeacher("t", Listing(MATRIX, [])), np.array(["no", "yes"]))


def test_classes_that_cannot_be_listed_are_blamed_on_the_model():
    class Broken(Constant):
        @property
        def classes_(self):
            raise RuntimeError("not loaded")

    with pytest.raises(TeacherError, match=r"'t' failed to list its classes_: RuntimeError: not l"):
        align_fitted(FittedTeacher("t", Broken(MATRIX)), np.array(["no", "yes"]))


def test_whole_long_doubles_are_the_labels_of_that_number():
    model = Listing(MATRIX, np.array([1, 0], dtype=np.longdouble))
    aligned = align_fitted(FittedTeacher("t", model), np.arange(2))
    np.testing.assert_allclose(aligned.predict_proba(TWO_ROWS), MATRIX[:, ::-1])
