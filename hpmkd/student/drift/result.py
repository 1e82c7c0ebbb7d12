"""What a comparison with the training rows finds, column by column.

The population stability index of a column with the shares p of its bins in training and q in a
table is ``psi = sum((q - p) ln(q / p))``, over .1 by custom a moderate and over .25 a large shift
(N. Siddiqi, *Credit Risk Scorecards*, Wiley 2006; it is the symmetric divergence of Kullback and
Leibler 1951). Without any drift it is not 0 but, times 1 / (1 / n + 1 / m) for n training rows and
m others, distributed as chi squared with one degree of freedom fewer than there are bins
(B. Yurdakul, *Statistical Properties of Population Stability Index*, Western Michigan University
2018): of twelve bins, 40 rows reach .25 by chance. So a shift counts if it is also larger than
chance makes it. Of tables that were drawn from the same rows, one column in 1,000 at most was taken
for shifted, at 10 to 1,000 rows of 2 to 22 bins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The customary marks of the index.
MODERATE, LARGE = 0.1, 0.25
#: A column holds more cells beyond training than usual if their share exceeds the usual one by so
#: much.
UNUSUAL = 0.05
# How rare a deviation by chance must be, 1 in 10,000, as a quantile of the standard normal
# distribution and as a logarithm. Bins of few rows deviate more often, up to ten times.
_QUANTILE, _RARE = 3.719, math.log(10_000)

Shift = Literal["none", "moderate", "large"]


@dataclass(frozen=True)
class ColumnDrift:
    """One column of a table against the training rows.

    Parameters
    ----------
    psi : float
        Population stability index, >= 0.
    chance : float
        What it seldom exceeds (1 in 1,000) in tables of as many rows without drift, > 0.
    missing, unseen, outside : int
        Cells that are missing, hold a level that training did not show, or a number outside of
        its range there.
    share : float
        Of all these, among the cells; 0 to 1.
    usual : float
        What to expect of that share: that of the training rows; 0 to 1.
    unusual : bool
        Whether `share` exceeds `usual` by more than .05, and by more than chance explains.
    """

    psi: float
    chance: float
    missing: int
    unseen: int
    outside: int
    share: float
    usual: float
    unusual: bool

    @property
    def shift(self) -> Shift:
        """``"large"`` or ``"moderate"`` if the index is over .25 or .1, and over chance."""
        if self.psi <= max(MODERATE, self.chance):
            return "none"
        return "large" if self.psi > LARGE else "moderate"


@dataclass(frozen=True)
class Drift(Mapping[str, ColumnDrift]):
    """A table against the training rows of a student: a mapping of columns.

    Parameters
    ----------
    rows : int
        Of the table.
    columns : mapping of str to ColumnDrift
        In the order of the student's columns.
    """

    rows: int
    columns: Mapping[str, ColumnDrift]

    def __getitem__(self, name: str) -> ColumnDrift:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def psi(self) -> dict[str, float]:
        """Population stability index by column."""
        return {name: column.psi for name, column in self.items()}

    def to_mapping(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        columns = {name: {**asdict(column), "shift": column.shift} for name, column in self.items()}
        return {"rows": self.rows, "columns": columns, "hint": self.hint}

    @property
    def hint(self) -> str:
        """What to do, in a sentence: ``distil again`` once a column has shifted strongly."""
        large, moderate = (
            [name for name, column in self.items() if column.shift == shift]
            for shift in ("large", "moderate")
        )
        if large:
            return f"{_counted(large, self)} shifted strongly (PSI over {LARGE}): distil again"
        if moderate:
            return f"{_counted(moderate, self)} shifted (PSI over {MODERATE}): keep an eye on it"
        return f"none of {len(self)} columns shifted: the student still fits"


def index(shares: NDArray[np.float64], n_training: int, counts: NDArray[np.intp]) -> float:
    """Return the population stability index.

    Parameters
    ----------
    shares : ndarray of shape (bins,)
        Of the training rows.
    n_training : int
        How many these were: where one of them more might have been, half a one is taken for none.
    counts : ndarray of shape (bins,)
        Rows of the table. Half a row per bin is added, spread as the training rows are, so that
        no share is 0, an empty bin counts for what it is worth, and a table without rows has not
        drifted.
    """
    filled = (shares > 0) | (counts > 0)
    expected = np.maximum(shares[filled], 0.5 / n_training)
    expected /= expected.sum()
    added = len(expected) / 2
    observed = (counts[filled] + added * expected) / (counts.sum() + added)
    return float(np.sum((observed - expected) * np.log(observed / expected)))


def chance(bins: int, n_training: int, n: int) -> float:
    """Return the index that tables without drift seldom exceed (Yurdakul 2018).

    Parameters
    ----------
    bins : int
        That are not empty in training, >= 1.
    n_training, n : int
        Rows; no row counts as one.
    """
    freedom = max(bins - 1, 1)
    spread = 2 / (9 * freedom)  # Wilson and Hilferty 1931: the cube root is nearly normal
    quantile = freedom * (1 - spread + _QUANTILE * math.sqrt(spread)) ** 3
    return quantile * (1 / n_training + 1 / max(n, 1))


def is_unusual(count: int, n: int, usual: float, n_training: int) -> bool:
    """Return whether a share of n cells is clearly larger than that of the training rows.

    Clearly by the deviance of two Poisson counts of one rate, because few training rows show little
    about rare cells.
    """
    if count <= (usual + UNUSUAL) * n:
        return False
    known = usual * n_training
    rate = (count + known) / (n + n_training)
    of_known = known * math.log(known / (n_training * rate)) if known else 0.0
    return count * math.log(count / (n * rate)) + of_known > _RARE


def _counted(names: list[str], columns: Mapping[str, ColumnDrift]) -> str:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{len(names)} of {len(columns)} columns ({shown})"
