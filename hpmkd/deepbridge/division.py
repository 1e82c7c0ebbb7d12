"""Which rows are learned from, and which are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from hpmkd.data import tables
from hpmkd.data.seeds import as_seed
from hpmkd.errors import RecipeError

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


def check_division(test_size: Any, random_state: Any = None) -> None:
    """Refuse a division that cannot be; None stands for nothing said.

    Raises
    ------
    RecipeError
        If the size is no share, or the state is no seed.
    """
    if test_size is not None and not is_share(test_size):
        raise RecipeError(f"test_size: got {test_size!r}; expected a share between 0 and 1")
    if random_state is not None:
        as_seed(random_state, "random_state")


def is_share(value: Any) -> bool:
    """Return whether a value is a number between 0 and 1."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1
