"""Which rows are learned from, and which are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd import splits, tables
from hpmkd.errors import DataError
from hpmkd.seeds import Seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class Division:
    """The rows to learn from and those to measure on.

    Parameters
    ----------
    X_train, X_test : DataFrame or ndarray
        Raw rows.
    y_train, y_test : ndarray
        Their labels.
    given_train, given_test : ndarray of shape (n, K) or None
        Probabilities that came with them.
    """

    X_train: Any
    y_train: NDArray[Any]
    X_test: Any
    y_test: NDArray[Any]
    given_train: FloatArray | None
    given_test: FloatArray | None

    @classmethod
    def of(
        cls,
        X: Any,
        y: NDArray[Any],
        given: FloatArray | None,
        train: IntArray,
        test: IntArray,
    ) -> Division:
        """Divide rows by their numbers; `given` may be of the first of them alone."""
        whole = given is not None and len(given) == len(y)
        return cls(
            tables.take(X, train),
            y[train],
            tables.take(X, test),
            y[test],
            None if given is None else given[train],
            given[test] if given is not None and whole else None,
        )


def divide(codes: IntArray, test_size: float, seed: int) -> tuple[IntArray, IntArray]:
    """Return the rows to learn from and those to measure on, divided class by class.

    Raises
    ------
    DataError
        If too few rows are left to measure on.
    """
    # The very rows that hpmkd.distill keeps for the test with this seed.
    train, test = splits.holdout(codes, test_size, Seeds.spawn(seed).test)
    if len(test) == 0:
        raise DataError(
            f"got {len(codes)} rows, too few to keep {test_size:.0%} for the test; hand in "
            "train_data and test_data"
        )
    return train, test
