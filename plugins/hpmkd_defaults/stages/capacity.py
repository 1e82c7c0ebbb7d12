"""The size that a boosted student may have, by the numbers of rows, columns and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpmkd.values import DataFacts, Hyperparameter

#: Columns below which every tree sees all of them, and some of the rows.
FEW_COLUMNS = 8
#: Rows from which on more and larger trees still lower the loss.
MANY_ROWS, VERY_MANY_ROWS = 20_000, 80_000


@dataclass(frozen=True)
class Capacity:
    """The end of the space of the boosted stages, and the shares that they begin with.

    Parameters
    ----------
    n_rounds : int
        Limit of the rounds.
    max_leaves, max_depth : int
        Largest tree.
    vectors : bool
        Whether leaves that hold a vector are a choice.
    max_bin : int
        Bins of a column: on 2,000 rows as good as twice as many, for a fifth less of the time.
    subsample, colsample : float
        Shares of the rows and of the columns that a tree grows on, unless others are drawn. One
        source of chance is enough: columns, or rows where there are few columns.
    first_leaves : int
        Leaves of the trees that are tried first: small ones are the better members of a pool.
    """

    n_rounds: int = 320
    max_leaves: int = 32
    max_depth: int = 6
    vectors: bool = False
    max_bin: int = 128
    subsample: float = 1.0
    colsample: float = 0.7
    first_leaves: int = 8

    #: With more than two classes: no larger trees whose leaves are vectors were measured.
    VECTOR_LEAVES: ClassVar[int] = 30
    VECTOR_DEPTH: ClassVar[int] = 4

    @classmethod
    def of(cls, facts: DataFacts) -> Capacity:
        """Return what suits data of this size."""
        rounds, leaves, depth = cls.n_rounds, cls.max_leaves, cls.max_depth
        bins = cls.max_bin if facts.n_rows < MANY_ROWS else 256
        if facts.n_rows >= MANY_ROWS:
            rounds, leaves, depth = 640, 64, 7
        if facts.n_rows >= VERY_MANY_ROWS:
            rounds, leaves, depth = 1000, 128, 8
        vectors = facts.n_classes > 2
        if vectors:
            leaves, depth = cls.VECTOR_LEAVES, cls.VECTOR_DEPTH
        few = facts.n_columns < FEW_COLUMNS
        shares = (0.7, 1.0) if few else (cls.subsample, cls.colsample)
        first = cls.first_leaves
        if facts.n_rows >= MANY_ROWS:
            first = 16 if vectors else 32
        return cls(rounds, leaves, depth, vectors, bins, *shares, first)

    @property
    def portfolio(self) -> Sequence[Mapping[str, Hyperparameter]]:
        """Further settings known to work: K trees a round beside vectors; larger trees."""
        large: Mapping[str, Hyperparameter] = {"max_leaves": self.max_leaves}
        if not self.vectors:
            return [large, {"max_leaves": self.max_leaves // 2, "eta": 0.08}]
        return [
            {"multi_strategy": "one_output_per_tree"},
            {"max_leaves": self.max_leaves // 2, "eta": 0.08},
        ]

    @property
    def settings(self) -> Mapping[str, Hyperparameter]:
        """The defaults that it decides."""
        vectors = {"multi_strategy": "multi_output_tree"} if self.vectors else {}
        return {"subsample": self.subsample, "colsample_bytree": self.colsample, **vectors}
