"""Limits of a query, checked before anything is written."""

from __future__ import annotations

import numpy as np

from hpmkd.errors import UnsupportedStudentError
from hpmkd.student import LinearEncoder, LinearModel, TreesModel
from hpmkd_defaults.exporters.sql.dialects import Dialect

#: The longest query, in bytes: older builds of SQLite read no longer ones.
MAX_BYTES = 1_000_000
#: A margin beyond it might overflow float32, which is an error in some databases.
LARGEST_MARGIN = 1e30
_SMALLER = "choose a smaller student, such as hpmkd pick RUN --max-size 5KB finds"


def check_width(width: int, dialect: Dialect) -> None:
    """Refuse a query whose subqueries have more columns than the database takes."""
    if width > dialect.max_columns:
        raise UnsupportedStudentError(
            f"the query for {dialect.title} would have {width:,} columns between its subqueries, "
            f"expected {dialect.max_columns:,} at most: {_SMALLER}"
        )


def check_length(text: str, dialect: Dialect) -> None:
    """Refuse a query that is too long."""
    n_bytes = len(text.encode())
    if n_bytes > MAX_BYTES:
        raise UnsupportedStudentError(
            f"the query for {dialect.title} would have {n_bytes:,} bytes, expected {MAX_BYTES:,} "
            f"at most: {_SMALLER}"
        )


def check_trees(model: TreesModel) -> None:
    """Refuse trees whose sums might overflow."""
    leaves = float(np.abs(model.leaf_values.astype(np.float64)).max(initial=0.0))
    _check_margin(leaves * model.n_trees + float(np.abs(model.base_margin).max(initial=0.0)))


def check_linear(encoder: LinearEncoder, model: LinearModel) -> None:
    """Refuse a linear margin that might overflow."""
    scaling, largest = encoder.scaling, np.ones(model.n_inputs)
    with np.errstate(over="ignore", invalid="ignore"):
        ends = np.abs(np.stack([scaling.lows, scaling.highs]) / scaling.scales)
        largest[: scaling.n_columns] = ends.max(axis=0) + np.abs(scaling.centers / scaling.scales)
        margins = largest @ np.abs(model.coefficients) + np.abs(model.intercept)
    _check_margin(float(margins.max()))


def _check_margin(largest: float) -> None:
    if not largest <= LARGEST_MARGIN:
        raise UnsupportedStudentError(
            f"a margin of the student may be {largest:.2g}, expected {LARGEST_MARGIN:g} at most: "
            "a database would stop where it overflows; the exporter 'json' can write it"
        )
