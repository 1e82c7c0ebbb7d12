"""Did distilling pay, and why? The student against its controls, on test rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from hpmkd import html
from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation import verdict_texts as texts
from hpmkd.evaluation.bootstrap import Conclusion, difference
from hpmkd.evaluation.gates import LossComparison
from hpmkd.evaluation.metric_difference import by_rows, metric_difference
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.scores import best_temperature
from hpmkd.evaluation.shown import digits
from hpmkd.evaluation.verdict_parts import Arm, Comparison, MetricVerdict, Searched
from hpmkd.values import Threshold, weighted_mean

if TYPE_CHECKING:
    from hpmkd.evaluation.metric_difference import MetricDifference
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.values import FloatArray, IntArray

STUDENT, HARD, TWIN, OWN = texts.STUDENT, texts.HARD, texts.TWIN, texts.OWN
TEACHER, CLASS_SHARES = texts.TEACHER, texts.CLASS_SHARES


@dataclass(frozen=True)
class Verdict:
    """Whether distilling paid in a run, and why.

    Parameters
    ----------
    outcome : {"pays", "no difference", "hurts"}
        "pays" if the interval lies below 0 and the gain over repeated selection is at least one
        standard error; "hurts" if the interval lies above 0. By the metric of the run.
    delta_log_loss : float
        Student minus the best hard student, in nats per test row; below 0 the student is better.
    interval : (float, float)
        95 % bootstrap interval of that difference over test rows.
    regime : str
        "self", "external" or "leaking".
    sentence : str
        What to ship, and what the teacher and the size were worth.
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
    by_metric : MetricVerdict or None
        What decided instead of log loss; None where that is the metric.
    threshold : Threshold or None
        What the shipped student makes of the rarer of two classes on the selection rows, and from
        which probability on it is best named; None where it is not rare.
    stopped : str or None
        Why the teacher stopped after its first fold, so that no student had one; None where it
        did not.
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
    by_metric: MetricVerdict | None = None
    threshold: Threshold | None = None
    stopped: str | None = None

    def _repr_html_(self) -> str:
        """Return it as notebooks show it: the sentence, the notes, what was compared."""
        rows = [
            [each.name, digits(each.log_loss), digits(each.calibrated_log_loss)]
            for each in self.arms
        ]
        arms = html.table(["student", "log loss", "at the best temperature"], rows)
        parts = [html.paragraph(self.sentence, f"{self.outcome}."), html.bullets(self.notes)]
        return "".join([*parts, arms] if rows else parts)

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
    metric: Metric = LOG_LOSS,
    threshold: Threshold | None = None,
    weights: FloatArray | None = None,
    stopped: str | None = None,
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
        Of the "class shares" and the fused "teacher", and of each single teacher by its name;
        those that are known.
    sizes : mapping of str to float
        Bytes of "student", "control" and "teacher"; those that are known.
    seed : int
        Of the bootstrap.
    metric : Metric
        What decides; log loss is reported beside it.
    threshold : Threshold or None
        Of the shipped student.
    weights : ndarray of shape (m,), optional
        How much each test row counts, > 0; without them all count the same.
    stopped : str, optional
        Why the teacher stopped after its first fold.
    """
    measured = {
        name: _Measured.of(name, predicted, labels, weights) for name, predicted in arms.items()
    }
    student, hard = measured[STUDENT], measured[HARD]
    plain = difference(student.losses, hard.losses, seed, weights)
    if repeated is not None and not math.isfinite(repeated.standard_error):
        repeated = None
    compared = tuple(
        Comparison(
            name,
            difference(student.losses, each.losses, seed, weights),
            difference(student.calibrated, each.calibrated, seed, weights),
        )
        for name, each in measured.items()
        if name != STUDENT and not is_control
    )
    decided = metric_difference(metric, labels, arms[STUDENT], arms[HARD], seed, weights)
    against = {
        name: by_rows(metric, labels, arms[STUDENT], predicted, seed, weights)
        for name, predicted in rivals.items()
    }
    outcome = _outcome(decided.outcome, is_control, repeated)
    losses = {name: metric.loss(labels, arms[name], weights) for name in (STUDENT, HARD)}
    ship = texts.to_ship(
        outcome,
        decided,
        texts.Named(shipped, losses[STUDENT], student.arm.log_loss, sizes.get("student")),
        texts.Named(control, losses[HARD], hard.arm.log_loss, sizes.get("control")),
        metric,
        n_rows=len(labels),
        own=texts.own_control(searched, stopped) if is_control else None,
    )
    warnings = tuple(texts.warnings(decided, against, metric))
    rare = [] if threshold is None else [texts.of_threshold(threshold)]
    notes = [*warnings, *rare, texts.of_search(searched)]
    if not is_control:
        notes += [texts.of_repeated(decided, repeated), *texts.of_comparisons(outcome, compared)]
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
        by_metric=None if metric == LOG_LOSS else _by_metric(metric, losses, decided),
        threshold=threshold,
        stopped=stopped,
    )


def _by_metric(
    metric: Metric, losses: Mapping[str, float], decided: MetricDifference
) -> MetricVerdict:
    change, low, high = decided.shown
    student, control = (metric.score(losses[name]) for name in (STUDENT, HARD))
    return MetricVerdict(metric.name, student, control, change, (low, high))


def _outcome(plain: Conclusion, is_control: bool, repeated: LossComparison | None) -> Conclusion:
    """Return what both tests agree on; "hurts" takes the interval alone."""
    if is_control:
        return "no difference"
    return plain if plain != "pays" or texts.holds(repeated) else "no difference"


@dataclass(frozen=True)
class _Measured:
    arm: Arm
    losses: FloatArray
    calibrated: FloatArray

    @classmethod
    def of(
        cls, name: str, predicted: FloatArray, labels: IntArray, weights: FloatArray | None
    ) -> _Measured:
        from hpmkd.kernels import soften

        temperature = best_temperature(predicted, labels, weights)
        losses, calibrated = (
            row_losses(predicted, labels),
            row_losses(soften(predicted, temperature), labels),
        )
        plain, best = (weighted_mean(each, weights) for each in (losses, calibrated))
        return cls(Arm(name, plain, temperature, best), losses, calibrated)
