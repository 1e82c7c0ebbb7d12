"""Everything that is asked of the teachers: the regime, soft targets, the final knowledge."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.dataset import DataWarning
from hpmkd.knowledge import Fusion, Knowledge, gather
from hpmkd.probabilities import row_losses
from hpmkd.reading import Readings, TeacherReader, stack
from hpmkd.regime import Regime, detect, worst
from hpmkd.teachers import CloneableTeacher, Teacher

if TYPE_CHECKING:
    from hpmkd.components import Selected
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class Taught:
    """What the teachers say in the end.

    Parameters
    ----------
    knowledge : Knowledge
        About the training rows.
    fusion : Fusion
        How it was fused.
    readings : sequence of Readings
        What each teacher says about training and test rows.
    """

    knowledge: Knowledge
    fusion: Fusion
    readings: Sequence[Readings]


@dataclass(frozen=True)
class Teaching:
    """The teachers of a run, their reader and their fuser.

    Parameters
    ----------
    teachers : sequence of Teacher
        At least one.
    reader : TeacherReader
        Asks them.
    fuser : Selected
        Makes one soft target of what they say.
    references : callable
        Returns the teachers that given ones are compared with; called if some are given.
    """

    teachers: Sequence[Teacher]
    reader: TeacherReader
    fuser: Selected
    references: Callable[[], Sequence[Teacher]]

    @property
    def given(self) -> list[Teacher]:
        """The teachers that are taken as they are, and may have seen the labels."""
        return [each for each in self.teachers if not isinstance(each, CloneableTeacher)]

    @cached_property
    def reference(self) -> Sequence[Teacher]:
        """The teachers that given ones are compared with; none if none is given."""
        return self.references() if self.given else ()

    def n_folds(self, n_splits: int) -> int:
        """Return how many teacher fits lie ahead, at most."""
        n_cloneable = len(self.teachers) - len(self.given)
        return (n_cloneable * (n_splits + 1) + len(self.reference)) * self.reader.n_folds

    def regime(self) -> Regime:
        """Compare what is given with cross-fitted reference teachers on the same rows."""
        rows = np.arange(len(self.reader.training))
        found = []
        for teacher in self.given:
            # Both through the fuser: an uncalibrated teacher may know more and still lose.
            said, unseen = self._fused([teacher], rows), self._fused(self.reference, rows)
            found.append(detect(said, unseen, self.reader.training.labels))
            self._warn_if_worse_than_nothing(teacher, rows)
        return worst(found)

    def _warn_if_worse_than_nothing(self, teacher: Teacher, rows: IntArray) -> None:
        training = self.reader.training
        said = row_losses(self.reader.out_of_fold(teacher, rows), training.labels)
        shares = np.bincount(training.labels, minlength=len(training.classes)) / len(training)
        known = row_losses(np.tile(shares, (len(training), 1)), training.labels)
        loss = said - known
        # Beyond chance: one that knows nothing need not have its columns in disorder.
        if loss.mean() > 2 * loss.std(ddof=1) / np.sqrt(len(loss)):
            order = ", ".join(map(str, training.classes[:10]))
            warnings.warn(
                f"teacher {teacher.name!r}: its log loss on the training rows is "
                f"{said.mean():.3f}, worse than the {known.mean():.3f} of always answering with "
                f"the shares of the classes; are its columns in the order {order}?",
                DataWarning,
                stacklevel=2,
            )

    def soft_targets(self, rows: IntArray) -> FloatArray:
        """Return soft targets (n, K) for some rows, from teachers that saw no others."""
        return self._fused(self.teachers, rows)

    def _fused(self, teachers: Sequence[Teacher], rows: IntArray) -> FloatArray:
        fitted = self.reader.training.rows(rows)
        said = stack([self.reader.out_of_fold(teacher, rows) for teacher in teachers])
        fusion = Fusion.fit(self.fuser, said, fitted.labels, fitted.table)
        return fusion.fuse(said, fitted.table)[0]

    def finish(self, regime: Regime) -> Taught:
        """Read all training rows and the test rows."""
        training = self.reader.training
        readings = [self.reader.final(teacher) for teacher in self.teachers]
        said = stack([reading.training for reading in readings])
        fusion = Fusion.fit(self.fuser, said, training.labels, training.table)
        names = [teacher.name for teacher in self.teachers]
        return Taught(gather(names, regime, fusion, said, training.table), fusion, readings)
