"""Whether weights per row pay: a comparison on rows that neither side was fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.evaluation.gates import compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpmkd.values import FloatArray, IntArray

FOLDS = 5
#: Below, one standard error is itself a guess, and the attention would be too.
FEWEST_ROWS = 100


@dataclass(frozen=True)
class AttentionGate:
    """The outcome.

    Parameters
    ----------
    accepted : bool
        Whether weights per row are used.
    reason : str
        Why, in one sentence.
    gain : float or None
        Mean cross-validated log loss of the static pool minus that of attention, in nats;
        None if it was not measured.
    standard_error : float or None
        Of the gain, over the rows.
    """

    accepted: bool
    reason: str
    gain: float | None = None
    standard_error: float | None = None

    @classmethod
    def of_too_little(cls, n_rows: int, n_members: int) -> AttentionGate | None:
        """Return the refusal where there is too little to compare; None where there is enough."""
        if n_rows < FEWEST_ROWS:
            return cls(False, f"not tried: fewer than {FEWEST_ROWS} rows")
        return cls(False, "not tried: one teacher") if n_members == 1 else None

    @classmethod
    def compare(
        cls,
        static: FloatArray,
        attended: FloatArray,
        gated: bool = True,
        weights: FloatArray | None = None,
    ) -> AttentionGate:
        """Accept attention if it gains more than one standard error.

        Parameters
        ----------
        static, attended : ndarray of shape (n,)
            Cross-validated log loss of each row, n >= 2.
        gated : bool
            False accepts it at any gain.
        weights : ndarray of shape (n,), optional
            Of the rows.
        """
        found = compare(static, attended, weights)
        gain, error = found.gain, found.standard_error
        comparison = f"log loss changes by {-gain:+.5f} ± {error:.5f} from the static pool's"
        if not gated:
            return cls(True, f"not gated; {comparison}", gain, error)
        gained = "more" if found.passed else "not more"
        reason = f"{comparison}: a gain of {gained} than one standard error"
        return cls(found.passed, reason, gain, error)

    def summary(self) -> Mapping[str, Any]:
        """Return the outcome as plain values."""
        return {
            "accepted": self.accepted,
            "reason": self.reason,
            "gain": self.gain,
            "standard_error": self.standard_error,
        }


def folds(labels: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield row numbers to fit on and to compare on, five times; each keeps the classes' shares.

    Dealt out in the order of class and row, so it needs no seed.
    """
    fold = np.empty(len(labels), dtype=np.intp)
    fold[np.argsort(labels, kind="stable")] = np.arange(len(labels)) % FOLDS
    for each in range(FOLDS):
        yield np.flatnonzero(fold != each), np.flatnonzero(fold == each)
