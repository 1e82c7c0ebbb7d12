"""Fits configurations and judges them on selection rows; runs in worker processes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import tables
from hpmkd.errors import HpmkdError
from hpmkd.probabilities import row_losses
from hpmkd.values import Trial

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.fitting import Fitting
    from hpmkd.training import TrainingRows
    from hpmkd.values import Configuration, FloatArray, IntArray


@dataclass(frozen=True)
class SelectionSplit:
    """Rows to fit on, and selection rows that no teacher of theirs has seen."""

    training: TrainingRows
    held_rows: IntArray
    held_table: Any
    held_labels: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "held_table", tables.read_only(self.held_table))
        object.__setattr__(self, "held_labels", tables.frozen(self.held_labels))


@dataclass(frozen=True)
class SearchData:
    """All that evaluating a configuration needs, sent to each worker once."""

    splits: tuple[SelectionSplit, ...]
    fitting: Fitting


@dataclass(frozen=True)
class RefitData:
    """All that fitting a chosen configuration on all rows needs."""

    training: TrainingRows
    fitting: Fitting


@dataclass(frozen=True)
class HeldOut:
    """What a student says about rows that it was not fitted on.

    Parameters
    ----------
    said : ndarray of shape (n, K)
        In the order of the rows' numbers; no rows if it failed.
    models_trained : int
        How many fits that took.
    failure : str or None
        Whom to blame and for what.
    """

    said: FloatArray
    models_trained: int
    failure: str | None = None


def evaluate(data: SearchData, task: tuple[int, Configuration]) -> Trial:
    """Fit a configuration on every selection split and judge it on the rows held out.

    A stage that raises costs its trial, not the run: the trial says whom to blame.
    """
    number, configuration = task
    start = time.perf_counter()
    order, losses, right = [], [], []
    try:
        for split in data.splits:
            predicted = _said(data.fitting, split, configuration)
            order.append(split.held_rows)
            losses.append(row_losses(predicted, split.held_labels))
            right.append(predicted.argmax(axis=1) == split.held_labels)
    except HpmkdError as error:
        seconds = time.perf_counter() - start
        trained = len(order)
        nothing = np.empty(0)
        return Trial(number, configuration, nothing, np.nan, trained, seconds, str(error))
    in_order = np.argsort(np.concatenate(order), kind="stable")
    return Trial(
        number=number,
        configuration=configuration,
        row_losses=np.concatenate(losses)[in_order],
        accuracy=float(np.concatenate(right).mean()),
        models_trained=len(data.splits),
        seconds=time.perf_counter() - start,
    )


def held_out(data: SearchData, configuration: Configuration) -> HeldOut:
    """Ask a student, fitted anew for each split, about the rows held out of it.

    A stage that raises costs its student, not the run.
    """
    order, said = [], []
    try:
        for split in data.splits:
            said.append(_said(data.fitting, split, configuration))
            order.append(split.held_rows)
    except HpmkdError as error:
        return HeldOut(np.empty((0, 0)), len(said), str(error))
    in_order = np.argsort(np.concatenate(order), kind="stable")
    return HeldOut(np.concatenate(said)[in_order], len(said))


def refit(data: RefitData, configuration: Configuration) -> Predictor | str:
    """Fit a configuration on all training rows; return why, if its stage fails."""
    try:
        return data.fitting.student(data.training, configuration)
    except HpmkdError as error:
        return str(error)


def _said(fitting: Fitting, split: SelectionSplit, configuration: Configuration) -> FloatArray:
    student = fitting.student(split.training, configuration)
    return fitting.said(student, configuration, split.held_table, split.training.classes)
