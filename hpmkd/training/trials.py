"""Fits configurations and judges them on selection rows; runs in worker processes."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.probabilities import row_losses
from hpmkd.errors import HpmkdError
from hpmkd.execution.cost_model import Load
from hpmkd.execution.jobs import Job
from hpmkd.training.datasets import selection_rows
from hpmkd.training.fit import blamed
from hpmkd.training.footprint import FootprintMeter
from hpmkd.training.judging import results
from hpmkd.training.race import Race, RowLosses
from hpmkd.training.recording_scheduler import RecordingScheduler
from hpmkd.values import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.training.fit import Fit, FitContext
    from hpmkd.values import Configuration, FloatArray, IntArray

#: Rounds after which a path is cut for the front, beside those of least loss.
MARKS = (20, 40, 80, 160, 320, 640)
#: A cut has at most this share of the bytes: numbers in the header differ by a few.
SMALLER = 0.98


@dataclass(frozen=True)
class SearchData:
    """All that evaluating a configuration needs, sent to each worker once."""

    splits: tuple[SelectionSet, ...]  # at least one
    fitting: FitContext
    drafts: bool = False  # whether trials bring the file of a student with them
    students: bool = False  # whether trials bring their students with them, one of each split
    timed: bool = False  # whether the time of a row is measured: a limit on it needs that

    @cached_property
    def row_numbers(self) -> IntArray:
        """The numbers of all selection rows, rising: the order of a trial's results."""
        return selection_rows(self.splits)

    @cached_property
    def row_weights(self) -> FloatArray | None:
        """How much each of these counts, in this order; None if all count the same."""
        own = [each.held.weights for each in self.splits if each.held.weights is not None]
        return in_order(self.splits, own) if own else None

    @cached_property
    def digest(self) -> str:
        """Digest of the rows."""
        own = [(each.training.digest, each.held_rows, each.held.labels) for each in self.splits]
        weights = [] if self.row_weights is None else [self.row_weights]
        parts = (part for each in own for part in each)
        return tables.digest(self.fitting.seed, *parts, *weights)


@dataclass(frozen=True)
class HeldOutPredictions:
    """A student's predictions of rows that it was not fitted on."""

    probabilities: FloatArray  # (n, K): in the order of the rows' numbers; no rows if it failed
    models_trained: int  # how many fits that took
    failure: str | None = None  # what failed, naming the plugin


@dataclass(frozen=True)
class TrialTask:
    """A configuration to evaluate."""

    number: int
    configuration: Configuration
    leader: RowLosses | None = None  # that it must not be clearly worse than; None for no race


def evaluate(data: SearchData, task: TrialTask) -> Trial:
    """Fit a configuration on every selection split and judge it on the rows held out.

    One that is clearly worse than the leader on the first splits is not fitted on the others.

    A stage that raises costs its trial, not the run: the trial names the plugin.
    """
    start, configuration = time.perf_counter(), task.configuration
    fits: list[Fit] = []
    race = None
    if task.leader is not None:
        race = Race(task.leader, data.row_numbers, data.row_weights)
    recorder = RecordingScheduler(data.fitting.scheduler)
    trial, shorter, worse_by = None, [], None
    try:
        for split in data.splits:
            recorder.begin_fit()
            training = split.training.sample(configuration.share, data.fitting.seed)
            fits.append(data.fitting.fit(training, configuration, split, recorder))
            if race is not None and len(fits) < len(data.splits):
                worse_by = race.lost(split, _losses_so_far(data, split, configuration, fits[-1]))
                if worse_by is not None:
                    break
        trial, *shorter = (
            _judged(data, task.number, replace(configuration, rounds=rounds), fits)
            for rounds in cuts(data.splits, fits)
        )
    except HpmkdError as error:
        trial = _failed(task, str(error))
    return replace(
        trial,
        models_trained=len(fits),
        seconds=time.perf_counter() - start,
        worker=f"{platform.node()}:{os.getpid()}",
        state=recorder.state,
        softening=recorder.mean,
        worse_by=worse_by,
        shorter=() if worse_by is not None else tuple(_without_predictions(shorter, trial)),
    )


def _without_predictions(cuts: Sequence[Trial], trial: Trial) -> Iterator[Trial]:
    """Yield the cuts that make the student of a trial smaller; their predictions are not kept."""
    for each in cuts:
        if _smaller(each, trial):
            yield replace(each, probabilities=None, students=())


def _losses_so_far(
    data: SearchData, split: SelectionSet, configuration: Configuration, fit: Fit
) -> RowLosses:
    """Return the losses of the rows held out, after the rounds that suit these alone."""
    losses, metric, held = fit.losses, data.fitting.metric, split.held
    rounds = None if losses is None else int(np.nanargmin(losses)) + 1
    student = fit.student(rounds)
    predicted = data.fitting.judge(student, configuration, split)
    by_metric = metric.row_losses(held.labels, predicted, held.weights)
    return RowLosses(by_metric, row_losses(predicted, held.labels))


def cuts(splits: Sequence[SelectionSet], fits: Sequence[Fit]) -> list[int | None]:
    """Return the rounds of least loss over all selection rows, then fewer ones for the front.

    A configuration without a path has one student: None.

    Raises
    ------
    PluginError
        If the losses of a path are no finite numbers.
    """
    losses = [fit.losses for fit in fits if fit.losses is not None]
    if len(losses) < len(fits):
        return [None]
    n_rounds = max(map(len, losses))
    rows = [split.held.weight for split in splits[: len(fits)]]
    if not min(map(len, losses)):
        with blamed(fits[0].active, "failed in path"):
            raise ValueError("it has no round")
    # A fold whose path ended early keeps its last student.
    padded = [np.pad(each, (0, n_rounds - len(each)), "edge") for each in losses]
    mean = np.average(padded, axis=0, weights=rows)
    if not np.isfinite(mean).any():
        with blamed(fits[0].active, "failed in path"):
            raise ValueError("no round has a loss that is a finite number")
    best = int(np.where(np.isfinite(mean), mean, np.inf).argmin()) + 1
    return [best, *(rounds for rounds in MARKS if rounds < best)]


def _judged(
    data: SearchData, number: int, configuration: Configuration, fits: Sequence[Fit]
) -> Trial:
    """Judge the students of a configuration on the rows held out, and measure them."""
    meter, predicted, students = FootprintMeter(configuration, data.timed), [], []
    judging = data.splits[: len(fits)]
    for split, fit in zip(judging, fits, strict=True):
        student, held = fit.student(configuration.rounds), split.held
        students.append(student)
        predicted.append(data.fitting.judge(student, configuration, split))
        meter.add(student, held.table)
    probabilities = in_order(judging, predicted)
    labels = in_order(judging, [split.held.labels for split in judging])
    weights = data.row_weights
    if weights is not None and len(judging) < len(data.splits):
        weights = weights[np.isin(data.row_numbers, selection_rows(judging))]
    return Trial(
        number,
        configuration,
        **results(data.fitting.metric, labels, probabilities, judging[0].held.classes, weights),
        models_trained=0,
        seconds=0.0,
        n_bytes=meter.n_bytes,
        row_us=meter.row_us,
        draft=meter.draft if data.drafts else None,
        students=tuple(students) if data.students else (),
    )


def _smaller(cut: Trial, trial: Trial) -> bool:
    """Whether a cut makes a student smaller: further rounds of some stages take no bytes."""
    if cut.n_bytes is None or trial.n_bytes is None:
        return False
    return cut.n_bytes < SMALLER * trial.n_bytes


def _failed(task: TrialTask, failure: str | None) -> Trial:
    """Return a trial without a result."""
    return Trial(task.number, task.configuration, np.empty(0), np.nan, 0, 0.0, failure)


def predict_held_out(data: SearchData, configuration: Configuration) -> HeldOutPredictions:
    """Fit a student for each split, and predict the rows held out of it.

    A stage that raises costs its student, not the run.
    """
    predicted: list[FloatArray] = []
    try:
        for split in data.splits:
            student = data.fitting.student(split.training, configuration)
            held = split.held
            predicted.append(data.fitting.predict(student, configuration, held.table, held.classes))
    except HpmkdError as error:
        return HeldOutPredictions(np.empty((0, 0)), len(predicted), str(error))
    return HeldOutPredictions(in_order(data.splits, predicted), len(predicted))


def judge_again(
    trial: Trial, student: Predictor, fitting: FitContext, held: Dataset | None
) -> Trial:
    """Return a trial with the results of its student that was fitted on more rows.

    Where winners are fitted on all rows but the selection rows, these judge them as honestly as
    they judged the trials: what wins on few rows need not win on many.

    Where `held` is None, students are fitted on the selection rows as well: the trial stays as it
    was.

    Raises
    ------
    PluginError
        Naming the plugin whose stage made a student that fails.
    """
    if held is None:
        return trial
    predicted = fitting.predict(student, trial.configuration, held.table, held.classes)
    own = results(fitting.metric, held.labels, predicted, held.classes, held.weights)
    return replace(trial, **own)


def in_order(splits: Sequence[SelectionSet], parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return what belongs to the held rows of each split, in the order of the rows' numbers."""
    numbers = np.concatenate([split.held_rows for split in splits])
    return np.concatenate(parts)[np.argsort(numbers, kind="stable")]


def load_of(training: TrainingSet, configuration: Configuration, fits: int) -> Load:
    """Return what the time of so many fits depends on."""
    rows = len(training) * configuration.share
    sizes = {"rows": max(rows, 1), "classes": len(training.classes), "fits": fits}
    numbers = {
        name: float(value)
        for name, value in configuration.hyperparameters.items()
        if isinstance(value, (int, float)) and value >= 0
    }
    return Load(f"stage {configuration.stage}", sizes, numbers)


def _of(leader: RowLosses | None) -> str:
    return "" if leader is None else tables.digest(leader.nats)


def _key(data: SearchData, task: object) -> str:
    return tables.digest(data.digest, repr(task))


#: Evaluates one configuration, of a number.
TRIAL = Job(
    "trial",
    evaluate,
    lambda task, reason: _failed(task, f"stage {task.configuration.stage!r}: {reason}"),
    lambda data, task: load_of(data.splits[0].training, task.configuration, len(data.splits)),
    lambda data, task: _key(data, (task.number, task.configuration.key, _of(task.leader))),
    timed=True,
    failed=lambda trial: trial.failure is not None,
)
#: Cross-fits one configuration.
ANSWERS = Job(
    "answers",
    predict_held_out,
    lambda configuration, reason: HeldOutPredictions(np.empty((0, 0)), 0, reason),
    lambda data, configuration: load_of(data.splits[0].training, configuration, len(data.splits)),
    lambda data, configuration: _key(data, configuration.key),
    failed=lambda predictions: predictions.failure is not None,
)
