"""Everything that is asked of the teachers: the regime, soft targets, the final knowledge."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.dataset import DataWarning
from hpmkd.extra import ExtraSource, Labelled
from hpmkd.knowledge import Fusion, Knowledge, gather
from hpmkd.reading import Readings, TeacherReader, stack
from hpmkd.regime import Regime, detect, worst
from hpmkd.teachers import CloneableTeacher, GivenTeacher, Teacher

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
    extra : Labelled or None
        Rows without labels, and what the teachers say about them.
    """

    knowledge: Knowledge
    fusion: Fusion
    readings: Sequence[Readings]
    extra: Labelled | None


@dataclass(frozen=True)
class Teaching:
    """The teachers of a run, their reader, their fuser, and where further rows come from."""

    teachers: Sequence[Teacher]
    reader: TeacherReader
    fuser: Selected
    source: ExtraSource

    @property
    def silent(self) -> list[str]:
        """The teachers that say nothing about rows they were not given."""
        return [each.name for each in self.teachers if isinstance(each, GivenTeacher)]

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
            said = self.reader.out_of_fold(teacher, rows)
            unseen = np.mean([self.reader.out_of_fold(each, rows) for each in reference], axis=0)
            found.append(detect(said, unseen, self.reader.training.labels))
        return worst(found)

    def with_sources_for(self, regime: Regime) -> Teaching:
        """Return what is left to teach with: extra rows need a teacher that may label them.

        Rows made from training rows lie so near to them that teachers which have seen the
        labels would repeat them. Real rows are no such copies.
        """
        source = self.source.without_augmenter() if regime.name == "leaking" else self.source
        # Asked before anything is read, for an augmenter may make none.
        if self.silent and source.rows(self.reader.training.table) is not None:
            warnings.warn(
                f"no rows without labels are used: teacher {', '.join(self.silent)} is given as "
                "probabilities and cannot label them; hand in a model instead",
                DataWarning,
                stacklevel=4,
            )
        return replace(self, source=source.dry() if self.silent else source)

    def soft_targets(self, rows: IntArray) -> tuple[FloatArray, Labelled | None]:
        """Return soft targets (n, K) for some rows, from teachers that saw no others.

        Beside them, extra rows: made from these rows alone, labelled by the same teachers.
        """
        fitted = self.reader.training.rows(rows)
        extra = self.source.rows(fitted.table)
        readings = [self.reader.read(teacher, rows, extra) for teacher in self.teachers]
        said = stack([reading.training for reading in readings])
        fusion = Fusion.fit(self.fuser, said, fitted.labels, fitted.table)
        return fusion.fuse(said, fitted.table)[0], self._labelled(extra, readings, fusion)

    def finish(self, regime: Regime) -> Taught:
        """Read all training rows, the test rows, and extra rows."""
        training = self.reader.training
        extra = self.source.rows(training.table)
        readings = [self.reader.final(teacher, extra) for teacher in self.teachers]
        said = stack([reading.training for reading in readings])
        fusion = Fusion.fit(self.fuser, said, training.labels, training.table)
        names = [teacher.name for teacher in self.teachers]
        labelled = self._labelled(extra, readings, fusion)
        knowledge = gather(names, regime, fusion, said, training.table, labelled)
        return Taught(knowledge, fusion, readings, labelled)

    def _labelled(
        self, extra: Any, readings: Sequence[Readings], fusion: Fusion
    ) -> Labelled | None:
        said = [reading.extra for reading in readings if reading.extra is not None]
        if len(said) < len(readings):
            return None
        soft_targets = fusion.fuse(stack(said), extra)[0]
        return Labelled(extra, soft_targets, self.source.settings.weight, self.source.real)
