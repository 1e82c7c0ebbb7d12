from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from hpmkd.data.make_dataset import make_dataset
from hpmkd.errors import DataError, TeacherError
from hpmkd.execution.counters import Counts
from hpmkd.knowledge.crossfit import Queries
from hpmkd.knowledge.predictions import CrossFittedPredictions, stack
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.knowledge.teachers import (
    CloneableTeacher,
    CrossFittedTeacher,
    FittedTeacher,
    GivenTeacher,
)

FOLDS = np.arange(400) % 5
NEAREST = CloneableTeacher("nearest", KNeighborsClassifier(1))


@pytest.fixture(scope="module")
def noise():
    """Rows whose labels mean nothing, for training and for testing."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(500, 4)), rng.integers(0, 2, 500)
    training = make_dataset(X[:400], labels[:400])
    return training, make_dataset(X[400:], labels[400:], classes=training.classes)


@pytest.fixture
def reader(noise, dict_cache, in_process):
    folds = []
    made = TeacherPredictor(
        *noise,
        cache=dict_cache,
        pipeline=in_process(),
        fold_of_row=FOLDS,
        seed=0,
        counts=Counts(),
        on_fold=lambda: folds.append(1),
    )
    made.folds = folds
    return made


def read(reader, teachers, queries=None, folds=None):
    """What teachers predict: fold by fold, unless other folds are held out."""
    held = [(fold,) for fold in range(reader.n_folds)] if folds is None else folds
    queries = Queries(reader.test.table) if queries is None else queries
    found = reader.predict(teachers, held, queries)
    names = tuple(each.name for each in teachers)
    return CrossFittedPredictions(names, found, reader.fold_of_row)


def predicted(reader, teacher, extra=None, made=(), folds=None):
    return read(reader, [teacher], Queries(reader.test.table, extra, made), folds)


def test_out_of_fold_is_out_of_fold(reader, noise):
    training, test = noise
    n = len(training)
    found = predicted(reader, NEAREST)
    right = (found.out_of_fold()[0].argmax(axis=1) == training.labels).mean()
    # In sample, the nearest neighbour of a row is itself, and right for sure.
    assert abs(right - 0.5) < 4 * 0.5 / n**0.5
    (of_test,) = found.test()
    assert of_test.shape == (len(test), 2)


def test_a_pair_of_folds_is_held_out_together(reader, noise):
    training, _ = noise
    found = predicted(reader, NEAREST, folds=[(0, 3)])
    seen = ~np.isin(FOLDS, [0, 3])
    model = KNeighborsClassifier(1).fit(training.table[seen], training.labels[seen])
    for held, other in ((0, 3), (3, 0)):
        expected = model.predict_proba(training.table[other == FOLDS])
        np.testing.assert_array_equal(found.out_of_fold(held)[0], expected)


def test_each_fold_of_each_question_is_computed_once(reader, dict_cache):
    first = predicted(reader, NEAREST).out_of_fold()
    again = predicted(reader, NEAREST).out_of_fold()
    assert np.array_equal(first, again)
    # Each model predicts its own rows, and the test rows.
    assert (reader.counts.teacher_fits, reader.counts.teacher_calls) == (5, 10)
    assert len(reader.folds) == 5
    assert dict_cache.stats()["hits"] == 5

    read(reader, [NEAREST], Queries())
    assert (reader.counts.teacher_fits, reader.counts.teacher_calls) == (10, 15)
    predicted(reader, CloneableTeacher("two", KNeighborsClassifier(2)))
    assert reader.counts.teacher_fits == 15


def test_the_first_fold_comes_first_and_is_not_fitted_again(reader):
    first = predicted(reader, NEAREST, folds=[(0,)])
    assert reader.counts.teacher_fits == 1
    assert np.array_equal(first.rows, np.flatnonzero(FOLDS == 0))
    rest = reader.predict([NEAREST], [(fold,) for fold in range(1, 5)], Queries(reader.test.table))
    assert reader.counts.teacher_fits == 5
    merged, whole = first.with_folds(rest), predicted(reader, NEAREST)
    assert reader.counts.teacher_fits == 5
    assert np.array_equal(merged.out_of_fold(), whole.out_of_fold())
    assert np.array_equal(merged.test()[0], whole.test()[0])


def test_a_deployed_teacher_is_the_model_of_the_first_fold(reader, noise):
    training, test = noise
    predicted(reader, NEAREST)
    fits = reader.counts.teacher_fits
    model = KNeighborsClassifier(1).fit(training.table[FOLDS > 0], training.labels[FOLDS > 0])
    for _ in range(2):
        deployed = reader.deployed(NEAREST).predict_proba(test.table)
        assert np.array_equal(deployed, model.predict_proba(test.table))
        assert reader.counts.teacher_fits == fits
        # One that was dropped is fitted again.
        reader.forget_models()
        fits += 1


def test_rows_that_are_to_stay_unseen_are_read_as_test_rows_are(noise, dict_cache, in_process):
    training, test = noise
    extra = np.random.default_rng(5).normal(size=(30, 4))
    fold_of_row = np.where(np.arange(400) % 10 == 0, -1, FOLDS)
    unseen, others = np.flatnonzero(fold_of_row < 0), np.flatnonzero(fold_of_row >= 0)
    reader = TeacherPredictor(training, test, dict_cache, in_process(), fold_of_row, 0, Counts())
    found = predicted(reader, NEAREST, extra)
    assert found.out_of_fold().shape == (1, 400, 2)
    # Read by the very models of a reader that was never given these rows.
    without = TeacherPredictor(
        training.rows(others),
        training.rows(unseen),
        type(dict_cache)(),
        in_process(),
        fold_of_row[others],
        0,
        Counts(),
    )
    alone = predicted(without, NEAREST, extra)
    assert np.array_equal(found.out_of_fold()[:, others], alone.out_of_fold())
    assert np.array_equal(found.out_of_fold()[0, unseen], alone.test()[0])
    assert np.array_equal(found.extra(), alone.extra())
    assert np.array_equal(
        reader.deployed(NEAREST).predict_proba(test.table),
        without.deployed(NEAREST).predict_proba(test.table),
    )
    assert reader.counts.teacher_fits == 5


def test_rows_without_labels_are_read_by_the_bag_of_the_same_folds(reader, noise):
    training, _ = noise
    extra = np.random.default_rng(5).normal(size=(30, 4))
    found, plain = predicted(reader, NEAREST, extra), predicted(reader, NEAREST)
    assert plain.extra() is None
    assert np.array_equal(plain.out_of_fold(), found.out_of_fold())
    assert np.array_equal(plain.test()[0], found.test()[0])
    models = [
        KNeighborsClassifier(1).fit(training.table[fold != FOLDS], training.labels[fold != FOLDS])
        for fold in range(5)
    ]
    own = np.stack([model.predict_proba(extra) for model in models])
    np.testing.assert_allclose(found.extra()[0], own.mean(axis=0))
    for fold in range(5):
        assert np.array_equal(found.extra(fold)[0], own[fold])
    model = KNeighborsClassifier(3).fit(training.table, training.labels)
    fitted = predicted(reader, FittedTeacher("fitted", model), extra)
    np.testing.assert_allclose(fitted.extra()[0], model.predict_proba(extra))
    given = GivenTeacher("given", np.ones((400, 2)) / 2)
    assert predicted(reader, given, extra).extra() is None
    assert predicted(reader, given, extra).extra(0) is None


def test_rows_that_were_made_without_a_fold_are_read_by_its_model_alone(reader, noise):
    training, _ = noise
    made = [np.random.default_rng(fold).normal(size=(6 + fold, 4)) for fold in range(5)]
    found = predicted(reader, NEAREST, made[0], made)
    for fold in range(5):
        seen = fold != FOLDS
        model = KNeighborsClassifier(1).fit(training.table[seen], training.labels[seen])
        assert np.array_equal(found.made(fold)[0], model.predict_proba(made[fold]))
    assert reader.counts.teacher_calls == 5 * 4
    # Models without two folds predict no such rows.
    predicted(reader, NEAREST, made[0], made, folds=[(0, 1)])
    assert reader.counts.teacher_calls == 5 * 4 + 3


def test_predictions_do_not_depend_on_the_order_in_which_folds_finish(
    noise, in_process, dict_cache
):
    forward = TeacherPredictor(*noise, dict_cache, in_process(), FOLDS, 0, Counts())
    backward = TeacherPredictor(
        *noise, type(dict_cache)(), in_process(backwards=True), FOLDS, 0, Counts()
    )
    teacher = CloneableTeacher("tree", DecisionTreeClassifier(max_features=1))
    one, two = predicted(forward, teacher), predicted(backward, teacher)
    assert np.array_equal(one.out_of_fold(), two.out_of_fold())
    assert np.array_equal(one.test(), two.test())


def test_a_fitted_teacher_is_called_once_for_training_and_once_for_test(reader, noise):
    training, test = noise
    model = KNeighborsClassifier(3).fit(training.table, training.labels)
    teacher = FittedTeacher("fitted", model)
    for _ in range(2):
        found = predicted(reader, teacher)
        assert np.array_equal(found.out_of_fold()[0], model.predict_proba(training.table))
        np.testing.assert_allclose(found.test()[0], model.predict_proba(test.table))
    assert (reader.counts.teacher_fits, reader.counts.teacher_calls) == (0, 2)
    assert reader.deployed(teacher).model is model


def test_given_probabilities_are_taken_row_by_row(reader):
    matrix = np.random.default_rng(1).dirichlet([1, 1], 400)
    teacher = GivenTeacher("given", matrix)
    np.testing.assert_allclose(predicted(reader, teacher).out_of_fold()[0], matrix)
    assert predicted(reader, teacher).test() == [None]
    assert reader.deployed(teacher) is None
    assert reader.counts.teacher_calls == 0
    with_test = GivenTeacher("given", matrix, matrix[:100])
    np.testing.assert_allclose(predicted(reader, with_test).test()[0], matrix[:100])


class Sure:
    """A student that gives a class a probability that is its own."""

    classes_ = np.arange(2)

    def __init__(self, probability):
        self.probability = probability

    def predict_proba(self, table):
        return np.tile([1 - self.probability, self.probability], (len(table), 1))


def test_students_that_were_cross_fitted_label_rows_fold_by_fold(reader):
    out_of_fold = np.random.default_rng(1).dirichlet([1, 1], 400)
    students = [Sure(fold / 10) for fold in range(5)]
    teacher = CrossFittedTeacher("gbm student", students, out_of_fold, students[0])
    extra, made = np.zeros((3, 4)), [np.zeros((2, 4))] * 5
    found = predicted(reader, teacher, extra, made)
    assert np.array_equal(found.out_of_fold()[0], out_of_fold)
    for fold in range(5):
        np.testing.assert_allclose(found.extra(fold)[0, :, 1], fold / 10)
        np.testing.assert_allclose(found.made(fold)[0, :, 1], fold / 10)
    np.testing.assert_allclose(found.extra()[0, :, 1], 0.2)
    np.testing.assert_allclose(found.test()[0][:, 1], 0.2)
    assert reader.deployed(teacher) is students[0]
    assert (reader.counts.teacher_fits, reader.counts.teacher_calls) == (0, 0)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (GivenTeacher("mine", np.ones((3, 2)) / 2), r"teacher 'mine': probabilities: got 3 rows"),
        (
            GivenTeacher("mine", np.ones((400, 2)) / 2, np.ones((3, 2)) / 2),
            r"'mine': probabilities of the test rows: got 3 rows",
        ),
    ],
)
def test_given_probabilities_of_the_wrong_length_are_refused(reader, teacher, message):
    with pytest.raises(DataError, match=message):
        predicted(reader, teacher)


class Stubborn(ClassifierMixin, BaseEstimator):
    """Cannot be cloned: its __init__ changes what it was given."""

    def __init__(self, names=()):
        self.names = list(names)

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.ones((len(X), 2)) / 2


def test_a_teacher_that_cannot_be_cloned_is_explained(reader):
    teacher = CloneableTeacher("stubborn", Stubborn(("a",)))
    with pytest.raises(TeacherError, match=r"'stubborn' cannot be cloned.*only stores its param"):
        predicted(reader, teacher)


class Closure:
    """A foreign model that does not pickle; counts its calls."""

    def __init__(self):
        self.calls = 0
        self.constant = lambda table: np.full((len(table), 2), 0.5)

    def predict_proba(self, table):
        self.calls += 1
        return self.constant(table)


def test_a_model_that_does_not_pickle_is_still_asked_once(reader):
    teacher = FittedTeacher("closure", Closure())
    for _ in range(2):
        predicted(reader, teacher)
    assert teacher.model.calls == 2  # for training and for test rows
    scaled = make_pipeline(FunctionTransformer(lambda table: table), KNeighborsClassifier(1))
    for _ in range(2):
        predicted(reader, CloneableTeacher("pipeline", scaled))
    assert reader.counts.teacher_fits == 5


def test_namesakes_do_not_share_what_they_say(reader):
    one = predicted(reader, CloneableTeacher("same", KNeighborsClassifier(1)))
    two = predicted(reader, CloneableTeacher("same", LogisticRegression()))
    assert not np.array_equal(one.out_of_fold(), two.out_of_fold())


def test_cached_predictions_cannot_be_changed(reader):
    with pytest.raises(ValueError, match="read-only"):
        predicted(reader, NEAREST).by_teacher[0][0,].test[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        stack([np.zeros((2, 2))])[0, 0, 0] = 1


class Watched:
    """Makes a pipeline that tells what its batches shared, and how many tasks they had."""

    def __init__(self, in_process):
        self.shared, self.tasks = watched = [], []

        class Watching(in_process):
            def run(self, job, shared, tasks):
                watched[0].append(shared)
                watched[1].append(len(tasks))
                return super().run(job, shared, tasks)

        self.pipeline = Watching()


THIRDS = np.arange(400) % 3


def test_teachers_are_fitted_together(noise, dict_cache, in_process):
    """No worker waits for the last fold of a teacher."""
    (training, test), watched = noise, Watched(in_process)
    extra = np.random.default_rng(5).normal(size=(30, 4))
    both = [NEAREST, CloneableTeacher("two", KNeighborsClassifier(2))]
    reader = TeacherPredictor(training, test, dict_cache, watched.pipeline, THIRDS, 0, Counts())
    together = read(reader, both, Queries(test.table, extra))
    assert watched.tasks == [6]
    assert watched.shared[0].table is training.table
    assert [reader.deployed(each).name for each in both] == ["nearest", "two"]
    assert watched.tasks == [6]
    empty = type(dict_cache)()
    alone = TeacherPredictor(training, test, empty, watched.pipeline, THIRDS, 0, Counts())
    for at, teacher in enumerate(both):
        by_itself = predicted(alone, teacher, extra)
        assert np.array_equal(together.out_of_fold()[at], by_itself.out_of_fold()[0])
        assert np.array_equal(together.extra()[at], by_itself.extra()[0])
    assert watched.tasks == [6, 3, 3]


def test_what_the_cache_has_is_left_out_of_the_others(noise, dict_cache, in_process):
    (training, test), watched = noise, Watched(in_process)
    reader = TeacherPredictor(training, test, dict_cache, watched.pipeline, THIRDS, 0, Counts())
    known = CloneableTeacher("two", KNeighborsClassifier(2))
    expected = predicted(reader, known).out_of_fold()[0]
    panel = [NEAREST, known, CloneableTeacher("three", KNeighborsClassifier(3))]
    found = read(reader, panel)
    assert watched.tasks == [3, 6]
    assert np.array_equal(found.out_of_fold()[1], expected)


def test_one_teacher_under_two_names_is_fitted_once(noise, dict_cache, in_process):
    (training, test), watched = noise, Watched(in_process)
    reader = TeacherPredictor(training, test, dict_cache, watched.pipeline, THIRDS, 0, Counts())
    twins = [NEAREST, CloneableTeacher("again", NEAREST.estimator)]
    one, other = read(reader, twins).out_of_fold()
    assert watched.tasks == [3]
    assert np.array_equal(one, other)
    assert reader.deployed(twins[1]) is reader.deployed(twins[0])
