"""Did distilling pay, and why? The student against its controls, on test rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.bootstrap import Conclusion, Difference, difference
from hpmkd.evaluation.scores import best_temperature

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: The arms: the shipped student; the best student of its stage on hard labels; the shipped
#: configuration fitted to that one instead of the teachers: it separates knowledge from smoothing.
STUDENT, HARD, OWN = "student", "hard labels", "own labels"
LEADS: Mapping[Conclusion, str] = {
    "pays": "Distilling pays for the {} student",
    "no difference": "Distilling makes no difference for the {} student",
    "hurts": "Distilling hurts the {} student",
}


@dataclass(frozen=True)
class Arm:
    """One of the students that a verdict compares.

    Parameters
    ----------
    name : {"student", "hard labels", "own labels"}
        The shipped student; the best of its stage on hard labels; the shipped configuration
        fitted to the hard student instead of the teachers.
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
class Verdict:
    """Whether distilling paid in a run, and why.

    Parameters
    ----------
    outcome : {"pays", "no difference", "hurts"}
        Whether the interval lies below 0, holds 0, or lies above it.
    delta_log_loss : float
        Student minus the control on hard labels, in nats per test row; below 0 the student
        is better.
    interval : (float, float)
        95 % bootstrap interval of that difference over test rows.
    regime : str
        "self", "external" or "leaking".
    sentence : str
        The verdict for people.
    arms : tuple of Arm
        Student and controls.
    comparisons : tuple of Comparison
        The student against each control; none if it is its own control.
    notes : tuple of str
        What follows from the comparisons: knowledge or calibration, teacher or smoothing.
    """

    outcome: Conclusion
    delta_log_loss: float
    interval: tuple[float, float]
    regime: str
    sentence: str
    arms: tuple[Arm, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return the content of ``verdict.json``."""
        plain = {key: value for key, value in vars(self).items() if key not in ("arms", "notes")}
        compared = [
            {
                "against": each.against,
                "plain": each.plain.to_mapping(),
                "calibrated": each.calibrated.to_mapping(),
            }
            for each in self.comparisons
        ]
        arms = [asdict(arm) for arm in self.arms]
        more = {"arms": arms, "comparisons": compared, "notes": list(self.notes)}
        return {**plain, "interval": list(self.interval), **more}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Verdict:
        """Read it back."""
        compared = tuple(
            Comparison(
                each["against"],
                Difference.from_mapping(each["plain"]),
                Difference.from_mapping(each["calibrated"]),
            )
            for each in mapping["comparisons"]
        )
        return cls(
            **{
                **mapping,
                "interval": tuple(mapping["interval"]),
                "arms": tuple(Arm(**each) for each in mapping["arms"]),
                "comparisons": compared,
                "notes": tuple(mapping["notes"]),
            }
        )


def judge(
    arms: Mapping[str, FloatArray],
    labels: IntArray,
    *,
    stage: str,
    is_control: bool,
    regime: str,
    seed: int,
) -> Verdict:
    """Compare a student with its controls, row by row.

    The arms' probabilities (m, K) are of the test rows. A student that learns from no teacher is
    its own control (`is_control`).
    """
    measured = {name: _Measured.of(name, predicted, labels) for name, predicted in arms.items()}
    student, hard = measured[STUDENT], measured[HARD]
    plain = difference(student.losses, hard.losses, seed)
    found = (
        f"log loss {plain} against the same student on hard labels, over {len(labels)} test rows"
    )
    if is_control:
        found = "the selection rows chose hard labels, so the student is its own control"
    compared = tuple(
        Comparison(
            name,
            difference(student.losses, each.losses, seed),
            difference(student.calibrated, each.calibrated, seed),
        )
        for name, each in measured.items()
        if name != STUDENT and not is_control
    )
    return Verdict(
        outcome=plain.outcome,
        delta_log_loss=plain.delta_log_loss,
        interval=plain.interval,
        regime=regime,
        sentence=f"{LEADS[plain.outcome].format(stage)} ({regime} regime): {found}.",
        arms=tuple(each.arm for each in measured.values()),
        comparisons=compared,
        notes=tuple(note for each in compared for note in _notes(each)),
    )


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


def _notes(compared: Comparison) -> Iterator[str]:
    plain, calibrated = compared.plain.outcome, compared.calibrated.outcome
    if compared.against == HARD:
        why = ""
        if plain == "pays":
            why = ": mostly calibration" if calibrated != "pays" else ": not only calibration"
        elif calibrated != plain:
            why = f": then it {calibrated}" if calibrated != "no difference" else ": then none"
        yield f"With the best temperature for each: {compared.calibrated}{why}"
    if compared.against == OWN:
        why = {
            "pays": "the gain comes from the teacher, not from label smoothing",
            "no difference": "the test rows cannot tell the teacher from label smoothing",
            "hurts": "its own labels would have done better",
        }[plain]
        yield f"Against self-distillation: {compared.plain}: {why}"
