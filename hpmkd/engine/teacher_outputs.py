"""What students learn from: assembled from the teachers' predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data.splits import UNSEEN
from hpmkd.engine.importance import TeacherImportance, teacher_importance
from hpmkd.engine.selection_sets import encoded, trial_rows, with_knowledge
from hpmkd.engine.teacher_footprint import member_footprint
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.training.datasets import selection_rows

if TYPE_CHECKING:
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.evaluation.footprint import Footprint
    from hpmkd.knowledge.builder import KnowledgeBuilder, TeacherKnowledge
    from hpmkd.knowledge.predictions import CrossFittedPredictions
    from hpmkd.knowledge.regime import Regime
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TeacherSource:
    """The teachers' predictions, which may be fused again."""

    builder: KnowledgeBuilder
    regime: Regime
    predictions: CrossFittedPredictions
    pairs: CrossFittedPredictions | None = None  # by models without pairs of folds
    #: Weights of the teacher on rows with labels that may be tried; None if it teaches nothing.
    alphas: Sequence[float] | None = None
    stopped: str | None = None  # why the teachers predicted the first fold alone


@dataclass(frozen=True, eq=False)
class TeacherOutputs:
    """The teachers' knowledge, and the rows that students learn from and are judged by."""

    source: TeacherSource
    #: What trials are fitted on, by teachers that have not seen the selection rows.
    selection_sets: Sequence[SelectionSet]
    knowledge: TeacherKnowledge
    #: What students are fitted on in the end: all training rows, or all but the selection rows
    #: where these judge such students as well.
    training: TrainingSet
    held: Dataset  # all selection rows, in the order of their numbers
    fold_of_held: IntArray  # fold of each of these
    #: The selection rows, where they judge students that were fitted on `training`.
    final_rows: Dataset | None
    ranking: TrialRanking  # ranks trials beside the teacher
    alphas: Sequence[float]  # weights of the teacher that may be tried; none if it teaches nothing
    extra_weights: Sequence[float]  # weights of rows without labels; none if there are none
    footprints: Sequence[Footprint]  # size and speed of each teacher
    importance: TeacherImportance

    @property
    def regime(self) -> Regime:
        """Where the teachers' knowledge comes from."""
        return self.source.regime

    @property
    def teaches(self) -> bool:
        """Whether there is anything that a student could learn from the teacher."""
        return any(self.alphas) or any(self.extra_weights)


def outputs_of(
    ctx: RunContext,
    rows: RunRows,
    source: TeacherSource,
    hard_sets: Sequence[SelectionSet],
) -> TeacherOutputs:
    """Put together what students learn from; without alphas, hard labels alone."""
    builder, regime, predictions = source.builder, source.regime, source.predictions
    alphas, training, sets = source.alphas, rows.training, list(hard_sets)
    held_rows, teaches = selection_rows(sets), alphas is not None
    if rows.one_holdout:
        # The fuser, too, sees no more labels than trials do.
        # Many rows: where no student learns from them, those that rank students are enough.
        wanted = None if teaches else held_rows
        knowledge = builder.finish(regime, predictions, trial_rows(ctx, rows, UNSEEN), wanted)
    else:
        knowledge = builder.finish(regime, predictions)
    soft_targets, extra = None, knowledge.extra if teaches else None
    if alphas is not None and any(alphas):
        soft_targets = knowledge.fused.soft_targets
    if teaches:
        sets = _soft_sets(ctx, rows, source, hard_sets, knowledge, soft_targets)
    footprints = [member_footprint(each, builder.predictor) for each in builder.teachers]
    importance = teacher_importance(rows, builder, knowledge, footprints)
    # They are large.
    builder.predictor.forget_models()
    ctx.progress.finish()
    held, final_rows, fitted = training.rows(held_rows), None, training
    if rows.one_holdout and sets[0].is_part:
        # Their teachers have not seen the selection rows, so that students need not either.
        at = np.setdiff1d(np.arange(len(training)), held_rows)
        fitted, final_rows = training.rows(at), sets[0].held
        soft_targets = None if soft_targets is None else soft_targets[at]
    return TeacherOutputs(
        source=source,
        selection_sets=sets,
        knowledge=knowledge,
        training=encoded(ctx, fitted, soft_targets, extra),
        held=held,
        fold_of_held=rows.fold_of_row[held_rows],
        final_rows=final_rows,
        ranking=_ranking(ctx, rows, knowledge, held_rows),
        alphas=alphas or (),
        extra_weights=ctx.recipe.search.extra_weights if extra is not None else (),
        footprints=footprints,
        importance=importance,
    )


def _soft_sets(
    ctx: RunContext,
    rows: RunRows,
    source: TeacherSource,
    hard_sets: Sequence[SelectionSet],
    knowledge: TeacherKnowledge,
    soft_targets: FloatArray | None,
) -> list[SelectionSet]:
    """Return the rows of trials with what teachers know of them that have not seen those held out.

    Of one holdout no teacher has seen a row, so that `soft_targets` of all rows will do.
    """
    if rows.one_holdout:
        at = trial_rows(ctx, rows, UNSEEN)
        own = None if soft_targets is None else soft_targets[at]
        return [with_knowledge(ctx, hard_sets[0], own, knowledge.extra)]
    sets = []
    for fold, hard in zip(rows.held_folds, hard_sets, strict=True):
        own, labelled = source.builder.outside(fold, source.predictions, source.pairs)
        at = np.searchsorted(rows.outside(fold), trial_rows(ctx, rows, fold))
        sets.append(with_knowledge(ctx, hard, None if own is None else own[at], labelled))
    return sets


def _ranking(
    ctx: RunContext, rows: RunRows, knowledge: TeacherKnowledge, held_rows: IntArray
) -> TrialRanking:
    """Return the ranking beside the teacher, on the selection rows that it has predicted."""
    known = knowledge.rows
    among = np.isin(known, held_rows)
    judged = rows.training.rows(known[among])
    soft_targets = knowledge.fused.soft_targets[among]
    return TrialRanking.beside_teacher(
        soft_targets, judged.labels, ctx.recipe.limits, ctx.metric, judged.weights
    )
