"""What becomes of probabilities where a class has to be named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decisions:
    """How well one of two classes is recognised, on some rows.

    Parameters
    ----------
    recall : float
        Share of its rows in which it is named.
    precision : float
        Share of the rows in which it is named that are its own; 0 if it is never named.
    score : float
        What the threshold is chosen by: F1, of which more is better, or the mean cost.
    """

    recall: float
    precision: float
    score: float


@dataclass(frozen=True)
class Threshold:
    """From which probability on the rarer of two classes is best named, on selection rows.

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
        What comes of naming the more probable class, and of the best threshold.
    """

    label: bool | int | float | str
    share: float
    best: float
    score: str
    at_half: Decisions
    at_best: Decisions
