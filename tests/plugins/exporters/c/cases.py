"""Students of every family: of 2 and 3 classes, on mixed columns, numbers, dates and offsets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hpmkd.student import Schema, Student, TreesModel, fit_encoder
from hpmkd.testing.datasets import PROBLEMS, dated
from hpmkd.testing.students import (
    EVERY_KIND,
    WITH_ATTENTION,
    fitted_student,
    known_student,
    odd_student,
)

#: Family and what the student reads.
CASES = [
    *((family, f"{problem} mixed") for family in WITH_ATTENTION for problem in PROBLEMS),
    *((family, columns) for family in EVERY_KIND
      for columns in ("wine numbers", "times", "offsets")),
    *((family, columns) for family in ("tree", "pooled") for columns in ("days", "odd names")),
    *(("trees", form) for form in ("perfect", "sorted", "walked", "vectors", "sorted vectors")),
    ("trees", "no"),
]  # fmt: skip


def student_of(family, columns):
    """Return the student of a case."""
    if family == "trees":
        return forest(columns)
    if columns in ("times", "days"):
        return fitted_student(family, *dated(times=columns == "times"))
    if columns == "offsets":
        return fitted_student(family, *with_offsets())
    if columns == "odd names":
        return odd_student(family)
    problem, kind = columns.split()
    return known_student(family, problem, kind == "mixed")


def with_offsets():
    """Return rows of which a column holds large numbers close to each other, and labels."""
    rng = np.random.default_rng(0)
    milliseconds = 1_700_000_000_000 + rng.integers(0, 10**6, 200)
    frame = pd.DataFrame({"at": milliseconds.astype(np.float64), "x": rng.normal(size=200)})
    return frame, (milliseconds % 10**6 > 500_000) ^ (frame["x"].to_numpy() > 1)


#: Leaves of a tree, by the form in which it is stored.
N_LEAVES = {"perfect": 8, "sorted": 32, "walked": 33, "vectors": 4, "sorted vectors": 20, "no": 0}
N_LEAVES |= {"lone": 40, "lone vectors": 40}


def forest(form):
    """Return a student of random trees, missing cells of which go either way."""
    rng, n_classes = np.random.default_rng(0), 2 if form == "lone" else 3
    rows = rng.normal(size=(50, 4)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    encoder = fit_encoder("tree", Schema.fit(rows), rows)
    width = n_classes if "vectors" in form or form == "lone" else 1
    n_trees = 1 if "lone" in form else 13
    trees = [random_tree(rng, N_LEAVES[form], rows, form == "perfect") for _ in range(n_trees)]
    trees = trees if N_LEAVES[form] else []
    nodes = np.cumsum([0, *(len(tree) for tree in trees)])
    table = np.concatenate([*trees, np.empty((0, 5))])
    start = np.repeat(nodes[:-1], np.diff(nodes))
    leaf = table[:, 0] < 0
    place = np.cumsum(leaf) - 1
    model = TreesModel(
        roots=nodes[:-1],
        features=table[:, 0],
        thresholds=table[:, 1],
        left=np.where(leaf, place, table[:, 2] + start),
        right=np.where(leaf, 0, table[:, 3] + start),
        missing_left=table[:, 4],
        leaf_values=rng.normal(size=(int(leaf.sum()), width)),
        outputs=np.zeros(len(trees)) if width > 1 else np.arange(len(trees)) % n_classes,
        base_margin=[0.1, 0.2, -0.3][:n_classes],
        link="softmax",
    )
    return Student(encoder, model, ["a", "b", "c"][:n_classes])


def random_tree(rng, n_leaves, rows, perfect):
    """Return nodes (feature, threshold, left, right, missing_left) of a tree, at random."""
    nodes, leaves = [[-1, 0, 0, 0, 0]], [0]
    while len(leaves) < n_leaves:
        at = leaves.pop(0 if perfect else rng.integers(len(leaves)))
        feature = rng.integers(rows.shape[1])
        threshold = rng.choice([*rows[:5, feature][~np.isnan(rows[:5, feature])], -np.inf, 0.0])
        nodes[at] = [feature, threshold, len(nodes), len(nodes) + 1, rng.integers(2)]
        leaves += [len(nodes), len(nodes) + 1]
        nodes += [[-1, 0, 0, 0, 0]] * 2
    return np.array(nodes, dtype=np.float64)
