"""The tree stage: the soft Gini criterion, and leaves that are never sure."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from hpmkd.kernels import soften
from hpmkd_defaults.stages.targets import mixed_target, smoothed_prior
from hpmkd_defaults.stages.tree import TreeStage

STAGE = TreeStage()


def expected_probabilities(given, target, X, leaves=64, least=5, shrinkage=1.0):
    """The same student by scikit-learn's own apply and a mean per leaf."""
    tree = DecisionTreeRegressor(max_leaf_nodes=leaves, min_samples_leaf=least, random_state=0)
    columns = target[:, 1:] if target.shape[1] == 2 else target
    trained = tree.fit(given.X.astype(np.float32), columns).apply(given.X.astype(np.float32))
    prior = smoothed_prior(target)
    values = {
        leaf: (target[trained == leaf].sum(axis=0) + shrinkage * prior)
        / ((trained == leaf).sum() + shrinkage)
        for leaf in np.unique(trained)
    }
    return np.array([values[leaf] for leaf in tree.apply(X.astype(np.float32))])


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "digits"])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_leaves_are_shrunken_means_of_the_mixed_target(problem, inputs_for, name, alpha):
    given = problem(name)
    predicted = STAGE.fit(inputs_for(STAGE, given, alpha=alpha)).predict_proba(given.X_test)
    target = mixed_target(given.teacher, given.y, alpha)
    expected = expected_probabilities(given, target, given.X_test)
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["wine", "digits"])
def test_on_hard_labels_the_criterion_is_gini(problem, inputs_for, name):
    given = problem(name)
    known = DecisionTreeClassifier(max_leaf_nodes=16, min_samples_leaf=5, random_state=0)
    known.fit(given.X.astype(np.float32), given.y)
    predicted = STAGE.fit(
        inputs_for(STAGE, given, alpha=0.0, max_leaf_nodes=16, shrinkage=1e-9)
    ).predict_proba(given.X_test)
    # Ties between equally good splits may fall the other way; most rows see no difference.
    same = np.abs(predicted - known.predict_proba(given.X_test)).max(axis=1) < 1e-6
    assert same.mean() > 0.95


def test_a_temperature_above_one_is_read_as_one(problem, inputs_for):
    given = problem("wine")
    made = {
        temperature: STAGE.fit(inputs_for(STAGE, given, temperature=temperature)).to_bytes()
        for temperature in (0.5, 1.0, 3.0)
    }
    assert made[1.0] == made[3.0]
    assert made[0.5] != made[1.0]
    sharp = STAGE.fit(inputs_for(STAGE, given, alpha=1.0, temperature=0.5))
    expected = expected_probabilities(given, soften(given.teacher, 0.5), given.X_test)
    np.testing.assert_allclose(sharp.predict_proba(given.X_test), expected, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_no_leaf_is_sure(problem, inputs_for, alpha):
    given = problem("digits")
    predicted = STAGE.fit(
        inputs_for(STAGE, given, alpha=alpha, min_samples_leaf=1, max_leaf_nodes=256)
    ).predict_proba(given.X_test)
    assert predicted.min() > 1e-5
    assert predicted.max() < 1.0


def test_shrinkage_draws_towards_the_mean_target(problem, inputs_for):
    given = problem("wine")
    predicted = STAGE.fit(inputs_for(STAGE, given, shrinkage=1e9)).predict_proba(given.X_test)
    prior = smoothed_prior(mixed_target(given.teacher, given.y, 0.5))
    np.testing.assert_allclose(predicted, np.tile(prior, (len(predicted), 1)), atol=1e-5)


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
def test_missing_cells_go_where_scikit_learn_sends_them(problem, inputs_for, name):
    given = problem(name)
    rng = np.random.default_rng(1)
    holes = type(given)(**vars(given))
    holes.X = np.where(rng.random(given.X.shape) < 0.3, np.nan, given.X)
    holes.X[:, 0] = given.X[:, 0]  # missing only afterwards
    X_test = np.where(rng.random(given.X_test.shape) < 0.3, np.nan, given.X_test)
    predicted = STAGE.fit(inputs_for(STAGE, holes)).predict_proba(X_test)
    expected = expected_probabilities(holes, mixed_target(given.teacher, given.y, 0.5), X_test)
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
def test_the_labelled_rows_of_each_leaf_are_counted(problem, inputs_for, name):
    given = problem(name)
    inputs = inputs_for(STAGE, given, alpha=1.0)
    model = STAGE.fit(inputs).model
    leaves = model.leaves(inputs.matrix)[:, 0]
    for leaf, counts in enumerate(model.leaf_counts):
        expected = np.bincount(given.y[leaves == leaf], minlength=given.n_classes)
        assert counts.tolist() == expected.tolist()


def test_size_is_what_was_asked_for(problem, inputs_for):
    given = problem("digits")
    predicted = STAGE.fit(inputs_for(STAGE, given, max_leaf_nodes=8)).predict_proba(given.X)
    assert len(np.unique(predicted.round(9), axis=0)) == 8
