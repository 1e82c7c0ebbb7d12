"""Mixup: rows between two real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd_defaults.augmenters.columns import rebuild
from hpmkd_defaults.settings_types import Positive

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


class Mixup:
    """Puts each new row somewhere on the way from one real row to another, drawn at random.

    Columns that are really continuous get the convex combination, the share of the first row
    drawn per row from Beta(a, a); all others, and cells that are missing in either row, come
    from one of the two, from the first with the probability of its share.

    Parameters
    ----------
    a : float
        Small values keep new rows close to one of their two, 1 spreads them evenly; > 0.

    References
    ----------
    Zhang, Cissé, Dauphin and Lopez-Paz (2018), mixup: Beyond empirical risk minimization.
    Here only rows are mixed: the teachers label them.
    """

    def __init__(self, *, a: Positive = 1.0) -> None:
        self.a = a

    def rows(self, table: Any, n: int, rng: np.random.Generator) -> Any:
        """Return a table of `n` new rows with the columns and dtypes of `table`."""
        first = np.resize(rng.permutation(table.shape[0]), n)
        second = rng.integers(0, table.shape[0], n)
        share = rng.beta(self.a, self.a, n)

        def choose() -> IntArray:
            return np.where(rng.random(n) < share, first, second)

        def blend(cells: FloatArray) -> FloatArray:
            one, other = cells[first], cells[second]
            mixed = share * one + (1.0 - share) * other
            return np.where(np.isnan(mixed), cells[choose()], mixed)

        return rebuild(table, choose, blend)
