from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.tree import DecisionTreeClassifier

from hpmkd.errors import TeacherError
from hpmkd.knowledge.fold_fits import (
    FoldData,
    FoldTask,
    fit_fold,
    ready_for,
    seeded,
    weights_argument,
)


def fold_data(X, labels, n_folds=3, queries=(), n_classes=3):
    return FoldData(X, labels, np.arange(len(labels)) % n_folds, n_classes, queries)


def test_a_fold_is_fitted_on_the_others_and_predicts_its_own_rows(wine):
    X, labels = wine
    data = fold_data(X, labels, queries=(X[:4],))
    model = DecisionTreeClassifier(random_state=0)
    result = fit_fold(data, FoldTask("tree", model, (1,)))
    own = data.fold_of_row == 1
    by_hand = DecisionTreeClassifier(random_state=0).fit(X[~own], labels[~own])
    expected = by_hand.predict_proba(np.concatenate([X[own], X[:4]]))
    np.testing.assert_allclose(result.predicted, expected)
    np.testing.assert_allclose(result.model.predict_proba(X), by_hand.predict_proba(X))
    assert not hasattr(model, "tree_")


def test_rows_of_no_fold_are_not_fitted_on_and_predicted_behind_those_held_out(wine):
    X, labels = wine
    fold_of_row = np.arange(len(labels)) % 4 - 1
    data = FoldData(X, labels, fold_of_row, 3, queries=(X[:4],), own=(X[:5], X[5:7], X[7:8]))
    model = DecisionTreeClassifier(random_state=0)
    for held, others in (((1,), [X[:4], X[5:7]]), ((0, 2), [X[:4]])):
        result = fit_fold(data, FoldTask("tree", model, held, keep=False))
        assert result.model is None
        own = np.isin(fold_of_row, held)
        seen = ~own & (fold_of_row >= 0)
        by_hand = DecisionTreeClassifier(random_state=0).fit(X[seen], labels[seen])
        # A table that one fold's model alone predicts is not for a model without two folds.
        expected = np.concatenate([X[own], X[fold_of_row < 0], *others])
        np.testing.assert_allclose(result.predicted, by_hand.predict_proba(expected))


def test_a_model_without_two_folds_is_named_by_both():
    assert FoldTask("t", None, (0, 3)).place == "folds 1 and 4"
    assert FoldTask("t", None, (2,)).place == "fold 3"


def test_a_fold_that_lacks_a_class_gives_it_zero(wine):
    X, labels = wine
    data = FoldData(X, labels, (labels == 1).astype(int), 3)
    predicted = fit_fold(data, FoldTask("tree", DecisionTreeClassifier(), (1,))).predicted
    assert (predicted[:, 1] == 0).all()
    np.testing.assert_allclose(predicted.sum(axis=1), 1)


def test_a_fold_that_sees_one_class_only_is_explained(wine):
    X, labels = wine
    data = FoldData(X, labels, (labels > 0).astype(int), 3)
    with pytest.raises(TeacherError, match=r"'tree' failed in fold 2.*only one class is left"):
        fit_fold(data, FoldTask("tree", DecisionTreeClassifier(), (1,)))


class Refuses(DecisionTreeClassifier):
    def fit(self, X, y):
        raise MemoryError("too big")


def test_a_teacher_that_fails_is_named_with_its_fold(wine):
    with pytest.raises(TeacherError, match="teacher 'big' failed in fold 1: MemoryError: too big"):
        fit_fold(fold_data(*wine), FoldTask("big", Refuses(), (0,)))


class Scales(DecisionTreeClassifier):
    def predict_proba(self, X):
        X *= 0.5
        return super().predict_proba(X)


def test_a_model_that_changes_its_rows_in_place_spoils_them_for_nobody(wine):
    X, labels = wine
    data = fold_data(X, labels, queries=(X[:4],))
    first, second = (fit_fold(data, FoldTask("scales", Scales(random_state=0), (1,))) for _ in "ab")
    assert np.array_equal(first.predicted, second.predicted)
    assert np.array_equal(data.queries[0], X[:4])


def test_shared_fold_data_are_read_only(wine):
    X, labels = wine
    data = fold_data(X.copy(), labels.copy(), queries=(X[:4],))
    for each in (data.table, data.labels, data.fold_of_row, data.queries[0]):
        with pytest.raises(ValueError, match="read-only"):
            each[0] = 1


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=2000),
        KNeighborsClassifier(),
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingClassifier(max_iter=5, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_common_classifiers_read_numbers_and_mixed_tables(estimator, wine, people):
    numbers = fold_data(scale(wine[0]), wine[1])
    assert fit_fold(numbers, FoldTask("t", estimator, (0,))).predicted.shape == (60, 3)
    if isinstance(estimator, Pipeline):
        return
    labels = (people["bought"] == "yes").to_numpy().astype(int)
    data = fold_data(people.drop(columns="bought"), labels, queries=(people.head(3),), n_classes=2)
    result = fit_fold(data, FoldTask("t", estimator, (0,)))
    assert result.predicted.shape == (50 + 3, 2)
    pickle.loads(pickle.dumps(result))


def test_estimators_that_can_read_the_table_are_left_alone(wine):
    holes = np.where(wine[0] > 20, np.nan, wine[0])
    knn, boosted = KNeighborsClassifier(), HistGradientBoostingClassifier()
    pipeline = make_pipeline(StandardScaler(), knn)
    texts = pd.DataFrame({"a": ["x", "y"]})
    assert ready_for(knn, wine[0]) is knn
    assert ready_for(boosted, holes) is boosted
    assert ready_for(pipeline, texts) is pipeline
    assert ready_for(knn, holes) is not knn
    assert ready_for(knn, texts) is not knn
    assert ready_for(boosted, texts) is not boosted


def test_open_random_states_are_fixed_and_others_kept():
    forest = RandomForestClassifier(random_state=None)
    nested = make_pipeline(StandardScaler(), RandomForestClassifier())
    assert seeded(forest, 3).random_state == 3
    assert seeded(RandomForestClassifier(random_state=1), 3).random_state == 1
    assert seeded(nested, 3).get_params()["randomforestclassifier__random_state"] == 3
    assert forest.random_state is None
    assert nested.get_params()["randomforestclassifier__random_state"] is None


def some_weights(n):
    return np.random.default_rng(0).uniform(0.1, 5.0, n)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (LogisticRegression(), "sample_weight"),
        (KNeighborsClassifier(), None),
        (
            make_pipeline(StandardScaler(), LogisticRegression()),
            "logisticregression__sample_weight",
        ),
        (make_pipeline(StandardScaler(), KNeighborsClassifier()), None),
        (GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}), "sample_weight"),
        (GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [3, 5]}), None),
        (VotingClassifier([("a", LogisticRegression())], voting="soft"), "sample_weight"),
        (VotingClassifier([("a", KNeighborsClassifier())], voting="soft"), None),
        (StackingClassifier([("a", LogisticRegression()), ("b", "drop")]), "sample_weight"),
        (StackingClassifier([("a", GaussianNB())], KNeighborsClassifier()), None),
    ],
)
def test_weights_go_where_they_are_taken(wine, estimator, name):
    X, labels = wine
    assert weights_argument(estimator) == name
    data = replace(fold_data(scale(X), labels), weights=some_weights(len(labels)))
    task = FoldTask("model", estimator, (1,))
    predicted, without = (
        fit_fold(each, task).predicted for each in (data, replace(data, weights=None))
    )
    assert np.array_equal(predicted, without) == (name is None)


def test_a_teacher_is_fitted_with_the_weights_of_its_rows(wine):
    X, labels = wine
    data = replace(fold_data(X, labels), weights=some_weights(len(labels)))
    own = data.fold_of_row == 1
    model = DecisionTreeClassifier(max_depth=2, random_state=0)
    by_hand = model.fit(X[~own], labels[~own], data.weights[~own])
    result = fit_fold(data, FoldTask("tree", model, (1,)))
    np.testing.assert_allclose(result.predicted, by_hand.predict_proba(X[own]))


def test_weights_reach_a_teacher_behind_an_encoder(wine):
    X, labels = wine
    table = pd.DataFrame(X).assign(word=np.where(X[:, 0] > 13, "a", None))
    data = FoldData(table, labels, np.arange(len(labels)) % 3, 3)
    data = replace(data, weights=some_weights(len(labels)))
    task = FoldTask("linear", LogisticRegression(), (0,))
    predicted, without = (
        fit_fold(each, task).predicted for each in (data, replace(data, weights=None))
    )
    assert not np.allclose(predicted, without)


def test_an_estimator_without_tags_is_taken_to_read_numbers_alone(wine):
    class Duck:
        def fit(self, X, y):
            return self

    duck, holes = Duck(), wine[0].copy()
    holes[0, 0] = np.nan
    assert ready_for(duck, wine[0]) is duck
    assert ready_for(duck, holes) is not duck
