"""The similarity of data sets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.values import DataFacts

#: A share of noise counts so much more than a power of ten of rows: it seldom reaches a half.
NOISE = 4.0
#: By so much the balance of a part of a data set may differ from that of another part.
BALANCE = 0.05


def distance(one: DataFacts, other: DataFacts) -> float:
    """Return how far two data sets are from each other; 0 for equal facts.

    The Euclidean distance of the decimal logarithms of rows, columns and classes, of the
    balance, and of four times the noise. So ten times the rows count as much as a quarter of
    all labels being noise. Unknown noise is taken to be the same.
    """
    known = one.noise is not None and other.noise is not None
    return math.hypot(
        math.log10(one.n_rows / other.n_rows),
        math.log10(one.n_columns / other.n_columns),
        math.log10(one.n_classes / other.n_classes),
        one.balance - other.balance,
        NOISE * ((one.noise or 0.0) - (other.noise or 0.0)) if known else 0.0,
    )


def weight(one: DataFacts, other: DataFacts) -> float:
    """Return how much what is known of one data set counts for another, in (0, 1]."""
    return math.exp(-distance(one, other))


def may_be_the_same(one: DataFacts, other: DataFacts) -> bool:
    """Return whether both may be the very same data, with other rows or another division.

    The digest of other rows is another. So two count as the same if they have as many columns, as
    many classes, and nearly the same balance of these.
    """
    return (
        one.n_columns == other.n_columns
        and one.n_classes == other.n_classes
        and abs(one.balance - other.balance) <= BALANCE
    )
