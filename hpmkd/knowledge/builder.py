"""Everything that is asked of the teachers: the regime, soft targets, the final knowledge."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.dataset import Dataset, DataWarning
from hpmkd.data.probabilities import row_losses
from hpmkd.data.unlabeled import ExtraSource, PseudoLabelledRows
from hpmkd.knowledge.cached_fusion import CachedFusion
from hpmkd.knowledge.fusion import Knowledge, gather
from hpmkd.knowledge.predictor import TeacherPredictions, TeacherPredictor, stack
from hpmkd.knowledge.regime import Regime, detect, worst
from hpmkd.knowledge.teachers import CloneableTeacher, GivenTeacher, Teacher

if TYPE_CHECKING:
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class TeacherKnowledge:
    """What the teachers say in the end.

    Parameters
    ----------
    knowledge : Knowledge
        About the training rows.
    fusion : CachedFusion
        How it was fused.
    readings : sequence of TeacherPredictions
        What each teacher says about training and test rows.
    extra : PseudoLabelledRows or None
        Rows without labels, and what the teachers say about them.
    """

    knowledge: Knowledge
    fusion: CachedFusion
    readings: Sequence[TeacherPredictions]
    extra: PseudoLabelledRows | None

    def original(self, test: Any) -> TeacherPredictions:
        """Return what is distilled: one teacher as it is, several as they are fused."""
        if len(self.readings) == 1:
            return self.readings[0]
        said = [reading.test for reading in self.readings]
        known = [each for each in said if each is not None]
        fused = self.fusion.fuse(stack(known), test)[0] if len(known) == len(said) else None
        return TeacherPredictions(self.knowledge.soft_targets, fused)


@dataclass(frozen=True)
class KnowledgeBuilder:
    """The teachers of a run, their reader, their fuser, and where further rows come from.

    Parameters
    ----------
    teachers : sequence of Teacher
        At least one.
    reader : TeacherPredictor
        Asks them.
    fuser : ComponentSpec
        Makes one soft target of what they say.
    references : callable
        Returns the teachers that given ones are compared with; called if some are given.
    source : ExtraSource
        Gives rows without labels, for the teachers to label.
    """

    teachers: Sequence[Teacher]
    reader: TeacherPredictor
    fuser: ComponentSpec
    references: Callable[[], Sequence[Teacher]]
    source: ExtraSource

    @property
    def silent(self) -> list[str]:
        """The teachers that say nothing about rows they were not given."""
        return [each.name for each in self.teachers if isinstance(each, GivenTeacher)]

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
        # All through the fuser: an uncalibrated teacher may know more and still lose.
        unseen = self._fused(self.reference, rows) if self.given else np.empty(0)
        for teacher in self.given:
            said = self._fused([teacher], rows)
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

    def with_sources_for(self, regime: Regime) -> KnowledgeBuilder:
        """Return what is left to teach with: extra rows need a teacher that may label them.

        Rows made from training rows lie so near to them that teachers which have seen the
        labels would repeat them. Real rows are no such copies.
        """
        source = self.source if regime.name != "leaking" else self.source.without_augmenter()
        # Of made rows nobody need be told: what was made is in the knowledge.
        if self.silent and source.real:
            warnings.warn(
                f"the rows without labels are not used: teacher {', '.join(self.silent)} is given "
                "as probabilities and cannot label them; hand in a model instead",
                DataWarning,
                stacklevel=4,
            )
        return replace(self, source=source.disabled() if self.silent else source)

    def soft_targets(self, rows: IntArray) -> tuple[FloatArray, PseudoLabelledRows | None]:
        """Return soft targets (n, K) for some rows, from teachers that saw no others.

        Beside them, extra rows: made from these rows alone, labelled by the same teachers.
        """
        fitted = self.reader.training.rows(rows)
        extra = self.source.rows(fitted.table)
        readings = self.reader.read_all(self.teachers, rows, extra)
        fusion = self._fusing([reading.training for reading in readings], fitted)
        return fusion.own()[0], self._labelled(extra, readings, fusion)

    def _fused(self, teachers: Sequence[Teacher], rows: IntArray) -> FloatArray:
        said = [each.training for each in self.reader.read_all(teachers, rows)]
        return self._fusing(said, self.reader.training.rows(rows)).own()[0]

    def _fusing(self, said: Sequence[FloatArray], rows: Dataset) -> CachedFusion:
        return CachedFusion(
            self.fuser, stack(said), rows, CacheRegion(self.reader.cache, "attention")
        )

    def finish(
        self, regime: Regime, unseen: IntArray | None = None, fused: IntArray | None = None
    ) -> TeacherKnowledge:
        """Read all training rows, the test rows, and extra rows.

        Parameters
        ----------
        regime : Regime
            Where the teachers' knowledge comes from.
        unseen : ndarray, optional
            Rows whose labels neither teachers nor fuser are to see.
        fused : ndarray, optional
            Rows that the fuser is fitted on, none of them unseen; by default all.
        """
        training = self.reader.training
        extra = self._extra(unseen)
        readings = self.reader.final_all(self.teachers, extra, unseen)
        said = [reading.training for reading in readings]
        if fused is None:
            fusion = self._fusing(said, training)
            answer = fusion.own()
        else:
            fusion = self._fusing([each[fused] for each in said], training.rows(fused))
            stacked = stack(said)
            if len(said) > 1:
                # Nobody asks again, and of many rows they are large.
                readings = [replace(each, training=each.training[:0].copy()) for each in readings]
            del said
            answer = fusion.fuse(stacked, training.table)
        names = [teacher.name for teacher in self.teachers]
        labelled = self._labelled(extra, readings, fusion)
        knowledge = gather(names, regime, fusion, labelled, answer)
        return TeacherKnowledge(knowledge, fusion, readings, labelled)

    def _extra(self, unseen: IntArray | None) -> Any:
        """Return rows without labels, none of them made from an unseen row."""
        training = self.reader.training
        if unseen is None:
            return self.source.rows(training.table)
        kept = np.setdiff1d(np.arange(len(training)), unseen)
        if not self.source.requested(len(kept)):
            return None
        # Real ones are made of no row: there is no need to take any.
        table = training.table if self.source.real else training.rows(kept).table
        return self.source.rows(table)

    def _labelled(
        self, extra: Any, readings: Sequence[TeacherPredictions], fusion: CachedFusion
    ) -> PseudoLabelledRows | None:
        said = [reading.extra for reading in readings if reading.extra is not None]
        if len(said) < len(readings):
            return None
        soft_targets = fusion.fuse(stack(said), extra)[0]
        return PseudoLabelledRows(
            extra, soft_targets, self.source.settings.weight, self.source.real
        )
