"""Decisions made from probabilities: which class is named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decisions:
    """How well one of two classes is recognised, on some rows.

    Parameters
    ----------
    recall : float
        Share of the rows of the class that are named as it.
    precision : float
        Share of the rows named as the class that belong to it; 0 if there are none.
    score : float
        What chooses the threshold: F1, where more is better, or the mean cost.
    """

    recall: float
    precision: float
    score: float


@dataclass(frozen=True)
class Threshold:
    """The probability from which the rarer of two classes is best named, on selection rows.

    Parameters
    ----------
    label : bool, int, float or str
        The rarer class.
    share : float
        Of its rows.
    best : float
        The probability, in [0, 1].
    score : {"F1", "cost"}
        What it is best by.
    at_half, at_best : Decisions
        Results of naming the more probable class, and of the best threshold.
    """

    label: bool | int | float | str
    share: float
    best: float
    score: str
    at_half: Decisions
    at_best: Decisions
