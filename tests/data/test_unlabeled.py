"""Where rows without labels come from."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.dataset import Dataset
from hpmkd.data.unlabeled import ExtraSource, unlabeled_rows
from hpmkd.errors import DataError, DataWarning
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.recipe.settings import ExtraSettings
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.values import Offer

FRAME = pd.DataFrame({"a": np.arange(20.0), "b": ["x", "y"] * 10})
ARRAY = np.arange(40.0).reshape(20, 2)


class Draws:
    """Rows drawn with replacement; keeps what it was asked."""

    asked: list

    def __init__(self):
        self.asked = []

    def rows(self, table, n, rng):
        self.asked.append((table, n))
        at = rng.integers(0, len(table), n)
        return table.iloc[at] if hasattr(table, "iloc") else table[at]


def source(augmenter, unlabeled=None, seed=0, **settings):
    offered = RegisteredComponent(
        "augmenter", Offer("mine", lambda: augmenter, "mine"), "my-plugin"
    )
    return ExtraSource(
        ExtraSettings(**{"rows": 1.0} | settings),
        ComponentSpec(offered, {}).create(),
        unlabeled,
        seed,
    )


@pytest.mark.parametrize(
    ("settings", "n"),
    [({}, 20), ({"rows": 2.5}, 50), ({"rows": 0.5}, 10), ({"rows": 9.0, "max_rows": 33}, 33)],
)
def test_as_many_rows_as_the_recipe_says_and_no_more(settings, n):
    draws = Draws()
    assert len(source(draws, **settings).rows(FRAME)) == n
    assert draws.asked[0][1] == n
    pd.testing.assert_frame_equal(draws.asked[0][0], FRAME)


@pytest.mark.parametrize("settings", [{"rows": 0.0}, {"rows": 0.01}, {"max_rows": 0}, {"until": 1}])
def test_the_augmenter_is_not_called_for_zero_rows(settings):
    draws = Draws()
    assert source(draws, **settings).rows(FRAME) is None
    assert draws.asked == []


def test_what_is_made_follows_from_table_and_seed():
    made = [source(Draws(), seed=seed).rows(ARRAY) for seed in (1, 1, 2)]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_real_rows_take_precedence():
    draws = Draws()
    real = source(draws, unlabeled=ARRAY[:3])
    assert real.rows(ARRAY) is real.unlabeled
    assert draws.asked == []
    assert real.real
    assert real.without_augmenter().rows(ARRAY) is real.unlabeled
    assert real.disabled().rows(ARRAY) is None


def test_without_augmenter_nothing_is_made():
    made = source(Draws())
    assert not made.real
    assert made.without_augmenter().rows(ARRAY) is None
    assert made.disabled().rows(ARRAY) is None


class Returns:
    def __init__(self, made):
        self.made = made

    def rows(self, table, n, rng):
        return self.made(table)


def test_an_augmenter_may_make_fewer_rows_or_none():
    assert len(source(Returns(lambda table: table[:2])).rows(FRAME)) == 2
    assert source(Returns(lambda table: table[:0])).rows(FRAME) is None


def dataset(table):
    return Dataset(table, np.arange(20) % 2, np.array([0, 1]))


def test_columns_are_those_of_training_in_their_order():
    given = pd.DataFrame({"target": 1, "b": ["z", None], "a": [1, 2]}, index=[7, 8])
    rows = unlabeled_rows(given, dataset(FRAME))
    assert list(rows.columns) == ["a", "b"]
    assert len(rows) == 2
    assert list(given.columns) == ["target", "b", "a"]


def test_frames_and_arrays_meet_by_position():
    frame = pd.DataFrame(ARRAY, columns=["a", "b"])
    named = unlabeled_rows(ARRAY[:3], dataset(frame))
    pd.testing.assert_frame_equal(named, frame[:3])
    plain = unlabeled_rows(frame[:3], dataset(ARRAY))
    assert np.array_equal(plain, ARRAY[:3])
    assert np.array_equal(unlabeled_rows(ARRAY[:3].tolist(), dataset(ARRAY)), ARRAY[:3])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (FRAME[["a"]], r"unlabeled rows: .*'?b'?"),
        (FRAME[:0], "unlabeled rows: the data is empty: got 0 rows"),
        (FRAME.assign(a=np.inf), "unlabeled rows: a holds 20 cells that are infinite"),
        (FRAME.assign(a="word"), r"unlabeled rows: .*a.*word"),
        (ARRAY[:, :1], "unlabeled rows: .*1"),
        (np.arange(3), "unlabeled rows: got rows of shape"),
        ([], "unlabeled rows: "),
    ],
)
def test_bad_rows_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        unlabeled_rows(given, dataset(FRAME))


@pytest.mark.parametrize(
    ("given", "training", "named"),
    [
        (FRAME.assign(b=None), FRAME, "b;"),
        (FRAME.assign(a=np.nan, b=None), FRAME, "a, b;"),
        (np.full((4, 2), np.nan), ARRAY, "0, 1;"),
        (np.full((4, 2), np.nan), pd.DataFrame(ARRAY, columns=["a", "b"]).assign(b=np.nan), "a;"),
    ],
)
def test_columns_that_are_empty_only_here_are_warned_of(given, training, named):
    with pytest.warns(DataWarning, match=f"unlabeled rows: columns without .*: {named}") as caught:
        unlabeled_rows(given, dataset(training))
    assert len(caught) == 1


def test_unknown_levels_and_single_holes_are_nothing_to_warn_of():
    given = FRAME.assign(b="new", a=[np.nan, *range(19)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unlabeled_rows(given, dataset(FRAME))
