"""Everything that is asked of the teachers: the regime, soft targets, the final knowledge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.knowledge import Fusion, Knowledge, gather
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
    """The teachers of a run, their reader and their fuser."""

    teachers: Sequence[Teacher]
    reader: TeacherReader
    fuser: Selected

    @property
    def given(self) -> list[Teacher]:
        """The teachers that are taken as they are, and may have seen the labels."""
        return [each for each in self.teachers if not isinstance(each, CloneableTeacher)]

    def n_folds(self, n_splits: int, n_references: int) -> int:
        """Return how many teacher fits lie ahead, at most."""
        n_cloneable = len(self.teachers) - len(self.given)
        n_reads = n_cloneable * (n_splits + 1) + (n_references if self.given else 0)
        return n_reads * self.reader.n_folds

    def regime(self, reference: Sequence[Teacher]) -> Regime:
        """Compare what is given with cross-fitted reference teachers on the same rows."""
        rows = np.arange(len(self.reader.training))
        found = []
        for teacher in self.given:
            # Both through the fuser: an uncalibrated teacher may know more and still lose.
            said, unseen = self._fused([teacher], rows), self._fused(reference, rows)
            found.append(detect(said, unseen, self.reader.training.labels))
        return worst(found)

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
