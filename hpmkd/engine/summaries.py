"""Names the students that a run fitted on all rows, and summarises them for the front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.pareto import StudentSummary, SummaryRole, pareto_front
from hpmkd.training.ensemble import ENSEMBLE, HARD_ENSEMBLE
from hpmkd.training.ensemble_distillation import COLLAPSED
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.data.dataset import Dataset
    from hpmkd.evaluation.ranking import TrialRanking
    from hpmkd.training.refit import Finalists, Refitted
    from hpmkd.values import Trial

Named = tuple[str, SummaryRole, "Refitted"]


def named_students(
    finalists: Finalists, front: Sequence[Refitted], pooled: Refitted | None = None
) -> Iterator[Named]:
    """Yield name, role and student of all students that a run fitted on all rows."""
    shipped = finalists.shipped
    if shipped.name == COLLAPSED:
        yield COLLAPSED, "collapsed", shipped.refitted
    if pooled is not None:
        yield ENSEMBLE, "ensemble", pooled
    if finalists.control.name == HARD_ENSEMBLE:
        yield HARD_ENSEMBLE, "control", finalists.control.refitted
    taken = {COLLAPSED, ENSEMBLE, HARD_ENSEMBLE}
    for stage, refitted in finalists.students.items():
        taken.add(stage)
        yield stage, "student", refitted
    known = {each.trial.configuration.key for each in finalists.students.values()}
    controls = [*finalists.controls.values()]
    for at, refitted in enumerate((*controls, *finalists.beside, *front)):
        key = refitted.trial.configuration.key
        if key not in known:
            known.add(key)
            name = refitted.trial.name
            # A stage may have such a name.
            name = f"{name}-front" if name in taken else name
            taken.add(name)
            yield name, "control" if at < len(controls) else "front", refitted


def summarise(
    students: Sequence[Named], finalists: Finalists, ranking: TrialRanking, test: Dataset
) -> tuple[StudentSummary, ...]:
    """Return a summary of each student, lowest loss on the selection rows first."""
    found = [_summary(each, finalists.shipped.name, ranking, test) for each in students]
    front = {each.name for each in pareto_front(found, lambda each: each.metrics)}
    ranked = sorted(found, key=lambda each: (each.loss, each.bytes))
    return tuple(replace(each, on_front=each.name in front) for each in ranked)


def loss_by_metric(trial: Trial) -> float | None:
    """Return the loss that a trial was chosen by; None where that is log loss."""
    return None if trial.metric_losses is None else trial.loss


def _summary(named: Named, shipped: str, ranking: TrialRanking, test: Dataset) -> StudentSummary:
    name, role, refitted = named
    metric = ranking.metric
    trial, footprint = refitted.trial, refitted.footprint
    predicted = refitted.student.predict_proba(test.table)
    loss = metric.loss(test.labels, predicted, test.weights)
    return StudentSummary(
        name=name,
        stage=trial.configuration.stage,
        # The trials of a distilled ensemble have other soft targets, and no number in the run.
        trial=None if name in (COLLAPSED, ENSEMBLE, HARD_ENSEMBLE) else trial.number,
        role=role,
        chosen=name == shipped,
        selection_log_loss=trial.log_loss,
        selection_accuracy=trial.accuracy,
        selection_retention=ranking.retention(trial),
        bytes=int(footprint.n_bytes),
        row_us=footprint.row_us,
        accuracy=weighted_mean(predicted.argmax(axis=1) == test.labels, test.weights),
        log_loss=weighted_mean(row_losses(predicted, test.labels), test.weights),
        rounds=trial.configuration.rounds,
        selection_loss=loss_by_metric(trial),
        metric=None if metric == LOG_LOSS else metric.score(loss),
    )
