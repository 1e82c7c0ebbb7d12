"""Builds the knowledge of the teachers: the regime, soft targets, and those of all rows."""

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
    """The teachers' predictions of all rows, fused."""

    fused: Knowledge  # of the training rows
    fusion: CachedFusion
    predictions: Sequence[TeacherPredictions]
    extra: PseudoLabelledRows | None  # rows without labels, with the teachers' soft targets

    def original(self, test: Any) -> TeacherPredictions:
        """Return what is distilled: one teacher as it is, several as they are fused."""
        if len(self.predictions) == 1:
            return self.predictions[0]
        known = [each.test for each in self.predictions if each.test is not None]
        complete = len(known) == len(self.predictions)
        fused = self.fusion.fuse(stack(known), test)[0] if complete else None
        return TeacherPredictions(self.fused.soft_targets, fused)


@dataclass(frozen=True)
class KnowledgeBuilder:
    """The teachers of a run, their fuser, and where further rows come from."""

    teachers: Sequence[Teacher]  # at least one
    predictor: TeacherPredictor
    fuser: ComponentSpec
    #: Returns the teachers that given ones are compared with; called if some are given.
    references: Callable[[], Sequence[Teacher]]
    source: ExtraSource  # gives rows without labels, for the teachers to label

    @property
    def without_model(self) -> list[str]:
        """The teachers that cannot predict further rows: given probabilities."""
        return [each.name for each in self.teachers if isinstance(each, GivenTeacher)]

    @property
    def given(self) -> list[Teacher]:
        """The teachers that are taken as they are, and may have seen the labels."""
        return [each for each in self.teachers if not isinstance(each, CloneableTeacher)]

    @cached_property
    def reference(self) -> Sequence[Teacher]:
        """The teachers that given ones are compared with; none if none is given."""
        return self.references() if self.given else ()

    def n_fits(self, n_splits: int) -> int:
        """Return how many teacher fits lie ahead, at most."""
        n_cloneable = len(self.teachers) - len(self.given)
        return (n_cloneable * (n_splits + 1) + len(self.reference)) * self.predictor.n_folds

    def regime(self) -> Regime:
        """Compare what is given with cross-fitted reference teachers on the same rows."""
        rows = np.arange(len(self.predictor.training))
        found = []
        # All through the fuser: an uncalibrated teacher may know more and still lose.
        unseen = self._fused(self.reference, rows) if self.given else np.empty(0)
        for teacher in self.given:
            own = self._fused([teacher], rows)
            found.append(detect(own, unseen, self.predictor.training.labels))
            self._warn_if_worse_than_prior(teacher, rows)
        return worst(found)

    def _warn_if_worse_than_prior(self, teacher: Teacher, rows: IntArray) -> None:
        training = self.predictor.training
        (predicted,) = self.predictor.predict([teacher], rows)
        own = row_losses(predicted.training, training.labels)
        shares = np.bincount(training.labels, minlength=len(training.classes)) / len(training)
        prior = row_losses(np.tile(shares, (len(training), 1)), training.labels)
        loss = own - prior
        # Beyond chance: one that knows nothing need not have its columns in disorder.
        if loss.mean() > 2 * loss.std(ddof=1) / np.sqrt(len(loss)):
            order = ", ".join(map(str, training.classes[:10]))
            warnings.warn(
                f"teacher {teacher.name!r}: its log loss on the training rows is "
                f"{own.mean():.3f}, worse than the {prior.mean():.3f} of always answering with "
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
        # Of made rows no warning is due: their number is in the knowledge.
        if self.without_model and source.real:
            names = ", ".join(self.without_model)
            warnings.warn(
                f"the rows without labels are not used: teacher {names} is given "
                "as probabilities and cannot label them; hand in a model instead",
                DataWarning,
                stacklevel=4,
            )
        return replace(self, source=source.disabled() if self.without_model else source)

    def soft_targets(self, rows: IntArray) -> tuple[FloatArray, PseudoLabelledRows | None]:
        """Return soft targets (n, K) for some rows, from teachers that saw no others.

        Beside them, extra rows: made from these rows alone, labelled by the same teachers.
        """
        fitted = self.predictor.training.rows(rows)
        extra = self.source.rows(fitted.table)
        predictions = self.predictor.predict(self.teachers, rows, extra)
        fusion = self._fusion([each.training for each in predictions], fitted)
        return fusion.own()[0], self._labelled(extra, predictions, fusion)

    def _fused(self, teachers: Sequence[Teacher], rows: IntArray) -> FloatArray:
        predicted = [each.training for each in self.predictor.predict(teachers, rows)]
        return self._fusion(predicted, self.predictor.training.rows(rows)).own()[0]

    def _fusion(self, probabilities: Sequence[FloatArray], rows: Dataset) -> CachedFusion:
        region = CacheRegion(self.predictor.cache, "attention")
        return CachedFusion(self.fuser, stack(probabilities), rows, region)

    def finish(
        self, regime: Regime, unseen: IntArray | None = None, fused: IntArray | None = None
    ) -> TeacherKnowledge:
        """Predict and fuse all training rows, the test rows, and extra rows.

        Neither teachers nor fuser see labels of the rows `unseen`. The fuser is fitted on the rows
        `fused`, by default on all.
        """
        training = self.predictor.training
        extra = self._extra(unseen)
        predictions = self.predictor.predict_all(self.teachers, extra, unseen)
        own = [each.training for each in predictions]
        if fused is None:
            fusion = self._fusion(own, training)
            fused_rows = fusion.own()
        else:
            fusion = self._fusion([each[fused] for each in own], training.rows(fused))
            stacked = stack(own)
            if len(own) > 1:
                # They are not needed again, and of many rows they are large.
                predictions = [
                    replace(each, training=each.training[:0].copy()) for each in predictions
                ]
            del own
            fused_rows = fusion.fuse(stacked, training.table)
        names = [teacher.name for teacher in self.teachers]
        labelled = self._labelled(extra, predictions, fusion)
        knowledge = gather(names, regime, fusion, labelled, fused_rows)
        return TeacherKnowledge(knowledge, fusion, predictions, labelled)

    def _extra(self, unseen: IntArray | None) -> Any:
        """Return rows without labels, none of them made from an unseen row."""
        training = self.predictor.training
        if unseen is None:
            return self.source.rows(training.table)
        seen = np.setdiff1d(np.arange(len(training)), unseen)
        if not self.source.requested(len(seen)):
            return None
        # Real ones are made of no row: there is no need to take any.
        table = training.table if self.source.real else training.rows(seen).table
        return self.source.rows(table)

    def _labelled(
        self, extra: Any, predictions: Sequence[TeacherPredictions], fusion: CachedFusion
    ) -> PseudoLabelledRows | None:
        predicted = [each.extra for each in predictions if each.extra is not None]
        if len(predicted) < len(predictions):
            return None
        soft_targets = fusion.fuse(stack(predicted), extra)[0]
        return PseudoLabelledRows(extra, soft_targets, self.source.real)
