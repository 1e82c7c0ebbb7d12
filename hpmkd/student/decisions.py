"""Which class is named: the most probable one, or one of two from a threshold on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError

#: The entry of a student's facts with the threshold that suits the rarer of its two classes: its
#: ``class``, the ``best`` probability, and what that is best ``by``.
THRESHOLD = "threshold"
#: What is typed for it.
BEST = "best"


class DecisionRule(NamedTuple):
    """The probability from which on one of two classes is named."""

    code: int
    value: float

    def codes(self, probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the class codes (n,) of probabilities (n, 2)."""
        named = probabilities[:, self.code] >= self.value
        return np.where(named, self.code, 1 - self.code)


def threshold_of(
    given: float | str, classes: NDArray[Any], facts: Mapping[str, Any]
) -> DecisionRule:
    """Return a threshold of the class that a student's file names, else of the second.

    Parameters
    ----------
    given : float or "best"
        The probability, in [0, 1], or the one in the file.
    classes : ndarray of shape (K,)
        The student's labels.
    facts : mapping
        Its facts.

    Raises
    ------
    DataError
        If there are not two classes, it is not a probability, or the file has none.
    """
    if len(classes) != 2:
        raise DataError(
            f"threshold: got {given!r} for a student of {len(classes)} classes; expected one of "
            "two: leave it out, and the most probable class is named"
        )
    kept = facts.get(THRESHOLD)
    kept = kept if isinstance(kept, Mapping) else {}
    labels = classes.tolist()
    code = labels.index(kept["class"]) if kept.get("class") in labels else 1
    value = kept.get("best") if given == BEST else given
    if given == BEST and value is None:
        raise DataError(
            "threshold: got 'best', but the student's file holds none: a run keeps one where a "
            "class has less than a fifth of the rows, or its metric is f1 or a cost. Give a "
            "number from 0 to 1"
        )
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)):
        raise DataError(f"threshold: got {value!r}; expected a number from 0 to 1, or 'best'")
    if not 0 <= value <= 1:
        raise DataError(f"threshold: got {value!r}; expected a probability, from 0 to 1")
    return DecisionRule(code, float(value))
