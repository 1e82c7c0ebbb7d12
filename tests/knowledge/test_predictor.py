from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from hpmkd.data.dataset import make_dataset
from hpmkd.errors import DataError, TeacherError
from hpmkd.execution.counters import Counts
from hpmkd.knowledge.predictor import TeacherPredictor, stack
from hpmkd.knowledge.teachers import CloneableTeacher, FittedTeacher, GivenTeacher

ROWS = np.arange(120)
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
        n_folds=5,
        seed=0,
        counts=Counts(),
        on_fold=lambda: folds.append(1),
    )
    made.folds = folds
    return made


def predicted(reader, teacher, rows, extra=None):
    (found,) = reader.predict([teacher], rows, extra)
    return found


def predicted_all(reader, teacher, extra=None, unseen=None):
    (found,) = reader.predict_all([teacher], extra, unseen)
    return found


def test_out_of_fold_is_out_of_fold(reader, noise):
    training, test = noise
    n = len(training)
    alone, final = predicted(reader, NEAREST, np.arange(n)), predicted_all(reader, NEAREST)
    for probabilities in (alone.training, final.training):
        right = (probabilities.argmax(axis=1) == training.labels).mean()
        # In sample, the nearest neighbour of a row is itself, and right for sure.
        assert abs(right - 0.5) < 4 * 0.5 / n**0.5
    assert final.test.shape == (len(test), 2)


def test_rows_that_are_not_asked_for_are_not_seen(noise, dict_cache, in_process):
    training, test = noise
    watched = Watched(in_process)
    reader = TeacherPredictor(training, test, dict_cache, watched.pipeline, 3, 0, Counts())
    predicted(reader, NEAREST, ROWS)
    (shared,) = watched.shared
    assert np.array_equal(shared.table, training.table[ROWS])


def test_each_fold_of_each_question_is_computed_once(reader, dict_cache):
    first = predicted(reader, NEAREST, ROWS).training
    again = predicted(reader, NEAREST, ROWS).training
    assert np.array_equal(first, again)
    assert (reader.counts.teacher_fits, reader.counts.teacher_calls) == (5, 5)
    assert len(reader.folds) == 5
    assert dict_cache.stats()["hits"] == 1

    predicted(reader, NEAREST, ROWS[:-1])
    assert reader.counts.teacher_fits == 10
    predicted(reader, CloneableTeacher("two", KNeighborsClassifier(2)), ROWS)
    assert reader.counts.teacher_fits == 15
    predicted_all(reader, NEAREST)
    assert (reader.counts.teacher_fits, reader.counts.teacher_calls) == (20, 25)
    predicted_all(reader, NEAREST)
    assert reader.counts.teacher_fits == 20
    assert dict_cache.stats()["hits"] == 2


def test_a_deployed_teacher_is_the_model_of_the_first_fold_that_was_read(reader, noise):
    predictions = predicted_all(reader, NEAREST)
    fits = reader.counts.teacher_fits
    probabilities = reader.deployed(NEAREST).predict_proba(noise[1].table)
    assert reader.counts.teacher_fits == fits
    # A fifth of the mean of the folds, each of which predicts 0 or 1.
    assert (
        (predictions.test - probabilities / 5 >= -1e-12)
        & (predictions.test - probabilities / 5 <= 0.8 + 1e-12)
    ).all()


def test_rows_that_are_to_stay_unseen_are_read_as_test_rows_are(reader, noise):
    training, test = noise
    extra = np.random.default_rng(5).normal(size=(30, 4))
    unseen = np.arange(0, 400, 10)
    others = np.setdiff1d(np.arange(400), unseen)
    predictions = predicted_all(reader, NEAREST, extra, unseen)
    assert predictions.training.shape == (400, 2)
    # Read by the very models of a reader that was never given these rows.
    without = TeacherPredictor(
        training.rows(others),
        training.rows(unseen),
        type(reader.cache)(),
        reader.pipeline,
        5,
        0,
        Counts(),
    )
    alone = predicted_all(without, NEAREST, extra)
    assert np.array_equal(predictions.training[others], alone.training)
    assert np.array_equal(predictions.training[unseen], alone.test)
    assert np.array_equal(predictions.extra, alone.extra)
    assert np.array_equal(
        reader.deployed(NEAREST).predict_proba(test.table),
        without.deployed(NEAREST).predict_proba(test.table),
    )
    assert reader.counts.teacher_fits == 5


def test_rows_without_labels_are_read_by_the_bag_of_the_same_folds(reader, noise):
    extra = np.random.default_rng(5).normal(size=(30, 4))
    predictions = predicted_all(reader, NEAREST, extra)
    assert predictions.extra.shape == (30, 2)
    plain = predicted_all(reader, NEAREST)
    assert plain.extra is None
    assert np.array_equal(plain.training, predictions.training)
    assert np.array_equal(plain.test, predictions.test)
    part = predicted(reader, NEAREST, ROWS, extra)
    assert part.test is None
    assert np.array_equal(part.training, predicted(reader, NEAREST, ROWS).training)
    assert not np.array_equal(part.extra, predictions.extra)
    model = KNeighborsClassifier(3).fit(noise[0].table, noise[0].labels)
    fitted = predicted(reader, FittedTeacher("fitted", model), ROWS, extra)
    assert np.array_equal(fitted.extra, model.predict_proba(extra))
    assert (
        predicted(reader, GivenTeacher("given", np.ones((400, 2)) / 2), ROWS, extra).extra is None
    )


def test_predictions_do_not_depend_on_the_order_in_which_folds_finish(
    noise, in_process, dict_cache
):
    forward = TeacherPredictor(*noise, dict_cache, in_process(), 5, 0, Counts())
    backward = TeacherPredictor(
        *noise, type(dict_cache)(), in_process(backwards=True), 5, 0, Counts()
    )
    teacher = CloneableTeacher("tree", DecisionTreeClassifier(max_features=1))
    one, two = predicted_all(forward, teacher), predicted_all(backward, teacher)
    assert np.array_equal(one.training, two.training)
    assert np.array_equal(one.test, two.test)


def test_a_fitted_teacher_is_called_once_for_training_and_once_for_test(reader, noise):
    training, test = noise
    model = KNeighborsClassifier(3).fit(training.table, training.labels)
    teacher = FittedTeacher("fitted", model)
    assert predicted(reader, teacher, ROWS).training.shape == (120, 2)
    assert predicted(reader, teacher, ROWS + 1).training.shape == (120, 2)
    predictions = predicted_all(reader, teacher)
    assert np.array_equal(predictions.training, model.predict_proba(training.table))
    assert np.array_equal(predictions.test, model.predict_proba(test.table))
    assert (reader.counts.teacher_fits, reader.counts.teacher_calls) == (0, 2)
    assert reader.deployed(teacher).model is model


def test_given_probabilities_are_taken_row_by_row(reader):
    matrix = np.random.default_rng(1).dirichlet([1, 1], 400)
    teacher = GivenTeacher("given", matrix)
    np.testing.assert_allclose(predicted(reader, teacher, ROWS).training, matrix[ROWS])
    assert predicted_all(reader, teacher).test is None
    assert reader.deployed(teacher) is None
    assert reader.counts.teacher_calls == 0
    with_test = GivenTeacher("given", matrix, matrix[:100])
    np.testing.assert_allclose(predicted_all(reader, with_test).test, matrix[:100])


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
        predicted_all(reader, teacher)


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
        predicted_all(reader, teacher)


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
        predicted_all(reader, teacher)
    assert teacher.model.calls == 2
    scaled = make_pipeline(FunctionTransformer(lambda table: table), KNeighborsClassifier(1))
    for _ in range(2):
        predicted_all(reader, CloneableTeacher("pipeline", scaled))
    assert reader.counts.teacher_fits == 5


def test_namesakes_do_not_share_what_they_say(reader):
    one = predicted_all(reader, CloneableTeacher("same", KNeighborsClassifier(1)))
    two = predicted_all(reader, CloneableTeacher("same", LogisticRegression()))
    assert not np.array_equal(one.training, two.training)


def test_cached_predictions_cannot_be_changed(reader):
    with pytest.raises(ValueError, match="read-only"):
        predicted(reader, NEAREST, ROWS).training[0, 0] = 1
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


def test_teachers_are_fitted_together_on_the_rows_that_are_there(noise, dict_cache, in_process):
    """No worker waits for the last fold of a teacher; and what is made anew is sent anew."""
    (training, test), watched = noise, Watched(in_process)
    extra = np.random.default_rng(5).normal(size=(30, 4))
    both = [NEAREST, CloneableTeacher("two", KNeighborsClassifier(2))]
    reader = TeacherPredictor(training, test, dict_cache, watched.pipeline, 3, 0, Counts())
    read, final = reader.predict(both, ROWS, extra), reader.predict_all(both, extra)
    assert watched.tasks == [6, 6]
    assert np.array_equal(watched.shared[0].table, training.table[ROWS])
    assert watched.shared[1].table is training.table
    assert [reader.deployed(each).name for each in both] == ["nearest", "two"]
    empty = type(dict_cache)()
    alone = TeacherPredictor(training, test, empty, watched.pipeline, 3, 0, Counts())
    for at, teacher in enumerate(both):
        for together, by_itself in (
            (read[at], predicted(alone, teacher, ROWS, extra)),
            (final[at], predicted_all(alone, teacher, extra)),
        ):
            assert np.array_equal(together.training, by_itself.training)
            assert np.array_equal(together.extra, by_itself.extra)
    assert watched.tasks == [6, 6, 3, 3, 3, 3]


def test_what_the_cache_has_is_left_out_of_the_others(noise, dict_cache, in_process):
    (training, test), watched = noise, Watched(in_process)
    reader = TeacherPredictor(training, test, dict_cache, watched.pipeline, 3, 0, Counts())
    known = CloneableTeacher("two", KNeighborsClassifier(2))
    expected = predicted(reader, known, ROWS).training
    panel = [NEAREST, known, CloneableTeacher("three", KNeighborsClassifier(3))]
    found = reader.predict(panel, ROWS)
    assert watched.tasks == [3, 6]
    assert np.array_equal(found[1].training, expected)


def test_one_teacher_under_two_names_is_fitted_once(noise, dict_cache, in_process):
    (training, test), watched = noise, Watched(in_process)
    reader = TeacherPredictor(training, test, dict_cache, watched.pipeline, 3, 0, Counts())
    twins = [NEAREST, CloneableTeacher("again", NEAREST.estimator)]
    one, other = reader.predict_all(twins)
    assert watched.tasks == [3]
    assert np.array_equal(one.training, other.training)
    assert reader.deployed(twins[1]) is reader.deployed(twins[0])
