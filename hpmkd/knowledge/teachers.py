"""The kinds of teacher: a classifier to cross-fit, a fitted model, or given probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hpmkd.errors import TeacherError

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.values import FloatArray


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


def require_probabilities(name: str, model: Any) -> None:
    """Refuse a teacher without ``predict_proba``."""
    if not hasattr(model, "predict_proba"):
        raise TeacherError(
            f"teacher {name!r} ({type(model).__name__}) has no predict_proba; expected a "
            "classifier with probabilities: wrap it in sklearn.calibration.CalibratedClassifierCV"
        )


def as_teachers(teacher: Any) -> list[Teacher]:
    """Sort out what Python callers may pass as ``teacher``.

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
        raise TeacherError(f"teacher {name!r} is a class; did you forget the ()?")
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
