"""Fitted models whose classes are put in the order of those of the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.probabilities import by_name, checked, spell_label
from hpmkd.errors import FAILURES, DataError, TeacherError
from hpmkd.knowledge.teachers import FittedTeacher, require_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray

#: Rows that a model predicts in one call, at most.
ROWS_AT_ONCE = 200_000


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

        The model receives copies, because it may scale its rows in place, and no more
        rows at a time than :data:`ROWS_AT_ONCE`, as the copies would be as large as the table.
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
    known = {spell_label(label): code for code, label in enumerate(classes.tolist())}
    codes = np.array([known.get(spell_label(label), -1) for label in own.tolist()])
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
    counts = Counter(map(spell_label, labels))
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
