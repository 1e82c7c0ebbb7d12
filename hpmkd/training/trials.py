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
    from hpmkd.training.datasets import EncodedRows
    from hpmkd.training.fit import FitContext
    from hpmkd.values import Configuration, FloatArray, IntArray, Softening, TrainingState


@dataclass(frozen=True)
class SelectionSplit:
    """Rows to fit on, and selection rows that no teacher of theirs has seen."""

    training: EncodedRows
    held_rows: IntArray
    held_table: Any
    held_labels: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "held_rows", tables.frozen(self.held_rows))
        object.__setattr__(self, "held_table", tables.read_only(self.held_table))
        object.__setattr__(self, "held_labels", tables.frozen(self.held_labels))


@dataclass(frozen=True)
class SearchData:
    """All that evaluating a configuration needs, sent to each worker once.

    Parameters
    ----------
    splits : tuple of SelectionSplit
        At least one.
    fitting : FitContext
        How students are fitted.
    drafts : bool
        Whether trials bring a student with them.
    """

    splits: tuple[SelectionSplit, ...]
    fitting: FitContext
    drafts: bool = False

    @cached_property
    def digest(self) -> str:
        """Digest of the rows."""
        own = [(each.training.digest, each.held_rows, each.held_labels) for each in self.splits]
        return tables.digest(self.fitting.seed, *(part for each in own for part in each))

    def load(self, configuration: Configuration) -> Load:
        """Tell how long fits of a configuration take."""
        training = self.splits[0].training
        return _load(training, configuration, len(self.splits))


@dataclass(frozen=True)
class RefitData:
    """All that fitting a chosen configuration on all rows needs."""

    training: EncodedRows
    fitting: FitContext

    @cached_property
    def digest(self) -> str:
        """Digest of the rows."""
        return tables.digest(self.fitting.seed, self.training.digest)


@dataclass(frozen=True)
class HeldOutPredictions:
    """What a student says about rows that it was not fitted on.

    Parameters
    ----------
    probabilities : ndarray of shape (n, K)
        In the order of the rows' numbers; no rows if it failed.
    models_trained : int
        How many fits that took.
    failure : str or None
        Whom to blame and for what.
    state : TrainingState or None
        What the scheduler was last told in the last fit.
    softening : Softening or None
        What it said in that fit, on average over the rounds.
    """

    probabilities: FloatArray
    models_trained: int
    failure: str | None = None
    state: TrainingState | None = None
    softening: Softening | None = None


def evaluate(data: SearchData, task: tuple[int, Configuration]) -> Trial:
    """Fit a configuration on every selection split and judge it on the rows held out.

    A stage that raises costs its trial, not the run: the trial says whom to blame.
    """
    configuration = task[1]
    start, scale = time.perf_counter(), FootprintMeter(configuration)
    asked = predict_held_out(data, configuration, scale.put)
    trial = replace(
        _failed(task, asked.failure),
        models_trained=asked.models_trained,
        seconds=time.perf_counter() - start,
        worker=f"{platform.node()}:{os.getpid()}",
    )
    if asked.failure is not None:
        return trial
    labels = in_order(data.splits, [split.held_labels for split in data.splits])
    return replace(
        trial,
        row_losses=row_losses(asked.probabilities, labels),
        accuracy=float((asked.probabilities.argmax(axis=1) == labels).mean()),
        state=asked.state,
        probabilities=asked.probabilities,
        softening=asked.softening,
        n_bytes=scale.n_bytes,
        row_us=scale.row_us,
        draft=scale.draft if data.drafts else None,
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
    """Ask a student, fitted anew for each split, about the rows held out of it.

    A stage that raises costs its student, not the run. Each student is shown to `on_student`,
    with these rows.
    """
    said: list[FloatArray] = []
    recorder = RecordingScheduler(data.fitting.scheduler)
    try:
        for split in data.splits:
            recorder = RecordingScheduler(data.fitting.scheduler)
            student, own = _asked(data.fitting, split, configuration, recorder)
            said.append(own)
            on_student(student, split.held_table)
    except HpmkdError as error:
        return HeldOutPredictions(np.empty((0, 0)), len(said), str(error))
    whole = in_order(data.splits, said)
    return HeldOutPredictions(whole, len(said), state=recorder.state, softening=recorder.mean)


def in_order(splits: Sequence[SelectionSplit], parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return what belongs to the held rows of each split, in the order of the rows' numbers."""
    numbers = np.concatenate([split.held_rows for split in splits])
    return np.concatenate(parts)[np.argsort(numbers, kind="stable")]


def refit(data: RefitData, configuration: Configuration) -> Predictor | str:
    """Fit a configuration on all training rows; return why, if its stage fails."""
    try:
        return data.fitting.student(data.training, configuration)
    except HpmkdError as error:
        return str(error)


def _load(training: EncodedRows, configuration: Configuration, fits: int) -> Load:
    rows = len(training.labels) * configuration.share
    sizes = {"rows": max(rows, 1), "classes": len(training.classes), "fits": fits}
    numbers = {
        name: float(value)
        for name, value in configuration.hyperparameters.items()
        if isinstance(value, (int, float)) and value >= 0
    }
    return Load(f"stage {configuration.stage}", sizes, numbers)


def _key(data: SearchData | RefitData, task: object) -> str:
    return tables.digest(data.digest, repr(task))


def _asked(
    fitting: FitContext,
    split: SelectionSplit,
    configuration: Configuration,
    recorder: RecordingScheduler,
) -> tuple[Predictor, FloatArray]:
    training = split.training.sample(configuration.share, fitting.seed)
    student = fitting.student(training, configuration, recorder)
    said = fitting.predict(student, configuration, split.held_table, split.training.classes)
    return student, said


#: Evaluates one configuration, of a number.
TRIAL = Job(
    "trial",
    evaluate,
    lambda task, reason: _failed(task, f"stage {task[1].stage!r}: {reason}"),
    lambda data, task: data.load(task[1]),
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
    lambda data, configuration: data.load(configuration),
    lambda data, configuration: _key(data, configuration.key),
    failed=lambda asked: asked.failure is not None,
)
