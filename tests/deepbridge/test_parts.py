"""The training and the test part that a DBDataset shows."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd import AutoDistiller, DataError, DBDataset
from hpmkd.data.dataset import separate_test
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.seeds import Seeds


def test_rows_are_divided_as_distill_divides_them(wine):
    X, y = wine
    division = DBDataset(X, y).divided(test_size=0.3, random_state=5)
    train, test = separate_test(make_dataset(X, y), 0.3, Seeds.spawn(5).test)
    np.testing.assert_array_equal(division.X_train, X[train])
    np.testing.assert_array_equal(division.X_test, X[test])


def test_what_the_data_set_says_of_its_division_goes_first(wine):
    dataset = DBDataset(*wine, test_size=0.5, random_state=9)
    np.testing.assert_array_equal(
        dataset.divided(0.2, 1).X_test, DBDataset(*wine).divided(0.5, 9).X_test
    )


def test_parts_are_shown_as_frames_with_their_labels(wine):
    dataset = DBDataset(*wine)
    division = dataset.divided()
    assert list(dataset.train_data.columns) == [*dataset.features, "target"]
    np.testing.assert_array_equal(dataset.get_feature_data("test"), division.X_test)
    np.testing.assert_array_equal(dataset.get_target_data("test"), division.y_test)
    with pytest.raises(DataError, match="got 'all'; expected 'train' or 'test'"):
        dataset.get_target_data("all")


def test_parts_are_those_of_the_last_distiller(wine):
    dataset = DBDataset(*wine)
    for size, state in ((0.3, 7), (0.5, 1)):
        distiller = AutoDistiller(dataset, output_dir=None, test_size=size, random_state=state)
        rows = distiller.division
        np.testing.assert_array_equal(dataset.get_feature_data("test"), rows.X_test)
        np.testing.assert_array_equal(dataset.get_target_data("train"), rows.y_train)
        assert len(dataset.test_data) == round(178 * size)


def test_predictions_are_shown_part_by_part(people):
    dataset = DBDataset(people, "bought", prob_cols=["p0", "p1"])
    both = dataset.original_prob.to_numpy()
    assert len(dataset.train_predictions) == 48
    np.testing.assert_allclose(
        dataset.test_predictions["prob_1"], dataset.divided().given_test[:, 1]
    )
    shown = np.vstack([dataset.train_predictions, dataset.test_predictions])
    np.testing.assert_allclose(np.sort(shown, axis=0), np.sort(both, axis=0))
    bare = DBDataset(people, "bought")
    assert bare.train_predictions is bare.test_predictions is bare.original_prob is None


def test_predictions_of_the_training_rows_alone(people):
    dataset = DBDataset(
        train_data=people[["age", "bought"]][:45],
        test_data=people[["age", "bought"]][45:],
        target_column="bought",
        train_predictions=people[["p0", "p1"]][:45],
    )
    np.testing.assert_allclose(dataset.train_predictions, people[["p0", "p1"]][:45])
    assert dataset.test_predictions is None
