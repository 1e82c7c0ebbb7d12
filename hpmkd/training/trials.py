"""Fits configurations and judges them on selection rows; runs in worker processes."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.probabilities import row_losses
from hpmkd.errors import HpmkdError
from hpmkd.execution.cost_model import Load
from hpmkd.execution.jobs import Job
from hpmkd.training.fit import blamed
from hpmkd.training.footprint import FootprintMeter
from hpmkd.training.recording_scheduler import RecordingScheduler
from hpmkd.values import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.training.fit import Fit, FitContext
    from hpmkd.values import Configuration, FloatArray

#: Rounds after which a path is cut for the front, beside those of least loss.
MARKS = (20, 40, 80, 160, 320, 640)
#: A cut has at most this share of the bytes: numbers in the header differ by a few.
SMALLER = 0.98


@dataclass(frozen=True)
class SearchData:
    """All that evaluating a configuration needs, sent to each worker once."""

    splits: tuple[SelectionSet, ...]  # at least one
    fitting: FitContext
    drafts: bool = False  # whether trials bring a student with them
    timed: bool = False  # whether the time of a row is measured: a limit on it needs that

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


def evaluate(data: SearchData, task: tuple[int, Configuration]) -> Trial:
    """Fit a configuration on every selection split and judge it on the rows held out.

    A stage that raises costs its trial, not the run: the trial names the plugin.
    """
    start, configuration = time.perf_counter(), task[1]
    fits: list[Fit] = []
    recorder = RecordingScheduler(data.fitting.scheduler)
    try:
        for split in data.splits:
            recorder = RecordingScheduler(data.fitting.scheduler)
            training = split.training.sample(configuration.share, data.fitting.seed)
            fits.append(data.fitting.fit(training, configuration, split, recorder))
        trial, *shorter = (
            _judged(data, task[0], replace(configuration, rounds=rounds), fits)
            for rounds in cuts(data.splits, fits)
        )
    except HpmkdError as error:
        trial, shorter = _failed(task, str(error)), []
    return replace(
        trial,
        models_trained=len(fits),
        seconds=time.perf_counter() - start,
        worker=f"{platform.node()}:{os.getpid()}",
        state=recorder.state,
        softening=recorder.mean,
        shorter=tuple(
            replace(each, probabilities=None) for each in shorter if _smaller(each, trial)
        ),
    )


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
    n_rounds = min(map(len, losses))
    rows = [len(split.held) for split in splits]
    mean = np.average([each[:n_rounds] for each in losses], axis=0, weights=rows)
    if not n_rounds or not np.isfinite(mean).any():
        with blamed(fits[0].active, "failed in path"):
            raise ValueError("no round has a loss that is a finite number")
    best = int(np.where(np.isfinite(mean), mean, np.inf).argmin()) + 1
    return [best, *(rounds for rounds in MARKS if rounds < best)]


def _judged(
    data: SearchData, number: int, configuration: Configuration, fits: Sequence[Fit]
) -> Trial:
    """Judge the students of a configuration on the rows held out, and measure them."""
    meter, predicted = FootprintMeter(configuration, data.timed), []
    for split, fit in zip(data.splits, fits, strict=True):
        student, held = fit.student(configuration.rounds), split.held
        predicted.append(data.fitting.predict(student, configuration, held.table, held.classes))
        meter.add(student, held.table)
    probabilities = in_order(data.splits, predicted)
    labels = in_order(data.splits, [split.held.labels for split in data.splits])
    return Trial(
        number,
        configuration,
        row_losses=row_losses(probabilities, labels),
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        models_trained=0,
        seconds=0.0,
        probabilities=probabilities,
        n_bytes=meter.n_bytes,
        row_us=meter.row_us,
        draft=meter.draft if data.drafts else None,
    )


def _smaller(cut: Trial, trial: Trial) -> bool:
    """Whether a cut makes a student smaller: further rounds of some stages take no bytes."""
    if cut.n_bytes is None or trial.n_bytes is None:
        return False
    return cut.n_bytes < SMALLER * trial.n_bytes


def _failed(task: tuple[int, Configuration], failure: str | None) -> Trial:
    """Return a trial without a result."""
    number, configuration = task
    nothing = np.empty(0)
    return Trial(number, configuration, nothing, np.nan, 0, 0.0, failure)


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


def refit(data: RefitData, configurations: tuple[Configuration, ...]) -> list[Predictor] | str:
    """Fit configurations that differ in their rounds alone, in one fit, on all training rows.

    Return why, if their stage fails.
    """
    longest = max(configurations, key=lambda each: each.rounds or 0)
    try:
        fit = data.fitting.fit(data.training, longest)
        return [fit.student(each.rounds) for each in configurations]
    except HpmkdError as error:
        return str(error)


def fit_students(
    pipeline: ParallelDistillationPipeline,
    data: RefitData,
    configurations: Iterable[Configuration],
    on_fit: Callable[[], None],
) -> dict[object, Predictor | str]:
    """Fit configurations on all training rows; those that one fit gives are fitted once.

    Parameters
    ----------
    on_fit : callable
        Called after every fit.

    Returns
    -------
    dict
        By the key of the configuration, its student, or why there is none.
    """
    groups: dict[object, dict[object, Configuration]] = {}
    for each in configurations:
        groups.setdefault(replace(each, rounds=None).key, {})[each.key] = each
    tasks = [tuple(group.values()) for group in groups.values()]
    fitted: dict[object, Predictor | str] = {}
    for at, outcome in pipeline.run(STUDENT, data, tasks):
        own = [outcome] * len(tasks[at]) if isinstance(outcome, str) else outcome
        fitted |= {each.key: student for each, student in zip(tasks[at], own, strict=True)}
        on_fit()
    return fitted


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
#: Fits configurations of one fit on all rows; the result is their students, or why there are none.
STUDENT = Job(
    "student",
    refit,
    lambda task, reason: f"stage {task[0].stage!r} failed in fit: {reason}",
    lambda data, task: _load(data.training, task[0], 1),
    lambda data, task: _key(data, [each.key for each in task]),
    failed=lambda students: isinstance(students, str),
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
