"""Forms of a DBDataset that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd import DataError, DBDataset, RecipeError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "got no rows; expected DBDataset"),
        ({"data": "frame", "train_data": "frame"}, "got both data and train_data"),
        ({"data": "frame", "test_data": "frame"}, "got both data and train_data or test_data"),
        ({"data": "frame", "y": "bought", "target_column": "city"}, "expected one name"),
        (
            {"data": "frame", "y": "labels", "target_column": "bought"},
            "got labels and target_column 'bought', which is a column of the rows",
        ),
        (
            {"data": "frame", "target_column": "bought", "prob_cols": ["bought", "p1"]},
            "prob_cols: bought holds the labels",
        ),
        ({"data": "array", "y": "labels", "prob_cols": ["p0"]}, "prob_cols: got an array of 2"),
        ({"data": "array", "y": "labels", "features": ["a"]}, "features: got an array of 2"),
        ({"data": "frame", "y": "bought", "max_categories": 0}, "max_categories: got 0; expected"),
        ({"data": "frame", "y": "bought", "features": 2.5}, "features: no column is called '2.5'"),
        ({"train_data": "frame"}, "got one of train_data and test_data; expected both"),
        ({"data": "frame"}, "got no labels"),
        ({"data": "frame", "target_column": "bougth"}, "did you mean 'bought'"),
        (
            {"data": "frame", "target_column": "bought", "features": ["agee"]},
            "features: no column is called 'agee'; did you mean 'age'",
        ),
        (
            {"data": "frame", "target_column": "bought", "prob_cols": ["q"]},
            "prob_cols: no column is called 'q'",
        ),
        (
            {"data": "frame", "target_column": "bought", "features": ["age", "bought"]},
            "bought holds the labels",
        ),
        (
            {"data": "frame", "target_column": "bought", "prob_cols": ["age"]},
            "negative",
        ),
        (
            {"data": "frame", "target_column": "bought", "categorical_features": ["p"]},
            "categorical_features: no column is called 'p'",
        ),
        ({"data": "array", "target_column": "bought"}, "an array of 2 columns without names"),
    ],
)
def test_what_cannot_be_is_refused(people, arguments, message):
    forms = {"frame": people, "array": np.ones((60, 2)), "labels": np.arange(60) % 2}
    arguments = {
        name: forms.get(each, each) if isinstance(each, str) else each
        for name, each in arguments.items()
    }
    with pytest.raises(DataError, match=message):
        DBDataset(**arguments)


def test_probabilities_of_too_few_rows_are_refused(wine):
    with pytest.raises(DataError, match="got 10 rows and 3 columns; expected 178 rows"):
        DBDataset(*wine, np.full((10, 3), 1 / 3))


def test_too_few_rows_to_measure_on_are_refused():
    with pytest.raises(DataError, match="too few to keep 1% for the test"):
        DBDataset(np.arange(20.0).reshape(10, 2), [0, 1] * 5).divided(0.01)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"probabilities": slice(None)}, "expected those of each part: train_predictions and test"),
        ({"test_predictions": slice(45, None)}, "got test_predictions without train_predictions"),
        (
            {"train_predictions": slice(44), "test_predictions": slice(44, None)},
            "train_predictions: got 44 rows and 2 columns; expected 45 rows",
        ),
        (
            {"train_predictions": slice(45), "test_predictions": slice(46, None)},
            "test_predictions: got 14 rows and 2 columns; expected 15 rows",
        ),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_probabilities_of_divided_rows_are_those_of_their_part(people, extra, message, named):
    given = people[["p0", "p1"]]
    columns = ["p0", "p1"] if named and "probabilities" not in extra else None
    with pytest.raises(DataError, match=message):
        DBDataset(
            train_data=people[:45],
            test_data=people[45:],
            target_column="bought",
            features=["age"],
            prob_cols=columns,
            **{name: given[rows] for name, rows in extra.items()},
        )


@pytest.mark.parametrize("which", ["train_predictions", "test_predictions"])
def test_predictions_of_parts_are_refused_where_there_are_none(people, which):
    with pytest.raises(DataError, match="without train_data and test_data; expected probabilities"):
        DBDataset(people[["age"]], people["bought"], **{which: people[["p0", "p1"]]})


def test_labels_beside_divided_rows_are_refused(people):
    with pytest.raises(DataError, match="got y with train_data and test_data; expected the labels"):
        DBDataset(y=people["bought"], train_data=people[:45], test_data=people[45:])


def test_the_test_rows_must_have_the_columns(people):
    with pytest.raises(DataError, match="the test rows lack the columns age"):
        DBDataset(
            train_data=people[:45],
            test_data=people[45:].drop(columns="age"),
            target_column="bought",
        )


@pytest.mark.parametrize(
    ("division", "message"),
    [
        ({"test_size": 2.0}, "test_size: got 2.0; expected a share"),
        ({"test_size": 1.0}, "test_size: got 1.0"),
        ({"test_size": -0.5}, "test_size: got -0.5"),
        ({"random_state": -4}, "random_state: got -4; expected an integer of 0 or more"),
        ({"random_state": "a"}, "random_state: got 'a'"),
    ],
)
def test_divisions_that_cannot_be_are_refused(wine, division, message):
    with pytest.raises(RecipeError, match=message):
        DBDataset(*wine, **division)


def test_one_column_is_judged_as_it_was_given(wine):
    with pytest.raises(DataError, match=r"too large values; the first is row 0, column 0: 3\.0"):
        DBDataset(wine[0], wine[1] > 0, np.full(178, 3.0))
