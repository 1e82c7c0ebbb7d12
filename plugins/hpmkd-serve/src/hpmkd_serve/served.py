"""A student as it is served: from its file to answers, with errors that name row and column."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError, StudentFileError, closest
from hpmkd.student import Student, example_row
from hpmkd.student.decisions import threshold_of
from hpmkd_serve.errors import RequestError
from hpmkd_serve.rows import RequestRows, kind_of

#: Types of a cell; a list or an object would be taken for the text of a category.
CELLS = frozenset({type(None), bool, int, float, str})
#: So many rows are answered by other kernels than one.
SEVERAL = 20


@dataclass(frozen=True, eq=False)
class ServedStudent:
    """A student that is ready to answer.

    Parameters
    ----------
    student : Student
    digest : str
        SHA-256 of its file, hexadecimal.
    loaded : float
        When, in seconds since 1970.
    load_seconds : float
        How long it took to read the file and to answer for the first time.
    """

    student: Student
    digest: str
    loaded: float
    load_seconds: float

    @classmethod
    def read(cls, path: Path) -> ServedStudent:
        """Read a student file, and answer an example, so that no request waits for a kernel.

        Raises
        ------
        StudentFileError
            It is missing, unreadable or damaged.
        """
        start = time.perf_counter()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StudentFileError(
                f"'{path}' cannot be read: {error.strerror or error}; give a run folder or a "
                ".hpmkd file"
            ) from error
        try:
            student = Student.from_bytes(content)
        except StudentFileError as error:
            raise StudentFileError(f"'{path}': {error}") from error
        example = example_row(student)
        for rows in ([example], [example] * SEVERAL):
            student.predict_proba([list(row.values()) for row in rows])
        digest = hashlib.sha256(content).hexdigest()
        return cls(student, digest, time.time(), time.perf_counter() - start)

    @cached_property
    def classes(self) -> list[Any]:
        """The labels as plain values."""
        labels: list[Any] = self.student.classes_.tolist()
        return labels

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; rows are read by them, in any order."""
        return self.student.encoder.schema.names

    @cached_property
    def _cells_of(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        if len(self.names) > 1:
            return itemgetter(*self.names)
        (name,) = self.names
        return lambda row: (row[name],)

    def answer(self, given: RequestRows, threshold: float | str | None) -> dict[str, Any]:
        """Return labels and probabilities.

        Parameters
        ----------
        given : RequestRows
        threshold : float or "best" or None
            As for :meth:`hpmkd.Student.predict`.

        Raises
        ------
        RequestError
            422: a row cannot be used, or the threshold is invalid.
        """
        try:
            classes, facts = self.student.classes_, self.student.facts
            rule = None if threshold is None else threshold_of(threshold, classes, facts)
        except DataError as error:
            raise RequestError(422, str(error)) from error
        probabilities = self.probabilities(given)
        codes = probabilities.argmax(axis=1) if rule is None else rule.codes(probabilities)
        labels = [self.classes[code] for code in codes.tolist()]
        rows = probabilities.tolist()
        if given.single:
            return {"label": labels[0], "probabilities": rows[0], "classes": self.classes}
        return {"labels": labels, "probabilities": rows, "classes": self.classes}

    def probabilities(self, given: RequestRows) -> NDArray[np.float64]:
        """Return probabilities of shape (n, K).

        Raises
        ------
        RequestError
            422: a row cannot be used; the error names it, and the column.
        """
        try:
            table = [self._cells_of(row) for row in given.rows]
        except (KeyError, TypeError, IndexError):
            self._refuse_shape(given)
        for at, cells in enumerate(table):
            if not CELLS.issuperset(map(type, cells)):
                self._refuse_nested(given, at)
        try:
            return self.student.predict_proba(table)
        except DataError as error:
            at = self._first_unreadable(table)
            # Of several wrong cells the error may name one of another row.
            found = self._unreadable_cell(table[at])
            given.refuse(at, *(found or (str(error),)))

    def _refuse_shape(self, given: RequestRows) -> NoReturn:
        """Raise the error of the first row that is no object, or lacks a column."""
        for at, row in enumerate(given.rows):
            if not isinstance(row, dict):
                given.refuse(at, f"is {kind_of(row)}; expected an object, of columns and cells")
            lacking = [name for name in self.names if name not in row]
            if lacking:
                near = closest(lacking[0], [name for name in row if name not in self.names])
                has = "" if near is None else f" (it has {near!r})"
                more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
                unsplit = given.lines is not None and len(row) == 1 < len(self.names)
                commas = ", and commas between the cells" if unsplit else ""
                given.refuse(
                    at,
                    f"lacks the column {lacking[0]!r}{has}{more}; expected all {len(self.names)}: "
                    "send null, in CSV an empty cell, where a value is not known"
                    f"{commas}",
                    lacking[0],
                )
        raise AssertionError("every row is an object with all columns")

    def _refuse_nested(self, given: RequestRows, at: int) -> NoReturn:
        """Raise the error of a list or an object in a cell."""
        cells = zip(self.names, self._cells_of(given.rows[at]), strict=True)
        name, cell = next((name, cell) for name, cell in cells if type(cell) not in CELLS)
        given.refuse(
            at,
            f"column {name!r} holds {kind_of(cell)}; expected a number, a text, true, false or "
            "null: send one value per cell",
            name,
        )

    def _first_unreadable(self, table: list[tuple[Any, ...]]) -> int:
        """Return the first row that the student refuses, of a table that it refuses."""
        low, high = 0, len(table)
        while high - low > 1:
            middle = (low + high) // 2
            if self._is_readable(table[low:middle]):
                low = middle
            else:
                high = middle
        return low

    def _is_readable(self, table: list[tuple[Any, ...]]) -> bool:
        try:
            self.student.predict_proba(table)
        except DataError:
            return False
        return True

    def _unreadable_cell(self, cells: tuple[Any, ...]) -> tuple[str, str] | None:
        """Return what is wrong with the first cell that the student refuses, and its column."""
        for column, cell in zip(self.student.encoder.schema.columns, cells, strict=True):
            alone = np.empty(1, dtype=object)
            alone[0] = cell
            try:
                column.read(alone)
            except DataError as error:
                return str(error), column.name
        return None
