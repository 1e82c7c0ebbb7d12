"""The guard around what makes new rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpmkd import contracts
from hpmkd.data.raw_rows import infinite_cells
from hpmkd.registry.validation.base import Guard

if TYPE_CHECKING:
    import numpy as np


class AugmenterGuard(Guard):
    """Checks that new rows are like those given: type, shape, columns, dtypes, finite cells."""

    contract = contracts.Augmenter

    def rows(self, table: Any, n: int, rng: np.random.Generator) -> Any:
        """Make rows."""
        with self.culprit.blamed("failed in rows"):
            # A frame cannot be made read-only, and what is written into these rows would be
            # what teachers and students are fitted to.
            own = table.copy() if hasattr(table, "iloc") else table
            made = self.component.rows(own, n, rng)
            _check(made, table, n)
        return made


def _check(made: Any, table: Any, n: int) -> None:
    if type(made) is not type(table):
        raise TypeError(f"returned a {type(made).__name__}; expected a {type(table).__name__}")
    if made.ndim != 2 or made.shape[0] > n or made.shape[1] != table.shape[1]:
        raise ValueError(
            f"returned shape {made.shape}; expected at most {n} rows and {table.shape[1]} columns"
        )
    if hasattr(table, "columns") and list(made.columns) != list(table.columns):
        raise ValueError("returned other columns, or in another order, than it was given")
    for name, was, now in _dtypes(made, table):
        if was != now:
            raise TypeError(f"returned {name} as {now}; expected {was}, as it was given")
    if infinite := infinite_cells(made):
        raise ValueError(f"returned rows where {infinite}; expected finite ones, or NaN")


def _dtypes(made: Any, table: Any) -> list[tuple[str, Any, Any]]:
    if hasattr(table, "columns"):
        return list(zip(table.columns, table.dtypes, made.dtypes, strict=True))
    return [("an array", table.dtype, made.dtype)]
