"""Gates: a step is kept only where the selection rows say that it pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import Trial


@dataclass(frozen=True)
class Gate:
    """A step that is taken only where the selection rows say that it pays.

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


def gate(name: str, before: Trial, after: Trial) -> Gate:
    """Compare two trials row by row: taken if better by more than one standard error.

    The rule of one standard error (Breiman et al. 1984, section 3.4.3), on paired rows.
    """
    if after.failure is not None:
        return Gate(name, False, after.failure)
    gain = before.row_losses - after.row_losses
    mean = float(gain.mean())
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else float("inf")
    passed = mean > error
    than = "more" if passed else "no more"
    reason = (
        f"log loss of the selection rows changes by {-mean:+.4f}: better by {than} than the "
        f"standard error of {error:.4f}"
    )
    return Gate(name, passed, reason)


def of_fuser(name: str, summary: Mapping[str, Any]) -> list[Gate]:
    """Return the gate that a fuser tells of in its summary; none if it has none."""
    told = summary.get("gate")
    return [] if told is None else [Gate(name, told["accepted"], told["reason"])]
