"""Trees of several models behind each other."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
import xgboost

from hpmkd.student import TreesModel, join_trees, pack_booster

RNG = np.random.default_rng(0)
ROWS = np.where(RNG.random((200, 4)) < 0.1, np.nan, RNG.normal(size=(200, 4))).astype(np.float32)
ARRAYS = [each.name for each in fields(TreesModel) if each.name != "link"]


def booster_of(n_classes, rounds=9):
    codes = np.nan_to_num(ROWS[:, 0]) + np.nan_to_num(ROWS[:, 1]) ** 2
    labels = np.digitize(codes, np.quantile(codes, np.linspace(0, 1, n_classes + 1)[1:-1]))
    multi = {"objective": "multi:softprob", "num_class": n_classes}
    parameters = {"objective": "binary:logistic"} if n_classes == 2 else multi
    settings = {"nthread": 1, "max_depth": 3, "base_score": 0.5, **parameters}
    return xgboost.train(settings, xgboost.DMatrix(ROWS, labels), rounds)


def parts_of(n_classes, cuts=(0, 1, 5, 9)):
    """Return the whole booster as one model, and as several of some rounds each."""
    n_margins, booster = n_classes if n_classes > 2 else 1, booster_of(n_classes)
    first = np.linspace(-1, 1, n_margins)

    def packed(some, base):
        return pack_booster(some, n_margins, base_margin=base)

    parts = [
        packed(booster[low:high], first if low == 0 else np.zeros(n_margins))
        for low, high in pairwise(cuts)
    ]
    return packed(booster, first), parts


@pytest.mark.parametrize("n_classes", [2, 3])
def test_parts_of_a_booster_join_to_the_booster_bit_for_bit(n_classes):
    whole, parts = parts_of(n_classes)
    joined = join_trees(parts)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name), err_msg=name)
    assert joined.margins(ROWS).tobytes() == whole.margins(ROWS).tobytes()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_leaves_are_numbered_through(n_classes):
    _, parts = parts_of(n_classes)
    before = np.cumsum([0, *(len(part.leaf_values) for part in parts)])[:-1]
    expected = [part.leaves(ROWS) + first for part, first in zip(parts, before, strict=True)]
    np.testing.assert_array_equal(join_trees(parts).leaves(ROWS), np.hstack(expected))


def test_joining_one_model_or_in_turns_changes_nothing():
    _, parts = parts_of(3)
    alone = join_trees(parts[:1])
    in_turns = join_trees([join_trees(parts[:2]), parts[2]])
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(alone, name), getattr(parts[0], name))
        np.testing.assert_array_equal(getattr(in_turns, name), getattr(join_trees(parts), name))


def test_models_that_do_not_go_together_are_refused():
    _, two = parts_of(2)
    _, three = parts_of(3)
    with pytest.raises(ValueError, match="other margins or another link"):
        join_trees([two[0], three[1]])
    late = replace(two[1], base_margin=[0.5])
    with pytest.raises(ValueError, match=r"only the first .* base margin"):
        join_trees([two[0], late])
    join_trees([late, two[2]])
