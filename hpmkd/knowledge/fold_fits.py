"""Fits one teacher on all folds but one or two; runs in worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.errors import FAILURES, TeacherError
from hpmkd.execution.cost_model import Load
from hpmkd.execution.jobs import Job
from hpmkd.knowledge.class_alignment import ClassAligned

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class FoldData:
    """What all folds of a cross-fit share."""

    table: Any
    labels: IntArray
    fold_of_row: IntArray  # (n,): the fold of each row; -1 of rows that no model is fitted on
    n_classes: int
    queries: tuple[Any, ...] = ()  # tables of other rows to predict with every fold model
    #: By fold, a table to predict with the model that is fitted without this fold alone.
    own: tuple[Any, ...] = ()
    #: Columns that no model is fitted on.
    left_out: tuple[str, ...] = ()
    weights: FloatArray | None = None  # (n,): of the rows; None if all weigh the same

    def __post_init__(self) -> None:
        # What is closed for writing reaches each worker once.
        object.__setattr__(self, "table", tables.read_only(self.table))
        for name in ("labels", "fold_of_row"):
            object.__setattr__(self, name, tables.frozen(getattr(self, name)))
        if self.weights is not None:
            object.__setattr__(self, "weights", tables.frozen(self.weights))
        for name in ("queries", "own"):
            found = tuple(tables.read_only(each) for each in getattr(self, name))
            object.__setattr__(self, name, found)


@dataclass(frozen=True)
class FoldTask:
    """One fit of one teacher."""

    name: str
    estimator: Any  # unfitted
    held: tuple[int, ...]  # the folds that are held out, from 0
    key: str = ""  # digest of teacher, rows and queries
    keep: bool = True  # whether the model is wanted beside its predictions

    @property
    def place(self) -> str:
        """The folds that are held out, in words."""
        numbers = " and ".join(str(fold + 1) for fold in self.held)
        return f"fold{'s' * (len(self.held) > 1)} {numbers}"


@dataclass(frozen=True)
class FoldResult:
    """A model, if wanted, and its predictions.

    They are of the rows held out, of those that no model sees, and of the queries, in one array.
    """

    model: ClassAligned | None
    predicted: FloatArray


def fit_fold(data: FoldData, task: FoldTask) -> FoldResult:
    """Fit on the rows outside the folds, with their weights if it takes any; predict the others.

    Raises
    ------
    TeacherError
        Naming teacher and fold.
    """
    from sklearn.base import clone

    inside, unseen = np.isin(data.fold_of_row, task.held), data.fold_of_row < 0
    seen = np.flatnonzero(~(inside | unseen))
    table = tables.without(tables.take(data.table, seen), data.left_out)
    # Contiguous codes: some classifiers refuse anything else, and a fold may lack a class.
    codes, labels = np.unique(data.labels[seen], return_inverse=True)
    estimator = ready_for(clone(task.estimator), table)
    try:
        if len(codes) == 1:
            raise ValueError("only one class is left; collect more rows of the rare ones")
        estimator.fit(table, labels, **_weighed(estimator, data, seen))
    except FAILURES as error:
        raise TeacherError(
            f"teacher {task.name!r} failed in {task.place}: {type(error).__name__}: {error}"
        ) from error
    del table  # of many rows it is large
    labels = np.arange(len(codes))
    model = ClassAligned(task.name, estimator, codes, data.n_classes, labels, data.left_out)
    queries = [*data.queries]
    if data.own and len(task.held) == 1:
        queries.append(data.own[task.held[0]])
    # Many models refuse a table without rows.
    inner = [np.flatnonzero(at) for at in (inside, unseen) if at.any()]
    predicted = [model.predict_rows(data.table, at) for at in inner]
    predicted += [model.predict_rows(each) for each in queries]
    return FoldResult(model if task.keep else None, np.concatenate(predicted))


def _weighed(estimator: Any, data: FoldData, seen: IntArray) -> dict[str, Any]:
    """Return the weights of some rows as an argument of an estimator's fit, if it takes any."""
    name = None if data.weights is None else weights_argument(estimator)
    return {} if name is None or data.weights is None else {name: data.weights[seen]}


def weights_argument(estimator: Any) -> str | None:
    """Return the name by which ``fit`` takes the weights of rows; None if it takes none.

    A pipeline hands them to its last step, a search over parameters to what it fits, a vote or a
    stack to all its members.
    """
    from sklearn.ensemble import StackingClassifier, VotingClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        own = weights_argument(last)
        return None if own is None else f"{name}__{own}"
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    if hasattr(estimator, "param_grid") or hasattr(estimator, "param_distributions"):
        return weights_argument(estimator.estimator)
    if isinstance(estimator, (StackingClassifier, VotingClassifier)):
        last = getattr(estimator, "final_estimator", None)
        members = [*(each for _, each in estimator.estimators), *([] if last is None else [last])]
        names = {weights_argument(each) for each in members if each != "drop"}
        return "sample_weight" if names == {"sample_weight"} else None
    return None


def _lost(task: FoldTask, reason: str) -> FoldResult:
    raise TeacherError(f"teacher {task.name!r} failed in {task.place}: {reason}")


def _load(data: FoldData, task: FoldTask) -> Load:
    sizes = {"rows": int((data.fold_of_row >= 0).sum()), "classes": data.n_classes}
    return Load(f"teacher {task.name}", sizes)


def _key(data: FoldData, task: FoldTask) -> str:
    return f"{task.key} {task.keep}"


#: Fits one teacher on all folds but one or two.
FOLD = Job("fold", fit_fold, _lost, _load, _key)


def ready_for(estimator: Any, table: Any) -> Any:
    """Put an encoder before an estimator that cannot read the raw table.

    A pipeline is taken to know its columns. The scikit-learn tags of anything else
    tell whether it reads strings and missing cells; where it does not, it gets ordinal codes
    (if it takes missing cells) or one-hot, imputed and scaled columns. Without tags, it reads
    numbers alone.
    """
    import pandas as pd
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.utils import InputTags, get_tags

    from hpmkd.student.encoders.sklearn import TableEncoder

    if isinstance(estimator, Pipeline):
        return estimator
    try:
        tags = get_tags(estimator).input_tags
    except AttributeError:  # it does not derive from BaseEstimator
        tags = InputTags()
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
