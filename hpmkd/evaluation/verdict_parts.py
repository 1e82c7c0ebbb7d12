"""Parts of a verdict: its comparisons, and how carefully the run searched."""

from __future__ import annotations

from dataclasses import dataclass

from hpmkd.evaluation.bootstrap import Difference


@dataclass(frozen=True)
class Arm:
    """One of the students that a verdict compares.

    Parameters
    ----------
    name : {"student", "best hard student", "hard twin", "own labels"}
        What ships; the control, the best of any family on hard labels; the best of the shipped
        family on hard labels; the shipped configuration fitted to a hard student instead of the
        teachers.
    log_loss : float
        On the test rows, in nats.
    temperature : float
        The one that suits its test rows best.
    calibrated_log_loss : float
        Log loss at that temperature: a diagnosis, as the temperature has seen the rows.
    """

    name: str
    log_loss: float
    temperature: float
    calibrated_log_loss: float


@dataclass(frozen=True)
class Comparison:
    """The student against one control.

    Parameters
    ----------
    against : str
        Name of the control's arm.
    plain : Difference
        Of the log losses as they are.
    calibrated : Difference
        Of the log losses with the best temperature for each.
    """

    against: str
    plain: Difference
    calibrated: Difference


@dataclass(frozen=True)
class Searched:
    """How carefully a run searched; candidates that a race dropped count as well.

    Parameters
    ----------
    soft, hard : int
        Candidates that learned from a teacher, and on hard labels alone.
    folds : int
        Folds of the selection; 1 is a single holdout.
    """

    soft: int
    hard: int
    folds: int


@dataclass(frozen=True)
class MetricVerdict:
    """The student against the best hard student, by another metric than log loss.

    Parameters
    ----------
    metric : str
        As it is typed, e.g. ``auc``.
    student, control : float
        On the test rows, as people read it: of AUC, accuracy and F1 more is better.
    change : float
        Student minus control.
    interval : (float, float)
        95 % interval of it over test rows.
    """

    metric: str
    student: float
    control: float
    change: float
    interval: tuple[float, float]
