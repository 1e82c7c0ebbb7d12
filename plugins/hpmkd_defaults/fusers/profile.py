"""The regions of the data where each teacher has most weight, for people to read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.student.columns.schema import Schema

if TYPE_CHECKING:
    from hpmkd.student.columns.features import Feature
    from hpmkd.values import FloatArray, IntArray

#: Groups of a column: tenths of its numbers, or its most frequent levels and the others.
GROUPS = 10
#: Columns that are listed, and groups of each.
COLUMNS, PLACES = 3, 3
#: A smaller group may be anything.
FEWEST_ROWS = 20


def wins(table: Any, weights: FloatArray) -> list[dict[str, Any]]:
    """List in which cells of which columns a teacher's weight is most above its mean.

    Parameters
    ----------
    table : table of n rows
        Raw rows.
    weights : ndarray of shape (n, M)
        Of each teacher on each row.

    Returns
    -------
    list of dict
        At most three columns, those that explain most of the weights' variance first, and of
        each at most three groups of cells: ``column``, ``cells``, ``rows``, ``teacher``
        (its position), ``weight`` there and ``mean_weight`` over all rows.
    """
    schema = Schema.fit(table)
    matrix = schema.matrix(table)
    mean = weights.mean(axis=0)
    ranked: dict[str, tuple[float, list[dict[str, Any]]]] = {}
    for j, column in enumerate(schema.features):
        if not column.of_trees:  # waves mean nothing to people
            continue
        groups = grouped(column, matrix[:, j])
        places = [_place(column, label, rows, weights, mean) for label, rows in groups]
        size = sum(
            len(rows) * float(((weights[rows].mean(axis=0) - mean) ** 2).sum())
            for _, rows in groups
        )
        places.sort(key=lambda place: place["mean_weight"] - place["weight"])
        # Of moments, the part that explains most stands for its column.
        name = column.column.name
        ranked[name] = max(
            ranked.get(name, (0.0, [])), (size, places[:PLACES]), key=lambda each: each[0]
        )
    first = sorted(ranked.values(), key=lambda each: -each[0])[:COLUMNS]
    return [place for size, places in first if size > 0 for place in places]


def grouped(column: Feature, cells: FloatArray) -> list[tuple[str, IntArray]]:
    """Return groups of at least 20 rows by their label: ranges or levels, and the missing.

    Parameters
    ----------
    column : Feature
        What the cells are.
    cells : ndarray of shape (n,)
        Numbers, or codes of levels by falling frequency; NaN where missing.
    """
    known = ~np.isnan(cells)
    if not known.any():
        return []
    if column.kind == "number":
        inner = np.quantile(cells[known], np.linspace(0, 1, GROUPS + 1)[1:-1], method="lower")
        # Bounds are values of the data; the least of them begins the first group.
        inner = np.unique(inner[inner > cells[known].min()])
        codes = np.digitize(cells, inner)
        bounds = [cells[known].min(), *inner.tolist(), cells[known].max()]
        labels = [f"{low} … {high}" for low, high in pairwise(map(column.text, bounds))]
    else:
        codes = np.minimum(np.where(known, cells, 0), GROUPS).astype(np.intp)
        labels = [*column.categories[:GROUPS], "other levels"]
    rows = [(label, np.flatnonzero(known & (codes == code))) for code, label in enumerate(labels)]
    rows.append(("missing", np.flatnonzero(~known)))
    return [(label, members) for label, members in rows if len(members) >= FEWEST_ROWS]


def _place(
    column: Feature, label: str, rows: IntArray, weights: FloatArray, mean: FloatArray
) -> dict[str, Any]:
    here = weights[rows].mean(axis=0)
    teacher = int(np.argmax(here - mean))
    return {
        "column": column.name,
        "cells": label,
        "rows": len(rows),
        "teacher": teacher,
        "weight": round(float(here[teacher]), 4),
        "mean_weight": round(float(mean[teacher]), 4),
    }
