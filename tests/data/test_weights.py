"""Weights of rows and of classes: what is taken, what is refused, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.weights import as_weights, normalised, weighed_by_class
from hpmkd.errors import DataError, DataWarning

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), np.repeat(["no", "no", "no", "yes"], 10)
WEIGHTS = RNG.integers(1, 5, 40).astype(float)


@pytest.mark.parametrize(
    "weights", [[1, 0, 2.5], (1, 0, 2.5), np.array([[1], [0], [2.5]]), pd.Series([1, 0, 2.5])]
)
def test_whatever_holds_numbers_is_taken(weights):
    np.testing.assert_array_equal(as_weights(weights, 3), [1.0, 0.0, 2.5])


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1, 2], "got shape (2,); expected 3, one per row"),
        (np.ones((3, 2)), "got shape (3, 2); expected 3"),
        ([1, -1, 2], "1 of 3 are not finite numbers of 0 or more, the first in row 1: -1.0"),
        ([1, 2, np.nan], "the first in row 2: nan"),
        (
            [np.inf, 2, np.nan],
            "2 of 3 are not finite numbers of 0 or more, the first in row 0",
        ),
        ([0, 0, 0], "all 3 are zero"),
        (["a", "b", "c"], "could not convert string to float: 'a'; expected numbers, one per row"),
    ],
)
def test_what_cannot_be_weights_is_refused_with_the_reason(weights, said):
    with pytest.raises(DataError) as refused:
        as_weights(weights, 3)
    assert said in str(refused.value)


def test_only_ratios_count():
    one, other = normalised(WEIGHTS), normalised(1e300 * WEIGHTS)
    np.testing.assert_allclose(one, other)
    assert one.mean() == pytest.approx(1.0)
    assert normalised(np.full(9, 0.1)) is None


def test_a_data_set_hands_the_weights_on_with_its_rows():
    dataset = make_dataset(X, Y, weights=WEIGHTS)
    some = np.array([3, 1, 8])
    np.testing.assert_allclose(dataset.rows(some).weights, (WEIGHTS / WEIGHTS.mean())[some])
    assert dataset.weight == pytest.approx(40)
    assert not dataset.weights.flags.writeable
    assert dataset.digest != make_dataset(X, Y).digest


def test_equal_weights_are_none_at_all():
    assert make_dataset(X, Y, weights=np.full(40, 0.1)).digest == make_dataset(X, Y).digest


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    weights = np.where(np.arange(40) % 4 == 0, 0.0, 2.0)
    left = weights > 0
    dataset, without = make_dataset(X, Y, weights=weights), make_dataset(X[left], Y[left])
    assert dataset.weights is None
    assert dataset.digest == without.digest
    np.testing.assert_array_equal(dataset.at, np.flatnonzero(left))


def test_a_class_without_weight_is_no_class():
    labels = np.where(np.arange(40) < 5, "maybe", Y)
    weights = np.where(np.arange(40) < 5, 0.0, 1.0)
    assert list(make_dataset(X, labels, weights=weights).classes) == ["no", "yes"]


def test_too_few_rows_may_be_left():
    said = "got 9 rows of a weight above 0, of the classes yes; expected at least 10"
    with pytest.raises(DataError, match=said):
        make_dataset(X, Y, weights=(np.arange(40) > 30).astype(float))


def test_a_column_of_weights_is_no_feature():
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=Y, w=WEIGHTS)
    dataset = make_dataset(frame, "y", weights="w")
    assert list(dataset.table.columns) == ["a", "b", "c"]
    np.testing.assert_allclose(dataset.weights, make_dataset(X, Y, weights=WEIGHTS).weights)
    with pytest.raises(DataError, match="no column is called 'v'"):
        make_dataset(frame, "y", weights="v")
    with pytest.raises(DataError, match="got 'y' as target and as weights"):
        make_dataset(frame, "y", weights="y")
    with pytest.raises(DataError, match="got the weights 'w' by name, but the rows are an array"):
        make_dataset(X, Y, weights="w")


def test_balanced_classes_weigh_the_same():
    dataset = weighed_by_class(make_dataset(X, Y, weights=WEIGHTS), "balanced")
    assert np.bincount(dataset.labels, dataset.weights) == pytest.approx([20.0, 20.0])
    plain = weighed_by_class(make_dataset(X, Y), "balanced")
    np.testing.assert_allclose(plain.weights, np.where(Y == "no", 2 / 3, 2.0))


def test_named_classes_have_their_weight_times_that_of_the_row():
    dataset = weighed_by_class(make_dataset(X, Y, weights=WEIGHTS), {"yes": 3})
    expected = WEIGHTS * np.where(Y == "yes", 3, 1)
    np.testing.assert_allclose(dataset.weights, expected / expected.mean())
    codes = make_dataset(X, (Y == "yes").astype(int))
    for spelt in (1, "1", np.int64(1)):
        found = weighed_by_class(codes, {spelt: 3})
        assert found.weights[-1] / found.weights[0] == pytest.approx(3)


@pytest.mark.parametrize(
    ("class_weight", "said"),
    [
        ("equal", "got 'equal'; expected None, 'balanced', or a dict"),
        ({"perhaps": 2}, "no row has the label 'perhaps'; the labels are no, yes"),
        ({"yes": 0}, "the weight of 'yes' is 0; expected a finite number above 0"),
        ({"yes": np.nan}, "the weight of 'yes' is nan"),
        ({"yes": "2"}, "the weight of 'yes' is '2'"),
    ],
)
def test_weights_of_classes_that_cannot_be_are_refused(class_weight, said):
    with pytest.raises(DataError) as refused:
        weighed_by_class(make_dataset(X, Y), class_weight)
    assert said in str(refused.value)


def test_hidden_and_complex_weights_are_refused():
    hidden = np.ma.masked_array(np.ones(12), mask=[True] + [False] * 11)
    with pytest.raises(DataError, match=r"masked; .*give 0"):
        as_weights(hidden, 12)
    with pytest.raises(DataError, match="complex"):
        as_weights(np.ones(12) * 1j, 12)


def test_weights_in_another_order_are_warned_of():
    rows = pd.DataFrame({"a": np.arange(12.0) % 5, "b": np.arange(12.0) % 7})
    weights = pd.Series(np.arange(1.0, 13)).sample(frac=1, random_state=0)
    with pytest.warns(DataWarning, match="the weights have the index of the rows in another order"):
        make_dataset(rows, np.arange(12) % 2, weights=weights)
