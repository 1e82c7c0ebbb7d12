"""Fits one teacher on all folds but one; runs in worker processes."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.errors import FAILURES, TeacherError
from hpmkd.execution.cost_model import Load
from hpmkd.execution.jobs import Job
from hpmkd.knowledge.teachers import ClassAligned

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class FoldData:
    """What all folds of a cross-fit share."""

    table: Any
    labels: IntArray
    fold_of_row: IntArray  # (n,): the fold that holds each row out; -1 for none
    n_classes: int
    queries: tuple[Any, ...] = ()  # tables of other rows to predict with every fold model

    def __post_init__(self) -> None:
        # What is closed for writing reaches each worker once.
        object.__setattr__(self, "table", tables.read_only(self.table))
        for name in ("labels", "fold_of_row"):
            object.__setattr__(self, name, tables.frozen(getattr(self, name)))
        queries = tuple(tables.read_only(each) for each in self.queries)
        object.__setattr__(self, "queries", queries)


@dataclass(frozen=True)
class FoldTask:
    """One fold of one teacher."""

    name: str
    estimator: Any  # unfitted
    fold: int  # the fold that is held out, from 0
    question: str = ""  # digest of teacher, rows and queries
    keep: bool = True  # whether the model is wanted beside its predictions


@dataclass(frozen=True)
class FoldResult:
    """A fold's model, if wanted, and its predictions of the rows held out and of the queries."""

    model: ClassAligned | None
    held_out: FloatArray
    queries: tuple[FloatArray, ...]


def fit_fold(data: FoldData, task: FoldTask) -> FoldResult:
    """Fit on the rows outside the fold; predict the rows inside.

    Raises
    ------
    TeacherError
        Naming teacher and fold.
    """
    from sklearn.base import clone

    seen = np.flatnonzero((data.fold_of_row != task.fold) & (data.fold_of_row >= 0))
    held = np.flatnonzero(data.fold_of_row == task.fold)
    table = tables.take(data.table, seen)
    # Contiguous codes: some classifiers refuse anything else, and a fold may lack a class.
    codes, labels = np.unique(data.labels[seen], return_inverse=True)
    estimator = ready_for(clone(task.estimator), table)
    try:
        if len(codes) == 1:
            raise ValueError("only one class is left; collect more rows of the rare ones")
        estimator.fit(table, labels)
    except FAILURES as error:
        raise TeacherError(
            f"teacher {task.name!r} failed in fold {task.fold + 1}: {type(error).__name__}: {error}"
        ) from error
    del table  # of many rows it is large
    model = ClassAligned(task.name, estimator, codes, data.n_classes)
    queries = tuple(model.predict_rows(each) for each in data.queries)
    return FoldResult(model if task.keep else None, model.predict_rows(data.table, held), queries)


def _lost(task: FoldTask, reason: str) -> FoldResult:
    raise TeacherError(f"teacher {task.name!r} failed in fold {task.fold + 1}: {reason}")


def _load(data: FoldData, task: FoldTask) -> Load:
    sizes = {"rows": int((data.fold_of_row >= 0).sum()), "classes": data.n_classes}
    return Load(f"teacher {task.name}", sizes)


def _key(data: FoldData, task: FoldTask) -> str:
    return f"{task.question} {task.fold} {task.keep}"


#: Fits one teacher on all folds but one.
FOLD = Job("fold", fit_fold, _lost, _load, _key)


def ready_for(estimator: Any, table: Any) -> Any:
    """Put an encoder before an estimator that cannot read the raw table.

    A pipeline is taken to know its columns. The scikit-learn tags of anything else
    tell whether it reads strings and missing cells; where it does not, it gets ordinal codes
    (if it takes missing cells) or one-hot, imputed and scaled columns.
    """
    import pandas as pd
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.utils import get_tags

    from hpmkd.student.encoders.sklearn import TableEncoder

    if isinstance(estimator, Pipeline):
        return estimator
    tags = get_tags(estimator).input_tags
    frame = pd.DataFrame(table)
    textual = not all(pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes)
    missing = bool(frame.isna().to_numpy().any())
    if textual and not (tags.string or tags.categorical):
        return make_pipeline(TableEncoder(kind="tree" if tags.allow_nan else "linear"), estimator)
    if missing and not tags.allow_nan:
        return make_pipeline(TableEncoder(kind="linear"), estimator)
    return estimator


def seeded(estimator: Any, seed: int) -> Any:
    """Return a clone whose open random states are fixed, nested ones included."""
    from sklearn.base import clone

    copy = clone(estimator)
    open_states = {
        name: seed
        for name, value in copy.get_params(deep=True).items()
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    }
    return copy.set_params(**open_states)


def pickled_bytes(model: Any) -> int | None:
    """Return the size of a model as a pickle; None if it cannot be pickled."""
    try:
        return len(pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL))
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
