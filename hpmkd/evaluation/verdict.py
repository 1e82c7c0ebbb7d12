"""Did distilling pay, and why? The student against its controls, on test rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation import verdict_texts as texts
from hpmkd.evaluation.bootstrap import Conclusion, Difference, difference
from hpmkd.evaluation.gates import LossComparison
from hpmkd.evaluation.scores import best_temperature

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

STUDENT, HARD, TWIN, OWN = texts.STUDENT, texts.HARD, texts.TWIN, texts.OWN
TEACHER, CLASS_SHARES = texts.TEACHER, texts.CLASS_SHARES


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
        Log loss at that temperature: a diagnosis, for the temperature has seen the rows.
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
class Verdict:
    """Whether distilling paid in a run, and why.

    Parameters
    ----------
    outcome : {"pays", "no difference", "hurts"}
        "pays" if the interval lies below 0 and the gain over repeated selection is at least one
        standard error; "hurts" if the interval lies above 0.
    delta_log_loss : float
        Student minus the best hard student, in nats per test row; below 0 the student is better.
    interval : (float, float)
        95 % bootstrap interval of that difference over test rows.
    regime : str
        "self", "external" or "leaking".
    sentence : str
        What to ship, what the teacher was worth, and what size buys.
    shipped, control : str
        What ships and the best hard student, as the leaderboard calls them.
    searched : Searched
        How many candidates of either kind were compared.
    repeated : LossComparison or None
        Gain of choosing among all candidates over choosing among the hard ones, on selection
        rows, with its standard error over repeated selection; None where it is not known.
    arms : tuple of Arm
        Student and controls.
    comparisons : tuple of Comparison
        The student against each control; none if it is its own control.
    warnings : tuple of str
        Whom the student is worse than: the best hard student, the class shares, teachers.
    notes : tuple of str
        The warnings first; then what follows from the comparisons: knowledge or calibration,
        teacher or smoothing, luck or not.
    """

    outcome: Conclusion
    delta_log_loss: float
    interval: tuple[float, float]
    regime: str
    sentence: str
    shipped: str
    control: str
    searched: Searched
    repeated: LossComparison | None = None
    arms: tuple[Arm, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return the content of ``verdict.json``."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Verdict:
        """Read it back; a wrong one raises a msgspec.ValidationError."""
        return msgspec.convert(mapping, cls)


def judge(
    arms: Mapping[str, FloatArray],
    labels: IntArray,
    *,
    shipped: str,
    control: str,
    is_control: bool,
    regime: str,
    repeated: LossComparison | None,
    searched: Searched,
    rivals: Mapping[str, FloatArray],
    sizes: Mapping[str, float],
    seed: int,
) -> Verdict:
    """Compare what ships with the best hard student and the other controls, row by row.

    Parameters
    ----------
    arms : mapping of str to ndarray of shape (m, K)
        Probabilities of the test rows by "student" and "best hard student", and, where there are
        such, "hard twin" and "own labels".
    labels : ndarray of shape (m,)
        Class codes of the test rows.
    shipped, control : str
        Names of the first two on the leaderboard.
    is_control : bool
        Whether these are the same: no student that learned from a teacher was better.
    regime : str
        Where the teachers' knowledge comes from.
    repeated : LossComparison or None
        Of :func:`~hpmkd.evaluation.repeated_selection.repeated_gain`; None if the rows are too
        few, so that nothing can pay.
    searched : Searched
        How many candidates of either kind were compared.
    rivals : mapping of str to ndarray of shape (m, K)
        Of the "class shares" and the fused "teacher", and of each member of a panel by its name;
        those that are known.
    sizes : mapping of str to float
        Bytes of "student", "control" and "teacher"; those that are known.
    seed : int
        Of the bootstrap.
    """
    measured = {name: _Measured.of(name, predicted, labels) for name, predicted in arms.items()}
    student, hard = measured[STUDENT], measured[HARD]
    plain = difference(student.losses, hard.losses, seed)
    if repeated is not None and not math.isfinite(repeated.standard_error):
        repeated = None
    compared = tuple(
        Comparison(
            name,
            difference(student.losses, each.losses, seed),
            difference(student.calibrated, each.calibrated, seed),
        )
        for name, each in measured.items()
        if name != STUDENT and not is_control
    )
    against = {
        name: difference(student.losses, row_losses(predicted, labels), seed)
        for name, predicted in rivals.items()
    }
    outcome = _outcome(plain.outcome, is_control, repeated)
    ship = texts.to_ship(
        outcome,
        plain,
        texts.Named(shipped, student.arm.log_loss, sizes.get("student")),
        texts.Named(control, hard.arm.log_loss, sizes.get("control")),
        n_rows=len(labels),
        is_control=is_control,
        any_soft=searched.soft > 0,
    )
    warnings = tuple(texts.warnings(plain, against))
    notes = [*warnings, texts.of_search(searched)]
    if not is_control:
        notes += [texts.of_repeated(plain, repeated), *map(texts.of_comparison, compared)]
    return Verdict(
        outcome=outcome,
        delta_log_loss=plain.delta_log_loss,
        interval=plain.interval,
        regime=regime,
        sentence=" ".join([ship, *texts.of_teacher(against.get(TEACHER), sizes)]),
        shipped=shipped,
        control=control,
        searched=searched,
        repeated=repeated,
        arms=tuple(each.arm for each in measured.values()),
        comparisons=compared,
        warnings=warnings,
        notes=tuple(notes),
    )


def _outcome(plain: Conclusion, is_control: bool, repeated: LossComparison | None) -> Conclusion:
    """Return what both tests agree on; the interval alone says that it hurts."""
    if is_control:
        return "no difference"
    return plain if plain != "pays" or texts.holds(repeated) else "no difference"


@dataclass(frozen=True)
class _Measured:
    arm: Arm
    losses: FloatArray
    calibrated: FloatArray

    @classmethod
    def of(cls, name: str, predicted: FloatArray, labels: IntArray) -> _Measured:
        from hpmkd.kernels import soften

        temperature = best_temperature(predicted, labels)
        losses, calibrated = (
            row_losses(predicted, labels),
            row_losses(soften(predicted, temperature), labels),
        )
        arm = Arm(name, float(losses.mean()), temperature, float(calibrated.mean()))
        return cls(arm, losses, calibrated)
