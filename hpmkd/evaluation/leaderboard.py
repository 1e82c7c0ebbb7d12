"""The table of a run: teachers, controls and students, measured the same way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.scores import Fidelity, Scores, fidelity, score

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.evaluation.metrics import Metric
    from hpmkd.values import FloatArray, IntArray

Role = Literal["teacher", "control", "student", "ensemble"]


@dataclass(frozen=True)
class Entry:
    """One model as measured on the test rows."""

    role: Role  # A control is the same student without a teacher
    name: str  # of the teacher or the stage
    probabilities: FloatArray  # (m, K), for the test rows
    footprint: Footprint
    chosen: bool = False  # whether it is the student that the run ships
    alpha: float | None = None  # of its configuration, as the next two
    extra_weight: float | None = None  # of rows without labels
    temperature: float | None = None
    selection_log_loss: float | None = None  # on the selection rows
    after: str | None = None  # the stages before it in the chain, with their transfers
    scheduler: str | None = None  # what moved temperature and alpha while it was fitted
    #: All teachers together (one alone is that, too): what the others are compared with.
    fused: bool = False
    selection_loss: float | None = None  # as the one above, where the metric is another


@dataclass(frozen=True)
class ModelRecord:
    """One row of the leaderboard; the field names are the public keys.

    Parameters
    ----------
    kl, agreement : float or None
        Fidelity to the fused teacher; None, as all that compares, where it cannot
        predict the test rows.
    bytes : int or None
        Size.
    row_us, batch_us : float or None
        Time of a call with one row (a tenth of the calls is as fast) and with 1000 rows (the
        median), in microseconds.
    compression, speedup : float or None
        Size and single-row time of the fused teacher over its own.
    retention : float or None
        Accuracy over that of the fused teacher.
    balanced_accuracy : float or None
        Unweighted mean of the recall of the classes; None in folders of older versions.
    metric, selection_metric : float or None
        The metric of the run on the test rows, and on the selection rows; None where that is log
        loss, which all have.
    """

    role: Role
    name: str
    chosen: bool
    accuracy: float
    log_loss: float
    macro_f1: float
    auc: float | None
    kl: float | None
    agreement: float | None
    bytes: int | None
    row_us: float | None
    batch_us: float | None
    compression: float | None
    speedup: float | None
    retention: float | None
    alpha: float | None
    extra_weight: float | None
    temperature: float | None
    selection_log_loss: float | None
    after: str | None = None
    scheduler: str | None = None
    balanced_accuracy: float | None = None
    metric: float | None = None
    selection_metric: float | None = None

    @classmethod
    def read(cls, plain: Any) -> ModelRecord:
        """Make one of plain values; a wrong one raises a msgspec.ValidationError."""
        return msgspec.convert(plain, cls)


UNKNOWN = Footprint(np.nan, np.nan, np.nan)
COLUMNS = tuple(ModelRecord.__dataclass_fields__)


def build(
    entries: Iterable[Entry],
    labels: IntArray,
    metric: Metric = LOG_LOSS,
    weights: FloatArray | None = None,
) -> list[ModelRecord]:
    """Score every entry; the fused teacher, if there is one, is what all are compared with.

    The test rows may have `weights` (m,): then all figures of quality are weighted.
    """
    entries = list(entries)
    teacher = next((entry for entry in entries if entry.fused), None)
    return [_record(entry, teacher, labels, metric, weights) for entry in entries]


def _record(
    entry: Entry,
    teacher: Entry | None,
    labels: IntArray,
    metric: Metric,
    weights: FloatArray | None,
) -> ModelRecord:
    other = metric != LOG_LOSS
    chosen_by = entry.selection_loss
    scores: Scores = score(entry.probabilities, labels, weights)
    closeness: Fidelity | None = None
    retention = None
    if teacher is not None:
        closeness = fidelity(teacher.probabilities, entry.probabilities, weights)
        theirs = score(teacher.probabilities, labels, weights).accuracy
        retention = _ratio(scores.accuracy, theirs)
    own, of_teacher = entry.footprint, teacher.footprint if teacher else UNKNOWN
    return ModelRecord(
        **{name: value for name, value in vars(entry).items() if name in COLUMNS},
        **asdict(scores),
        kl=closeness.kl if closeness else None,
        agreement=closeness.agreement if closeness else None,
        bytes=None if np.isnan(own.n_bytes) else int(own.n_bytes),
        row_us=_known(own.row_us),
        batch_us=_known(own.batch_us),
        compression=_ratio(of_teacher.n_bytes, own.n_bytes),
        speedup=_ratio(of_teacher.row_us, own.row_us),
        retention=retention,
        metric=metric.score(metric.loss(labels, entry.probabilities, weights)) if other else None,
        selection_metric=None if chosen_by is None else metric.score(chosen_by),
    )


def _known(number: float) -> float | None:
    return None if np.isnan(number) else number


def _ratio(over: float, under: float) -> float | None:
    return _known(over / under) if under else None


def to_frame(records: Iterable[ModelRecord]) -> pd.DataFrame:
    """Return the records as a frame, one column per key."""
    from hpmkd.evaluation.leaderboard_frame import Leaderboard

    return Leaderboard([asdict(record) for record in records], columns=list(COLUMNS))
