"""Builds the knowledge of the teachers: the regime, and soft targets of rows that none has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.dataset import Dataset
from hpmkd.data.probabilities import row_losses
from hpmkd.data.unlabeled import ExtraSource, PseudoLabelledRows
from hpmkd.errors import DataWarning, warn
from hpmkd.knowledge.cached_fusion import CachedFusion
from hpmkd.knowledge.crossfit import Queries
from hpmkd.knowledge.fold_fits import weights_argument
from hpmkd.knowledge.fusion import Knowledge, gather
from hpmkd.knowledge.predictions import CrossFittedPredictions, TeacherPredictions, stack
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.knowledge.regime import Regime, detect, worst
from hpmkd.knowledge.student_state import StudentState
from hpmkd.knowledge.teachers import CloneableTeacher, GivenTeacher, Teacher

if TYPE_CHECKING:
    from hpmkd.knowledge.crossfit import Held
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.values import FloatArray, IntArray

#: A teacher that counts less than this on the first fold is not fitted in the others.
LEAST_WEIGHT = 0.02


@dataclass(frozen=True)
class TeacherKnowledge:
    """The teachers' predictions of all rows, fused."""

    fused: Knowledge
    rows: IntArray  # numbers of the training rows that are fused, rising
    fusion: CachedFusion
    predictions: CrossFittedPredictions
    extra: PseudoLabelledRows | None  # rows without labels, with the teachers' soft targets
    student: StudentState = field(default_factory=StudentState)  # that the fuser looks at

    def test(self, table: Any) -> FloatArray | None:
        """Return the fused probabilities of the test rows; None if a teacher cannot predict them.

        One teacher is taken as it is.
        """
        predicted = self.predictions.test()
        known = [each for each in predicted if each is not None]
        if len(known) < len(predicted):
            return None
        if len(known) == 1:
            return known[0]
        return self.fusion.fuse(stack(known), table, self.student.test())[0]

    def original(self, test: Any) -> TeacherPredictions:
        """Return what is distilled: one teacher as it is, several as they are fused."""
        own = self.predictions
        single = len(own.names) == 1
        training = own.out_of_fold()[0] if single else self.fused.soft_targets
        return TeacherPredictions(training, self.rows, self.test(test))


@dataclass(frozen=True)
class KnowledgeBuilder:
    """The teachers of a run, their fuser, and where further rows come from."""

    teachers: Sequence[Teacher]  # at least one
    predictor: TeacherPredictor
    fuser: ComponentSpec
    #: Returns the teachers that given ones are compared with; called if some are given.
    references: Callable[[], Sequence[Teacher]]
    source: ExtraSource  # gives rows without labels, for the teachers to label
    #: Rows that fold models predict: test rows, and what `source` gives. Those that judge on a fold
    #: are fitted beside rows that were made without its rows.
    queries: Queries = field(default_factory=Queries)
    student: StudentState = field(default_factory=StudentState)  # that the fuser looks at

    @property
    def without_model(self) -> list[str]:
        """The teachers that cannot predict further rows: given probabilities."""
        return [each.name for each in self.teachers if isinstance(each, GivenTeacher)]

    @property
    def given(self) -> list[Teacher]:
        """The teachers that are taken as they are, and may have seen the labels."""
        return [each for each in self.teachers if not isinstance(each, CloneableTeacher)]

    @property
    def without_weights(self) -> list[str]:
        """The teachers that are fitted here, but on rows that all weigh the same."""
        cloneable = [each for each in self.teachers if isinstance(each, CloneableTeacher)]
        return [each.name for each in cloneable if weights_argument(each.estimator) is None]

    @cached_property
    def reference(self) -> Sequence[Teacher]:
        """The teachers that given ones are compared with; none if none is given."""
        return self.references() if self.given else ()

    @property
    def folds(self) -> Sequence[Held]:
        """What models are fitted without: each fold in turn."""
        return [(fold,) for fold in range(self.predictor.n_folds)]

    @property
    def pairs(self) -> Sequence[Held]:
        """Each pair of folds."""
        return list(combinations(range(self.predictor.n_folds), 2))

    def n_fits(self) -> int:
        """Return how many teacher fits lie ahead, at most, but for those without pairs of folds."""
        n_cloneable = len(self.teachers) - len(self.given)
        return (n_cloneable + len(self.reference)) * self.predictor.n_folds

    def regime(self) -> Regime:
        """Compare what is given with cross-fitted reference teachers on the same rows."""
        if not self.given:
            return worst([])
        found = []
        # All through the fuser: an uncalibrated teacher may know more and still lose.
        unseen = self._fused(self.reference)
        for teacher in self.given:
            found.append(detect(self._fused([teacher]), unseen, self.predictor.training.labels))
            self._warn_if_worse_than_prior(teacher)
        return worst(found)

    def with_sources_for(self, regime: Regime) -> KnowledgeBuilder:
        """Return what is left to teach with: extra rows need a teacher that may label them.

        Rows made from training rows lie so near to them that teachers which have seen the
        labels would repeat them. Real rows are not such copies.
        """
        source = self.source if regime.name != "leaking" else self.source.without_augmenter()
        # Of made rows no warning is due: their number is in the knowledge.
        if self.without_model and source.real:
            names = ", ".join(self.without_model)
            warn(
                f"the rows without labels are not used: teacher {names} is given "
                "as probabilities and cannot label them; hand in a model instead",
                DataWarning,
            )
        left = replace(self, source=source.disabled() if self.without_model else source)
        return replace(left, queries=left._further_rows())

    def _further_rows(self) -> Queries:
        rows, fold_of_row = self.predictor.training, self.predictor.fold_of_row
        test = self.predictor.test.part
        seen = np.flatnonzero(fold_of_row >= 0)
        if not self.source.requested(len(seen), rows.facts.n_columns):
            return Queries(test)
        # Real ones are made of no row: there is no need to take any.
        extra = self.source.rows(rows.table if self.source.real else rows.rows(seen).table)
        if self.source.real or len(seen) < len(rows):
            return Queries(test, extra)
        outside = [np.flatnonzero(fold_of_row != fold) for (fold,) in self.folds]
        made = [self.source.rows(rows.rows(at).table) for at in outside]
        if extra is None or any(each is None for each in made):
            return Queries(test)
        return Queries(test, extra, made)

    def predict(
        self, teachers: Sequence[Teacher], folds: Sequence[Held], queries: Queries
    ) -> CrossFittedPredictions:
        """Return what teachers predict that are fitted without these folds."""
        predicted = self.predictor.predict(teachers, folds, queries)
        names = tuple(each.name for each in teachers)
        return CrossFittedPredictions(names, predicted, self.predictor.fold_of_row)

    def with_weight(self, predictions: CrossFittedPredictions) -> list[str]:
        """Return the names of the teachers that count among these, by the fuser."""
        weights = self._fusion(predictions.out_of_fold(), predictions.rows).own()[1].mean(axis=0)
        counting = zip(predictions.names, weights >= min(LEAST_WEIGHT, weights.max()), strict=True)
        return [name for name, counts in counting if counts]

    def soft_targets(self, predictions: CrossFittedPredictions) -> FloatArray:
        """Return fused probabilities (n, K) of the rows that were predicted."""
        return self._fusion(predictions.out_of_fold(), predictions.rows).own()[0]

    def outside(
        self, held: int, predictions: CrossFittedPredictions, pairs: CrossFittedPredictions | None
    ) -> tuple[FloatArray | None, PseudoLabelledRows | None]:
        """Return what students learn from that are judged on the fold `held`.

        Parameters
        ----------
        held : int
            No model that labels rows has seen a label of its rows. The fuser reads predictions of
            other models, too, but its few numbers follow from labels outside the fold alone.
        predictions : CrossFittedPredictions
            By models without one fold; those without `held` label the extra rows.
        pairs : CrossFittedPredictions or None
            By models without two folds, where the rows with labels have soft targets, too.

        Returns
        -------
        soft_targets : ndarray of shape (n, K) or None
            Of the training rows outside the fold.
        extra : PseudoLabelledRows or None
            Rows without labels.
        """
        at = np.flatnonzero(self.predictor.fold_of_row != held)
        own = predictions.out_of_fold()[:, at] if pairs is None else pairs.out_of_fold(held)
        fusion = self._fusion(own, at, self.student.of(at, None if pairs is None else held))
        real = self.queries.made == ()
        labelled = predictions.extra(held) if real else predictions.made(held)
        student = self.student.extra(held) if real else self.student.made(held)
        table = self.queries.extra if real else self.queries.made[held]
        soft_targets = None if pairs is None else fusion.own()[0]
        return soft_targets, self._labelled(table, labelled, fusion, student)

    def finish(
        self,
        regime: Regime,
        predictions: CrossFittedPredictions,
        fitted: IntArray | None = None,
        wanted: IntArray | None = None,
    ) -> TeacherKnowledge:
        """Fuse the predictions of the rows `wanted`, by default of all that are predicted.

        The fuser is fitted on those of the rows `fitted` that are predicted, by default on all.
        """
        own, rows = predictions.out_of_fold(), predictions.rows
        if fitted is None:
            fusion = self._fusion(own, rows, self.student.of(rows))
            fused_rows = fusion.own()
        else:
            # Where one fold alone was predicted, some of them were not.
            fitted = np.intersect1d(fitted, rows)
            seen = own[:, np.searchsorted(rows, fitted)]
            fusion = self._fusion(seen, fitted, self.student.of(fitted))
            if wanted is not None:
                own, rows = own[:, np.searchsorted(rows, wanted)], wanted
            table = self.predictor.training.rows(rows).part
            fused_rows = fusion.fuse(own, table, self.student.of(rows))
        student = self.student.extra()
        labelled = self._labelled(self.queries.extra, predictions.extra(), fusion, student)
        knowledge = gather(predictions.names, regime, fusion, labelled, fused_rows)
        return TeacherKnowledge(knowledge, rows, fusion, predictions, labelled, self.student)

    def _fused(self, teachers: Sequence[Teacher]) -> FloatArray:
        return self.soft_targets(self.predict(teachers, self.folds, Queries()))

    def _fusion(
        self, probabilities: FloatArray, rows: IntArray, student: FloatArray | None = None
    ) -> CachedFusion:
        region = CacheRegion(self.predictor.cache, "attention")
        training = self.predictor.training
        known: Dataset = training if len(rows) == len(training) else training.rows(rows)
        return CachedFusion(self.fuser, probabilities, known, region, student)

    def _labelled(
        self,
        table: Any,
        probabilities: FloatArray | None,
        fusion: CachedFusion,
        student: FloatArray | None,
    ) -> PseudoLabelledRows | None:
        if table is None or probabilities is None:
            return None
        soft_targets = fusion.fuse(probabilities, table, student)[0]
        return PseudoLabelledRows(table, soft_targets, self.source.real)

    def _warn_if_worse_than_prior(self, teacher: Teacher) -> None:
        training = self.predictor.training
        predicted = self.predict([teacher], self.folds, Queries()).out_of_fold()[0]
        own = row_losses(predicted, training.labels)
        shares = np.bincount(training.labels, minlength=len(training.classes)) / len(training)
        prior = row_losses(np.tile(shares, (len(training), 1)), training.labels)
        loss = own - prior
        # Beyond chance: one that knows nothing need not have its columns in disorder.
        if loss.mean() > 2 * loss.std(ddof=1) / np.sqrt(len(loss)):
            order = ", ".join(map(str, training.classes[:10]))
            warn(
                f"teacher {teacher.name!r}: its log loss on the training rows is "
                f"{own.mean():.3f}, worse than the {prior.mean():.3f} of always answering with "
                f"the shares of the classes; are its columns in the order {order}?",
                DataWarning,
            )
