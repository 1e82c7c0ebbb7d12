"""What the current student predicts, for fusers that use it: each row by a model new to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpmkd.data import tables

if TYPE_CHECKING:
    from hpmkd.knowledge.predictions import CrossFittedPredictions
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class StudentState:
    """Probabilities of the best student so far; all None where no fuser uses them.

    A teacher's predictions are kept in the same way, for the same rows.
    """

    #: Of it alone, by its models without one fold.
    predictions: CrossFittedPredictions | None = None
    #: By fold, (n, K) of the rows outside it, by models that have seen no label of the fold
    #: either. Needed where teachers are fitted without pairs of folds.
    outside: Mapping[int, FloatArray] = field(default_factory=dict)

    def of(self, rows: IntArray, held: int | None = None) -> FloatArray | None:
        """Return what it predicts of training rows by number, out of fold.

        Where `held` is a fold, the rows are all outside it, and no model has seen it.
        """
        if self.predictions is None:
            return None
        if held is not None:
            return self.outside[held]
        return tables.frozen(self.predictions.out_of_fold()[0][rows])

    def extra(self, held: int | None = None) -> FloatArray | None:
        """Return what it predicts of the rows without labels, as teachers do."""
        return self._only(None if self.predictions is None else self.predictions.extra(held))

    def made(self, held: int) -> FloatArray | None:
        """Return what it predicts of the rows made without those of a fold."""
        return self._only(None if self.predictions is None else self.predictions.made(held))

    def test(self) -> FloatArray | None:
        """Return what it predicts of the test rows."""
        return None if self.predictions is None else self.predictions.test()[0]

    def _only(self, predicted: FloatArray | None) -> FloatArray | None:
        return None if predicted is None else predicted[0]
