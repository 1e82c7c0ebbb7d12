"""The student: raw columns in, probabilities out, one small file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from mmap import mmap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError, StudentFileError
from hpmkd.student.decisions import threshold_of
from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.file import file
from hpmkd.student.file.arrays import as_classes
from hpmkd.student.file.container import damaged, read_content, write_content
from hpmkd.student.file.file import plain_facts
from hpmkd.student.models import FittedModel
from hpmkd.student.packed.content import NotPackable
from hpmkd.student.packed.pool import PackedPool, pack
from hpmkd.student.packed.rows import as_mapping
from hpmkd.student.packed.student import PackedStudent

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd.student.drift.result import Drift
    from hpmkd.student.drift.sketch import Sketch


@dataclass(frozen=True, eq=False, repr=False)
class Student:
    """A fitted small model with its encoder and its classes.

    Parameters
    ----------
    encoder : TreeEncoder, LinearEncoder or JointEncoder
        Turns raw rows into what `model` reads.
    model : TreesModel, LinearModel, NetworkModel, AdditiveModel or PooledModel
        Turns encoded rows into probabilities.
    classes : array-like of shape (K,)
        The labels, all text, integers, floats or booleans, in the order of the probabilities.
    facts : mapping, optional
        Facts about the student in its file: names to plain JSON values.
    sketch : Sketch, optional
        Shares of the training rows by column, for :meth:`drift`.

    Raises
    ------
    ValueError
        The parts do not match, or a fact is not a plain value.

    Notes
    -----
    Immutable, so threads may share it. Each row is predicted by itself: alone or among
    others, its probabilities are the same, bit for bit.
    """

    encoder: FittedEncoder
    model: FittedModel
    classes: NDArray[Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    sketch: Sketch | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", as_classes(self.classes))
        object.__setattr__(self, "facts", MappingProxyType(plain_facts(self.facts)))
        file.check_parts(self.encoder, self.model, self.classes)
        if self.sketch is not None and not self.sketch.fits(self.encoder.schema):
            raise ValueError("the sketch of the training rows is of other columns")

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only mapping does not pickle; students come back from worker processes.
        facts = dict(self.facts)
        return (Student, (self.encoder, self.model, self.classes, facts, self.sketch))

    def __repr__(self) -> str:
        labels = ", ".join(repr(label) for label in self.classes[:3].tolist())
        more = ", …" if len(self.classes) > 3 else ""
        return (
            f"<Student: {self.model.family}, {len(self.classes)} classes ({labels}{more}), "
            f"{len(self.encoder.schema.columns)} columns, {self.n_bytes:,} bytes>"
        )

    def _repr_html_(self) -> str:
        """Return it as notebooks show it."""
        from hpmkd.student.notebook import student_html

        return student_html(self)

    @property
    def classes_(self) -> NDArray[Any]:
        """The K labels, in the order of the probability columns."""
        return self.classes

    @property
    def packed(self) -> PackedStudent | PackedPool:
        """The student in one buffer, for rows that are arrays of numbers.

        An ensemble is a :class:`~hpmkd.student.packed.pool.PackedPool`, which has no margins.

        Raises
        ------
        DataError
            It is of a kind that cannot be packed; use :meth:`predict_proba`.
        """
        if self._packed is None:
            raise DataError(
                f"the student ({self.model.family}) cannot be packed: use predict_proba, or "
                "smaller trees"
            )
        return self._packed

    @cached_property
    def _packed(self) -> PackedStudent | PackedPool | None:
        try:
            return pack(self.encoder, self.model)
        except NotPackable:
            return None

    @cached_property
    def _ask(self) -> Callable[[Mapping[str, Any]], Any]:
        """:meth:`predict_one` as a function, bound to what it needs."""

        def general(row: Mapping[str, Any]) -> Any:
            return self.predict([as_mapping(row)])[0].item()

        if self._packed is None:
            return general
        return self._packed.asker(tuple(self.classes.tolist()), general)

    @cached_property
    def n_bytes(self) -> int:
        """Size of the student as a file, in bytes, without its sketch."""
        bare = self if self.sketch is None else replace(self, sketch=None)
        return len(bare.to_bytes())

    @property
    def sketch_bytes(self) -> int:
        """What the sketch adds to the file, in bytes; 0 without one."""
        return 0 if self.sketch is None else len(self.to_bytes()) - self.n_bytes

    def predict_proba(self, table: Any) -> NDArray[np.float64]:
        """Return probabilities for raw rows.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            Rows as in training: a DataFrame (matched by column name), a 2-D array (by
            position), a list of dicts, or a dict of columns. n may be 0.

        Returns
        -------
        ndarray of shape (n, K)
            float64; rows sum to 1.

        Raises
        ------
        DataError
            Columns are missing, or a number column holds text.
        """
        packed = self._packed
        if packed is None or packed.is_awaited:
            return self.model.probabilities(self.encoder.transform(table))
        return packed.predict_proba(table)

    def predict(self, table: Any, threshold: float | str | None = None) -> NDArray[Any]:
        """Return the most probable class for raw rows, or the one that a threshold names.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            As for :meth:`predict_proba`.
        threshold : float or "best", optional
            Of two classes: the probability, in [0, 1], from which one is named: the rarer one that
            the student's file records, else the second; ``"best"`` takes that of the file.

        Returns
        -------
        ndarray of shape (n,)
            Labels; the first of equally probable ones.

        Raises
        ------
        DataError
            Columns are missing, a number column holds text, or the threshold is none.
        """
        rule = None if threshold is None else threshold_of(threshold, self.classes, self.facts)
        found = self.predict_proba(table)
        return np.asarray(self.classes[found.argmax(axis=1) if rule is None else rule.codes(found)])

    def predict_one(self, row: Mapping[str, Any]) -> Any:
        """Return the most probable class of a single row.

        Parameters
        ----------
        row : mapping
            Cells by the names of the columns; further ones are ignored.

        Returns
        -------
        bool, int, float or str
            The label, a plain Python value: that of :meth:`predict` on ``[row]``.

        Raises
        ------
        DataError
            It is not a mapping, columns are missing, or a number column holds text.
        """
        return self._ask(row)

    def drift(self, table: Any) -> Drift:
        """Compare raw rows with those that the student was trained on.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            As for :meth:`predict_proba`.

        Returns
        -------
        Drift
            By column, the population stability index and counts of the cells beyond training;
            :attr:`~hpmkd.student.drift.result.Drift.hint` advises whether to distil again.

        Raises
        ------
        StudentFileError
            The student has no sketch of its training rows.
        DataError
            Columns are missing, or a number column holds text.
        """
        if self.sketch is None:
            raise StudentFileError(
                "the student has no sketch of its training rows to compare with: distil again "
                "without --no-sketch, or add one with student.with_sketch(training_rows)"
            )
        return self.sketch.compare(self.encoder.schema, table)

    def with_sketch(self, table: Any) -> Student:
        """Return the same student with a sketch of raw rows, those that it was trained on."""
        from hpmkd.student.drift.sketch import Sketch

        return replace(self, sketch=Sketch.fit(self.encoder.schema, table))

    def within(self, max_size: int) -> Student:
        """Return the same student, without its sketch if its file is larger; 0 for any size."""
        fits = self.sketch is None or not 0 < max_size < self.n_bytes + self.sketch_bytes
        return self if fits else replace(self, sketch=None)

    def to_bytes(self) -> bytes:
        """Return the student as the content of a ``.hpmkd`` file."""
        parts = (self.encoder, self.model, self.classes, self.facts, self.sketch)
        return file.write(file.FileParts(*parts))

    @classmethod
    def from_bytes(cls, content: bytes) -> Student:
        """Read a student from the content of a ``.hpmkd`` file.

        Raises
        ------
        StudentFileError
            The content is not a student file, is damaged, or is of another format version.
        """
        return cls._of(bytes(content))

    @classmethod
    def _of(cls, content: bytes | mmap) -> Student:
        parts = file.read(content)
        try:
            return cls(*parts)
        except ValueError as error:
            raise damaged(str(error)) from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the student to a file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Where; the folder must exist, a file in the way is replaced.

        Raises
        ------
        StudentFileError
            The file cannot be written.
        """
        return write_content(path, self.to_bytes())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Student:
        """Read a student from a file; one of 1 MB or more is mapped into memory.

        The values of a mapped student (leaves, coefficients) are the file's own pages. The
        file may be replaced meanwhile, but must not be altered or truncated in place.

        Raises
        ------
        StudentFileError
            The file is missing or unreadable, is not a student file, or is damaged.
        """
        try:
            return cls._of(read_content(path))
        except StudentFileError as error:
            raise StudentFileError(f"{str(path)!r}: {error}") from error
