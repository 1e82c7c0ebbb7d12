"""Munge: real rows whose cells move towards their nearest neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd_defaults.augmenters.columns import rebuild
from hpmkd_defaults.augmenters.nearest import nearest_other
from hpmkd_defaults.settings_types import Natural, Positive, Probability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.values import DataFacts, FloatArray, IntArray


class Munge:
    """Makes rows near real ones, where the teachers still know something.

    Each new row starts from a real one; every real row is used before any is used again.
    Each cell is, with probability `p`, replaced: by a draw from a normal distribution around
    the nearest neighbour's value, its deviation the difference over `s`, in columns that are
    really continuous; by the neighbour's own cell, missing ones too, in all others. Draws are
    kept in the range of their column.

    Parameters
    ----------
    p : float
        Probability that a cell is replaced, in [0, 1].
    s : float
        Larger is closer to the neighbour's value, > 0.
    pool : int
        Rows among which neighbours are looked for at most: beyond 4000, students do not get
        better. 0 for all.

    References
    ----------
    Bucilă, Caruana and Niculescu-Mizil (2006), Model compression, section 3.3.
    """

    def __init__(self, *, p: Probability = 0.5, s: Positive = 1.0, pool: Natural = 4000) -> None:
        self.p, self.s, self.pool = p, s, pool

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        among = f"neighbours of made rows are looked for among {self.pool} rows"
        return {"pool": among} if 0 < self.pool < facts.n_rows else {}

    def rows(self, table: Any, n: int, rng: np.random.Generator) -> Any:
        """Return a table of `n` new rows with the columns and dtypes of `table`."""
        starts = np.resize(rng.permutation(table.shape[0]), n)
        used, at = np.unique(starts, return_inverse=True)
        near = nearest_other(table, used, rng, self.pool)[at]

        def choose() -> IntArray:
            return np.where(rng.random(n) < self.p, near, starts)

        def blend(cells: FloatArray) -> FloatArray:
            own, other = cells[starts], cells[near]
            drawn = rng.normal(other, np.nan_to_num(np.abs(own - other)) / self.s)
            # Where the row's own cell is missing there is no difference: the other is copied.
            drawn = drawn.clip(np.nanmin(cells), np.nanmax(cells))
            return np.where(rng.random(n) < self.p, drawn, own)

        return rebuild(table, choose, blend)
