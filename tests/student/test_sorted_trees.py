"""Sorted trees end in the leaves of the trees that they were made of."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

from hpmkd.student import Schema, fit_encoder, pack_booster
from hpmkd.student.packed.sorted_trees import MOST_LEAVES, SORTED
from hpmkd.student.packed.trees import WALKED
from hpmkd.student.packed.words import pack_words


def grown(n_leaves):
    """Return rows with holes, their encoder, and trees of so many leaves."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 5)).astype(np.float32)
    labels = (np.abs(rows[:, 0]) + np.nan_to_num(rows[:, 1]) > 1).astype(int) + (rows[:, 2] > 1)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    settings = {"objective": "multi:softprob", "num_class": 3, "nthread": 1, "max_depth": 0}
    settings |= {"grow_policy": "lossguide", "max_leaves": n_leaves, "min_child_weight": 0}
    booster = xgb.train(settings, xgb.DMatrix(rows, labels), 4)
    return rows, fit_encoder("tree", Schema.fit(rows), rows), pack_booster(booster, 3)


def leaf_words(words, row):
    """Return the word of the leaf of each tree, as kernels/c/sorted.h finds it."""
    floats, n_cells, n_trees = words.view(np.float32), int(words[5]), int(words[4])
    columns = words[words[6] : words[6] + n_cells]
    filled = [-np.inf, np.inf]
    cells = [
        filled[int(k >= words[9])] if np.isnan(row[c]) else row[c] for k, c in enumerate(columns)
    ]
    firsts = words[words[8] : words[8] + n_cells + 1 + n_trees].astype(int)
    left = [2**MOST_LEAVES - 1] * n_trees
    for k, cell in enumerate(cells):
        for node in range(firsts[k], firsts[k + 1], 3):
            if cell < floats[node]:
                break
            left[words[node + 1]] &= int(words[node + 2])
    return [
        int(words[at + (bits & -bits).bit_length() - 1])
        for at, bits in zip(firsts[n_cells + 1 :], left, strict=True)
    ]


@pytest.mark.parametrize("n_leaves", [20, MOST_LEAVES])
def test_rows_end_in_the_leaves_of_the_trees(n_leaves):
    rows, encoder, model = grown(n_leaves)
    words = pack_words(encoder, model, np.arange(5), sort=True)
    assert words[3] == SORTED
    trees = np.argsort(model.outputs, kind="stable")
    for row in rows[:100]:
        found = np.array(leaf_words(words, row), dtype=np.uint32).view(np.float32)
        ends = [leaf_of(model, root, row) for root in model.roots[trees]]
        assert found.tolist() == model.leaf_values[ends, 0].tolist()


def leaf_of(model, at, row):
    """Return the leaf in which a row ends."""
    while model.features[at] >= 0:
        cell = row[model.features[at]]
        left = model.missing_left[at] if np.isnan(cell) else cell < model.thresholds[at]
        at = model.left[at] if left else model.right[at]
    return model.left[at]


def test_only_walked_trees_of_few_leaves_are_sorted_and_only_if_asked():
    _, encoder, model = grown(20)
    assert pack_words(encoder, model, np.arange(5))[3] == WALKED
    _, encoder, model = grown(MOST_LEAVES + 1)
    assert pack_words(encoder, model, np.arange(5), sort=True)[3] == WALKED
    _, encoder, model = grown(3)
    assert pack_words(encoder, model, np.arange(5), sort=True)[3] < WALKED
