"""Fits configurations and judges them on selection rows; runs in worker processes."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.probabilities import row_losses
from hpmkd.errors import HpmkdError
from hpmkd.execution.cost_model import Load
from hpmkd.execution.jobs import Job
from hpmkd.training.footprint import FootprintMeter
from hpmkd.training.recording_scheduler import RecordingScheduler
from hpmkd.values import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.training.fit import FitContext
    from hpmkd.values import Configuration, FloatArray, Softening, TrainingState


@dataclass(frozen=True)
class SearchData:
    """All that evaluating a configuration needs, sent to each worker once."""

    splits: tuple[SelectionSet, ...]  # at least one
    fitting: FitContext
    drafts: bool = False  # whether trials bring a student with them

    @cached_property
    def digest(self) -> str:
        """Digest of the rows."""
        own = [(each.training.digest, each.held_rows, each.held.labels) for each in self.splits]
        return tables.digest(self.fitting.seed, *(part for each in own for part in each))


@dataclass(frozen=True)
class RefitData:
    """All that fitting a chosen configuration on all rows needs."""

    training: TrainingSet
    fitting: FitContext

    @cached_property
    def digest(self) -> str:
        """Digest of the rows."""
        return tables.digest(self.fitting.seed, self.training.digest)


@dataclass(frozen=True)
class HeldOutPredictions:
    """A student's predictions of rows that it was not fitted on."""

    probabilities: FloatArray  # (n, K): in the order of the rows' numbers; no rows if it failed
    models_trained: int  # how many fits that took
    failure: str | None = None  # what failed, naming the plugin
    state: TrainingState | None = None  # the last state that the scheduler received in the last fit
    #: The softening that it returned in that fit, on average over the rounds.
    softening: Softening | None = None


def evaluate(data: SearchData, task: tuple[int, Configuration]) -> Trial:
    """Fit a configuration on every selection split and judge it on the rows held out.

    A stage that raises costs its trial, not the run: the trial names the plugin.
    """
    configuration = task[1]
    start, meter = time.perf_counter(), FootprintMeter(configuration)
    predictions = predict_held_out(data, configuration, meter.add)
    trial = replace(
        _failed(task, predictions.failure),
        models_trained=predictions.models_trained,
        seconds=time.perf_counter() - start,
        worker=f"{platform.node()}:{os.getpid()}",
    )
    if predictions.failure is not None:
        return trial
    labels = in_order(data.splits, [split.held.labels for split in data.splits])
    return replace(
        trial,
        row_losses=row_losses(predictions.probabilities, labels),
        accuracy=float((predictions.probabilities.argmax(axis=1) == labels).mean()),
        state=predictions.state,
        probabilities=predictions.probabilities,
        softening=predictions.softening,
        n_bytes=meter.n_bytes,
        row_us=meter.row_us,
        draft=meter.draft if data.drafts else None,
    )


def _failed(task: tuple[int, Configuration], failure: str | None) -> Trial:
    """Return a trial without a result."""
    number, configuration = task
    nothing = np.empty(0)
    return Trial(number, configuration, nothing, np.nan, 0, 0.0, failure)


def predict_held_out(
    data: SearchData,
    configuration: Configuration,
    on_student: Callable[[Predictor, Any], None] = lambda student, table: None,
) -> HeldOutPredictions:
    """Fit a student for each split, and predict the rows held out of it.

    A stage that raises costs its student, not the run. `on_student` is called with each
    student and these rows.
    """
    predicted: list[FloatArray] = []
    recorder = RecordingScheduler(data.fitting.scheduler)
    try:
        for split in data.splits:
            recorder = RecordingScheduler(data.fitting.scheduler)
            training = split.training.sample(configuration.share, data.fitting.seed)
            student = data.fitting.student(training, configuration, recorder)
            held = split.held
            predicted.append(data.fitting.predict(student, configuration, held.table, held.classes))
            on_student(student, held.table)
    except HpmkdError as error:
        return HeldOutPredictions(np.empty((0, 0)), len(predicted), str(error))
    whole = in_order(data.splits, predicted)
    return HeldOutPredictions(whole, len(predicted), state=recorder.state, softening=recorder.mean)


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
    return replace(
        trial,
        probabilities=predicted,
        row_losses=row_losses(predicted, held.labels),
        accuracy=float((predicted.argmax(axis=1) == held.labels).mean()),
    )


def in_order(splits: Sequence[SelectionSet], parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return what belongs to the held rows of each split, in the order of the rows' numbers."""
    numbers = np.concatenate([split.held_rows for split in splits])
    return np.concatenate(parts)[np.argsort(numbers, kind="stable")]


def refit(data: RefitData, configuration: Configuration) -> Predictor | str:
    """Fit a configuration on all training rows; return why, if its stage fails."""
    try:
        return data.fitting.student(data.training, configuration)
    except HpmkdError as error:
        return str(error)


def _load(training: TrainingSet, configuration: Configuration, fits: int) -> Load:
    rows = len(training) * configuration.share
    sizes = {"rows": max(rows, 1), "classes": len(training.classes), "fits": fits}
    numbers = {
        name: float(value)
        for name, value in configuration.hyperparameters.items()
        if isinstance(value, (int, float)) and value >= 0
    }
    return Load(f"stage {configuration.stage}", sizes, numbers)


def _key(data: SearchData | RefitData, task: object) -> str:
    return tables.digest(data.digest, repr(task))


#: Evaluates one configuration, of a number.
TRIAL = Job(
    "trial",
    evaluate,
    lambda task, reason: _failed(task, f"stage {task[1].stage!r}: {reason}"),
    lambda data, task: _load(data.splits[0].training, task[1], len(data.splits)),
    lambda data, task: _key(data, (task[0], task[1].key)),
    timed=True,
    failed=lambda trial: trial.failure is not None,
)
#: Fits one configuration on all rows; the result is the student, or why there is none.
STUDENT = Job(
    "student",
    refit,
    lambda configuration, reason: f"stage {configuration.stage!r} failed in fit: {reason}",
    lambda data, configuration: _load(data.training, configuration, 1),
    lambda data, configuration: _key(data, configuration.key),
    failed=lambda student: isinstance(student, str),
)
#: Cross-fits one configuration.
ANSWERS = Job(
    "answers",
    predict_held_out,
    lambda configuration, reason: HeldOutPredictions(np.empty((0, 0)), 0, reason),
    lambda data, configuration: _load(data.splits[0].training, configuration, len(data.splits)),
    lambda data, configuration: _key(data, configuration.key),
    failed=lambda predictions: predictions.failure is not None,
)
