"""Gates: a step is taken only where it pays on rows that it was not fitted on.

Plugins may import this module: it needs nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.values import standard_error, weighted_mean

if TYPE_CHECKING:
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.values import FloatArray, Trial


@dataclass(frozen=True)
class LossComparison:
    """What a step gains on rows that were evaluated without it and with it.

    Parameters
    ----------
    gain : float
        Mean loss without the step minus that with it, in nats; positive is better.
    standard_error : float
        Of the gain, over the rows; infinite for a single row, which decides nothing.
    """

    gain: float
    standard_error: float

    @property
    def passed(self) -> bool:
        """Whether the step gains more than one standard error.

        The rule of one standard error (Breiman et al. 1984, section 3.4.3), on paired rows.
        """
        return self.gain > self.standard_error


def compare(
    before: FloatArray, after: FloatArray, weights: FloatArray | None = None
) -> LossComparison:
    """Compare two ways of predicting the same rows, row by row.

    Parameters
    ----------
    before, after : ndarray of shape (n,)
        Loss of each row without the step and with it, in nats; n >= 1.
    weights : ndarray of shape (n,), optional
        How much each row counts, > 0; without them all count the same.
    """
    gains = before - after
    return LossComparison(weighted_mean(gains, weights), standard_error(gains, weights))


@dataclass(frozen=True)
class Gate:
    """A step that is taken only where it pays on the selection rows.

    Parameters
    ----------
    name : str
        Of the step.
    passed : bool
        Whether it was taken.
    reason : str
        With the numbers.
    """

    name: str
    passed: bool
    reason: str


def gate(name: str, before: Trial, after: Trial, metric: Metric) -> Gate:
    """Compare two trials on the selection rows by a metric; a failed one is not taken."""
    if after.failure is not None:
        return Gate(name, False, after.failure)
    found = compare(before.losses, after.losses, after.row_weights)
    how = "better by more than" if found.passed else "not better by more than"
    reason = (
        f"{metric.title} of the selection rows changes by {metric.change(-found.gain):+.4f}: {how} "
        f"one standard error, {found.standard_error:.4f}"
    )
    return Gate(name, found.passed, reason)


def gates_of_fuser(name: str, summary: Mapping[str, Any]) -> list[Gate]:
    """Return the gate in a fuser's summary; none if it has none."""
    found = summary.get("gate")
    return [] if found is None else [Gate(name, found["accepted"], found["reason"])]
