"""Test rows of which one column after the other is permuted, for importances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.data.dataset import Dataset
    from hpmkd.values import FloatArray, IntArray

#: A model predicts at most 300 × (1 + 20) rows, in one call.
MOST_ROWS, MOST_COLUMNS = 300, 20
#: Training rows by which the columns are chosen, where there are more.
ROWS_TO_CHOOSE_BY = 2000


@dataclass(frozen=True, eq=False)
class PermutedRows:
    """Some test rows, as they are and once for each column that is permuted.

    Parameters
    ----------
    columns : tuple of str
        The c columns.
    table : DataFrame or ndarray of shape ((1 + c) n, d)
        The n rows as they are; below them, for each column, the same with its cells permuted.
    labels : ndarray of shape (n,)
        Class codes.
    weights : ndarray of shape (n,) or None
        How much each of the n rows counts.
    """

    columns: tuple[str, ...]
    table: Any
    labels: IntArray
    weights: FloatArray | None

    @classmethod
    def draw(cls, test: Dataset, training: Dataset) -> PermutedRows:
        """Draw rows, choose columns and permute them.

        The data alone decide: of the same rows, a cache has what a teacher predicts.
        """
        rng = np.random.default_rng(int(test.digest[:8], 16))
        at = np.sort(rng.choice(len(test), min(len(test), MOST_ROWS), replace=False))
        rows, n = test.rows(at), len(at)
        names = names_of(rows.table)
        used = [j for j, name in enumerate(names) if name not in test.left_out]
        if len(used) > MOST_COLUMNS:
            ranked = most_used(training)
            used = sorted(names.index(name) for name in ranked[:MOST_COLUMNS])
        sources = np.tile(np.arange(n), len(used) + 1)
        table = tables.take(rows.table, sources)
        if hasattr(table, "iloc"):
            table = table.reset_index(drop=True)  # of repeated rows it would repeat itself
        for block, j in enumerate(used, 1):
            permuted = sources.copy()
            permuted[block * n : (block + 1) * n] = rng.permutation(n)
            if hasattr(table, "iloc"):
                table.isetitem(j, rows.table.iloc[:, j].take(permuted).array)
            else:
                table[:, j] = rows.table[permuted, j]
        columns = tuple(names[j] for j in used)
        return cls(columns, tables.read_only(table), rows.labels, rows.weights)


def names_of(table: Any) -> list[str]:
    """Return what the columns of a table are called, x0, x1, … where they have no names."""
    if hasattr(table, "columns"):
        return [str(name) for name in table.columns]
    return [f"x{j}" for j in range(table.shape[1])]


def most_used(training: Dataset) -> Sequence[str]:
    """Return all columns, those first that a small forest on some training rows uses most."""
    from sklearn.ensemble import ExtraTreesClassifier

    from hpmkd.student.columns.schema import Schema

    n = len(training)
    at = np.unique(np.linspace(0, n - 1, min(n, ROWS_TO_CHOOSE_BY)).astype(int))
    rows = training.rows(at)
    schema = Schema.fit(rows.features)
    # Trees compare: any order of magnitude will do, for missing cells one of their own.
    cells = np.nan_to_num(np.clip(schema.matrix(rows.features), -1e30, 1e30), nan=-2e30)
    forest = ExtraTreesClassifier(30, max_depth=8, n_jobs=1, random_state=0)
    used = iter(forest.fit(cells.astype(np.float32), rows.labels).feature_importances_)
    totals = [sum(next(used) for _ in column.features) for column in schema.columns]
    names = [column.name for column in schema.columns]
    return [names[j] for j in np.argsort(-np.array(totals), kind="stable")]
