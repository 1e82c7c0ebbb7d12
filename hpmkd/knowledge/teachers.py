"""The kinds of teacher: a classifier to cross-fit, a fitted model, or given probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hpmkd.data import tables
from hpmkd.data.probabilities import by_name, checked
from hpmkd.errors import FAILURES, DataError, TeacherError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.values import FloatArray, IntArray

#: Rows that a model predicts in one call, at most.
ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class CloneableTeacher:
    """An unfitted scikit-learn classifier, to be cross-fitted on the training rows."""

    name: str
    estimator: Any


@dataclass(frozen=True)
class FittedTeacher:
    """A fitted model, taken as it is: it should never have seen the training rows."""

    name: str
    model: Any


@dataclass(frozen=True)
class GivenTeacher:
    """Probabilities of shape (n, K) for the training rows, and for the test rows if known."""

    name: str
    training: Any
    test: Any = None


class Classifier(Protocol):
    """A fitted model of the run's classes."""

    def predict_proba(self, table: Any) -> FloatArray:
        """Return probabilities of shape (n, K) for raw rows."""
        ...


@dataclass(frozen=True, eq=False)
class CrossFittedTeacher:
    """A student on hard labels that the run has cross-fitted already, as a teacher of others."""

    name: str
    models: Sequence[Classifier]  # by the fold that each was fitted without
    out_of_fold: FloatArray  # (n, K)
    deployed: Predictor  # the first of them, on raw rows


Teacher = CloneableTeacher | FittedTeacher | GivenTeacher | CrossFittedTeacher


@dataclass(frozen=True)
class ClassAligned:
    """A fitted model whose columns are put in the order of the run's classes."""

    name: str
    model: Any
    #: (k,): the class code of each column; -1 for a class that the data does not have.
    codes: IntArray
    n_classes: int
    labels: NDArray[Any]  # (k,): what the model calls its classes, by column
    #: Columns that it was fitted without.
    left_out: tuple[str, ...] = ()

    def predict_rows(self, table: Any, rows: IntArray | None = None) -> FloatArray:
        """Return probabilities (n, K) of some rows, of all by default, however many they are.

        The model receives copies, for it may scale its rows in place, and no more
        rows at a time than :data:`ROWS_AT_ONCE`, for the copies would be as large as the table.
        """
        rows = np.arange(table.shape[0]) if rows is None else rows
        parts = [rows[at : at + ROWS_AT_ONCE] for at in range(0, len(rows), ROWS_AT_ONCE)]
        predicted = [self.predict_proba(tables.take(table, part)) for part in parts or [rows]]
        return predicted[0] if len(predicted) == 1 else np.concatenate(predicted)

    def predict_proba(self, table: Any) -> FloatArray:
        """Return probabilities of shape (n, K); a class it never saw gets 0.

        Raises
        ------
        TeacherError
            If the model fails or returns something other than probabilities.
        """
        rows = tables.without(table, self.left_out)
        shape = (table.shape[0], len(self.codes))
        try:
            answer = by_name(self.model.predict_proba(rows), self.labels, "its probabilities")
            own = checked(answer, shape, f"teacher {self.name!r}")
        except FAILURES as error:
            raise TeacherError(
                f"teacher {self.name!r} failed to predict: {type(error).__name__}: {error}"
            ) from error
        known = self.codes >= 0
        aligned = np.zeros((shape[0], self.n_classes))
        aligned[:, self.codes[known]] = own[:, known]
        total = aligned.sum(axis=1, keepdims=True)
        # A row given wholly to classes that the data lacks carries nothing about the others.
        return np.where(total > 0, aligned / np.where(total > 0, total, 1), 1 / self.n_classes)


def align_fitted(teacher: FittedTeacher, classes: NDArray[Any]) -> ClassAligned:
    """Match the classes of a fitted model with those of the data.

    Raises
    ------
    DataError
        If the data has labels that the model does not know.
    TeacherError
        If the model has no ``predict_proba``, no list of classes, or lists one twice.
    """
    require_probabilities(teacher.name, teacher.model)
    own = _own_classes(teacher, classes)
    _refuse_repeated_classes(teacher.name, own.tolist())
    known = {_spelt(label): code for code, label in enumerate(classes.tolist())}
    codes = np.array([known.get(_spelt(label), -1) for label in own.tolist()])
    unknown = sorted(set(range(len(classes))) - set(codes.tolist()))
    if unknown:
        names = ", ".join(str(classes[code]) for code in unknown[:10])
        its = ", ".join(map(str, own[:10].tolist())) or "none"
        raise DataError(
            f"teacher {teacher.name!r} does not know the labels {names}; it knows {its}. "
            "Drop those rows, or take a teacher that was trained on them"
        )
    return ClassAligned(teacher.name, teacher.model, codes, len(classes), own)


def _refuse_repeated_classes(name: str, labels: list[Any]) -> None:
    counts = Counter(map(_spelt, labels))
    repeated = [label for label, count in counts.items() if count > 1]
    if repeated:
        raise TeacherError(
            f"teacher {name!r} lists classes more than once in classes_: {', '.join(repeated)} of "
            f"{', '.join(map(repr, labels[:10]))}; expected each once, in the order of the columns "
            "of predict_proba: add up columns that are one class"
        )


def _own_classes(teacher: FittedTeacher, classes: NDArray[Any]) -> NDArray[Any]:
    """Return the labels that a model lists, by column; without any it has those of the data."""
    try:
        listed = getattr(teacher.model, "classes_", None)
    except FAILURES as error:
        raise TeacherError(
            f"teacher {teacher.name!r} failed to list its classes_: {type(error).__name__}: {error}"
        ) from error
    own: NDArray[Any] = classes if listed is None else np.asarray(listed)
    if own.ndim != 1:
        raise TeacherError(
            f"teacher {teacher.name!r} has classes_ of type {type(listed).__name__} and shape "
            f"{own.shape}; expected one label per column of predict_proba, or None for those of "
            "the data in sorted order"
        )
    return own


def _spelt(label: Any) -> str:
    """Spell a label so that 1, 1.0 and "1" are one."""
    whole = isinstance(label, (float, np.floating)) and label.is_integer()
    return str(int(label)) if whole else str(label)


def require_probabilities(name: str, model: Any) -> None:
    """Refuse a teacher without ``predict_proba``."""
    if not hasattr(model, "predict_proba"):
        raise TeacherError(
            f"teacher {name!r} ({type(model).__name__}) has no predict_proba; expected a "
            "classifier with probabilities: wrap it in sklearn.calibration.CalibratedClassifierCV"
        )


def as_teachers(teacher: Any) -> list[Teacher]:
    """Tell apart what Python callers may pass as ``teacher``.

    Parameters
    ----------
    teacher : classifier, array-like, mapping of name to these, sequence of these
        An unfitted classifier is cross-fitted; a fitted one, and a probability matrix, are
        taken as they are.

    Raises
    ------
    TeacherError
        If something is neither.
    """
    teachers = [_as_teacher(name, each) for name, each in _named(teacher)]
    if not teachers:
        raise TeacherError("got no teacher; expected at least one, or None for the recipe's panel")
    names = [each.name for each in teachers]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise TeacherError(f"two teachers are called {', '.join(repeated)}; pass a dict of names")
    return teachers


def _named(teacher: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(teacher, Mapping):
        yield from ((str(name), each) for name, each in teacher.items())
    elif isinstance(teacher, (list, tuple)) and all(map(_is_teacher, teacher)):
        counts: dict[str, int] = {}
        for each in teacher:
            base = _name_of(each)
            counts[base] = counts.get(base, 0) + 1
            yield (base if counts[base] == 1 else f"{base}_{counts[base]}"), each
    else:
        yield _name_of(teacher), teacher


def _is_teacher(each: Any) -> bool:
    if isinstance(each, (CloneableTeacher, FittedTeacher, GivenTeacher)):
        return True
    return hasattr(each, "predict_proba") or hasattr(each, "fit") or np.ndim(each) == 2


def _name_of(teacher: Any) -> str:
    if isinstance(teacher, (CloneableTeacher, FittedTeacher, GivenTeacher)):
        return teacher.name
    if isinstance(teacher, type):
        return teacher.__name__
    if hasattr(teacher, "fit") or hasattr(teacher, "predict_proba"):
        return type(teacher).__name__.lower()
    return "given"


def _as_teacher(name: str, each: Any) -> Teacher:
    if isinstance(each, (CloneableTeacher, FittedTeacher, GivenTeacher)):
        return replace(each, name=name)
    if isinstance(each, type):
        raise TeacherError(f"teacher {name!r} is a class; have you forgotten the ()?")
    if hasattr(each, "fit") or hasattr(each, "predict_proba"):
        require_probabilities(name, each)
        return FittedTeacher(name, each) if _is_fitted(each) else CloneableTeacher(name, each)
    if hasattr(each, "__array__") or (isinstance(each, Sequence) and not isinstance(each, str)):
        return GivenTeacher(name, each)
    raise TeacherError(
        f"teacher {name!r}: got {type(each).__name__}; expected a classifier with fit and "
        "predict_proba, or a matrix of probabilities"
    )


def _is_fitted(model: Any) -> bool:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not hasattr(model, "fit"):
        return True
    try:
        check_is_fitted(model)
    except (NotFittedError, TypeError):
        return False
    except AttributeError:  # it does not derive from BaseEstimator: by the rule of those that do
        names = [name for name in dir(model) if name.endswith("_") and not name.startswith("__")]
        return any(hasattr(model, name) for name in names)
    return True
