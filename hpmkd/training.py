"""Fits students and judges them on selection rows; runs in worker processes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import tables
from hpmkd.encoding import Encoding
from hpmkd.errors import HpmkdError, PluginError
from hpmkd.offers import blame
from hpmkd.probabilities import checked, row_losses
from hpmkd.shelf import UNKEPT, Shelf
from hpmkd.values import Configuration, ExtraRows, StageInputs, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Encoder, Predictor, Scheduler, Stage
    from hpmkd.dataset import Dataset
    from hpmkd.extra import Labelled
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class TrainingRows:
    """Rows to fit students on, encoded once for all fits.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    soft_targets : ndarray of shape (n, K)
        The teachers' knowledge about them.
    classes : ndarray of shape (K,)
        The labels behind the codes.
    encoded : mapping of str to (Encoder, ndarray)
        Fitted encoder and matrix for each encoding in use.
    extra : mapping of str to ExtraRows
        Rows without labels for each encoding in use; empty if there are none.
    """

    labels: IntArray
    soft_targets: FloatArray
    classes: NDArray[Any]
    encoded: Mapping[str, tuple[Encoder, FloatArray]]
    extra: Mapping[str, ExtraRows] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Every stage is handed these very arrays: one that wrote into them would change what
        # all others are fitted to.
        for name in ("labels", "soft_targets", "classes"):
            object.__setattr__(self, name, tables.frozen(getattr(self, name)))

    @classmethod
    def encode(
        cls,
        rows: Dataset,
        soft_targets: FloatArray,
        encodings: set[str],
        extra: Labelled | None = None,
        shelf: Shelf = UNKEPT,
    ) -> TrainingRows:
        """Fit an encoder per encoding on the rows with labels alone, and encode all rows.

        So the encoders, and with them the controls, are the same with and without extra rows.
        What is on the shelf is not encoded again.
        """
        encoding = Encoding(rows.table, shelf)
        encoded, encoded_extra = {}, {}
        for kind in sorted(encodings):
            encoder = encoding.encoder(kind)
            encoded[kind] = (encoder, encoding.matrix(encoder))
            if extra is not None:
                further = encoding.matrix(encoder, extra.table)
                encoded_extra[kind] = ExtraRows(further, extra.soft_targets, extra.weight)
        return cls(rows.labels, soft_targets, rows.classes, encoded, encoded_extra)


@dataclass(frozen=True)
class StageInPlay:
    """A stage and whom to blame if it fails."""

    name: str
    plugin: str
    stage: Stage


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
    stages: Mapping[str, StageInPlay]
    scheduler: Scheduler
    seed: int


@dataclass(frozen=True)
class RefitData:
    """All that fitting a chosen configuration on all rows needs."""

    training: TrainingRows
    stages: Mapping[str, StageInPlay]
    scheduler: Scheduler
    seed: int


def evaluate(data: SearchData, task: tuple[int, Configuration]) -> Trial:
    """Fit a configuration on every selection split and judge it on the rows held out.

    A stage that raises costs its trial, not the run: the trial says whom to blame.
    """
    number, configuration = task
    start = time.perf_counter()
    stage = data.stages[configuration.stage]
    order, losses, right = [], [], []
    try:
        for split in data.splits:
            student = fit_student(split.training, stage, configuration, data.scheduler, data.seed)
            predicted = _probabilities(student, stage, split.held_table, split.training.classes)
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


def held_out(data: SearchData, configuration: Configuration) -> FloatArray:
    """Return what a student says about the rows held out of each split.

    Returns
    -------
    ndarray of shape (n, K)
        In the order of the rows' numbers.
    """
    played = data.stages[configuration.stage]
    order, said = [], []
    for split in data.splits:
        student = fit_student(split.training, played, configuration, data.scheduler, data.seed)
        classes = split.training.classes
        said.append(_probabilities(student, played, split.held_table, classes))
        order.append(split.held_rows)
    in_order = np.argsort(np.concatenate(order), kind="stable")
    together: FloatArray = np.concatenate(said)[in_order]
    return together


def refit(data: RefitData, configuration: Configuration) -> Predictor | str:
    """Fit a configuration on all training rows; return why, if its stage fails."""
    stage = data.stages[configuration.stage]
    try:
        return fit_student(data.training, stage, configuration, data.scheduler, data.seed)
    except HpmkdError as error:
        return str(error)


def fit_student(
    rows: TrainingRows,
    played: StageInPlay,
    configuration: Configuration,
    scheduler: Scheduler,
    seed: int,
) -> Predictor:
    """Fit one student.

    Raises
    ------
    PluginError
        Naming the plugin whose stage failed or returned something other than a student.
    """
    encoder, matrix = rows.encoded[played.stage.encoding]
    # The control must not hear of the teacher, and extra rows are nothing but the teacher.
    extra = rows.extra.get(played.stage.encoding) if configuration.alpha > 0 else None
    inputs = StageInputs(
        matrix=matrix,
        encoder=encoder,
        labels=rows.labels,
        soft_targets=rows.soft_targets,
        classes=rows.classes,
        configuration=configuration,
        scheduler=scheduler,
        seed=seed,
        extra=extra,
    )
    try:
        student = played.stage.fit(inputs)
        if not hasattr(student, "predict_proba") or not hasattr(student, "to_bytes"):
            raise TypeError(f"fit returned {type(student).__name__}; expected a hpmkd Student")
    except HpmkdError:
        raise
    except Exception as error:
        message = blame(played.plugin, "stage", played.name, "failed in fit", error)
        raise PluginError(message) from error
    return student


def _probabilities(
    student: Predictor, played: StageInPlay, table: Any, classes: NDArray[Any]
) -> FloatArray:
    try:
        shape = (table.shape[0], len(classes))
        return checked(student.predict_proba(table), shape, "its student")
    except HpmkdError:
        raise
    except Exception as error:
        message = blame(played.plugin, "stage", played.name, "failed to predict", error)
        raise PluginError(message) from error


def selection_split(
    dataset: Dataset,
    fit_rows: IntArray,
    held_rows: IntArray,
    taught: tuple[FloatArray, Labelled | None],
    encodings: set[str],
    shelf: Shelf = UNKEPT,
) -> SelectionSplit:
    """Prepare one selection split of the training rows."""
    soft_targets, extra = taught
    rows = dataset.rows(fit_rows)
    return SelectionSplit(
        training=TrainingRows.encode(rows, soft_targets, encodings, extra, shelf),
        held_rows=held_rows,
        held_table=tables.take(dataset.table, held_rows),
        held_labels=dataset.labels[held_rows],
    )
