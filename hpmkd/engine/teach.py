"""Step 2: the teachers' knowledge, collected in the order that lets none see a label too early."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data import splits
from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.dataset import DataWarning
from hpmkd.data.encoding import EncodingOptions
from hpmkd.data.unlabeled import ExtraSource, warn_of_known_rows
from hpmkd.engine.row_caps import binding_caps
from hpmkd.engine.teacher_footprint import member_footprint
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.panels import members
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.runs.fingerprint import run_fingerprint
from hpmkd.training.datasets import SelectionSet, TrainingSet, selection_rows

if TYPE_CHECKING:
    from hpmkd.data.dataset import Dataset
    from hpmkd.data.unlabeled import PseudoLabelledRows
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.evaluation.footprint import Footprint
    from hpmkd.knowledge.builder import TeacherKnowledge
    from hpmkd.knowledge.regime import Regime
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TeacherOutputs:
    """The teachers' knowledge, and the rows that students learn from and are judged by."""

    regime: Regime
    #: What trials are fitted on, by teachers that have not seen the selection rows.
    selection_sets: Sequence[SelectionSet]
    knowledge: TeacherKnowledge  # of all training rows
    #: What students are fitted on in the end: all training rows, or all but the selection rows
    #: where these judge such students as well.
    training: TrainingSet
    held: Dataset  # all selection rows, in the order of their numbers
    #: The selection rows, where they judge students that were fitted on `training`.
    final_rows: Dataset | None
    ranking: TrialRanking  # ranks trials beside the teacher
    alphas: Sequence[float]  # weights of the teacher that the regime allows
    extra_weights: Sequence[float]  # weights of rows without labels; none if there are none
    footprints: Sequence[Footprint]  # size and speed of each teacher


def teach(ctx: RunContext, rows: RunRows, teachers: Sequence[Teacher]) -> TeacherOutputs:
    """Predict with the teachers: first without the selection rows, then for all rows.

    Raises
    ------
    RunFolderError
        If the checkpoint is of another run.
    """
    builder = _builder(ctx, rows, teachers)
    _verify_checkpoint(ctx, rows, builder)
    for note in binding_caps(ctx.recipe.split, ctx.parts, builder, rows.training.facts):
        ctx.note(note)
    with ctx.counts.phase("teachers"):
        n_splits = 0 if rows.teachers_fit_once else len(rows.folds)
        ctx.progress.start("teachers", builder.n_fits(n_splits))
        regime = builder.regime()
        if regime.warning:
            warnings.warn(regime.warning, DataWarning, stacklevel=2)
        builder = builder.with_sources_for(regime)
        if builder.source.real:
            warn_of_known_rows(builder.source.unlabeled, rows.training, rows.test)
        return _collect(ctx, rows, builder, regime)


def _builder(ctx: RunContext, rows: RunRows, teachers: Sequence[Teacher]) -> KnowledgeBuilder:
    predictor = TeacherPredictor(
        training=rows.training,
        test=rows.test,
        cache=ctx.cache,
        pipeline=ctx.pipeline,
        n_folds=rows.teacher_folds,
        seed=ctx.seeds.teachers,
        counts=ctx.counts,
        on_fold=ctx.progress.advance,
    )
    augmenter = ctx.parts.augmenter.create()
    source = ExtraSource(ctx.recipe.extra, augmenter, rows.unlabeled, ctx.seeds.augmenter)
    references = partial(members, ctx.parts.reference, rows.training.facts, ctx.seeds.teachers)
    return KnowledgeBuilder(teachers, predictor, ctx.parts.fuser, references, source)


def _verify_checkpoint(ctx: RunContext, rows: RunRows, builder: KnowledgeBuilder) -> None:
    if ctx.checkpoint.journal_file is None:
        return
    given = {
        "training rows": rows.training,
        "test rows": rows.test,
        "rows without labels": rows.unlabeled,
    }
    known = {each.name: builder.predictor.known(each) for each in builder.teachers}
    ctx.checkpoint.verify_or_begin(
        run_fingerprint(ctx.recipe, ctx.seed, given, known, ctx.registry.plugins)
    )


def _collect(
    ctx: RunContext, rows: RunRows, builder: KnowledgeBuilder, regime: Regime
) -> TeacherOutputs:
    if rows.teachers_fit_once:
        selection_sets, knowledge = _fit_once(ctx, builder, regime, *rows.folds[0])
    else:
        selection_sets = [_selection_set(ctx, builder, *fold) for fold in rows.folds]
        knowledge = builder.finish(regime)
    # Measured now, so that the models, which are large, need not wait for the end.
    footprints = [member_footprint(teacher, builder.predictor) for teacher in builder.teachers]
    builder.predictor.forget_models()
    ctx.progress.finish()
    training, soft_targets = rows.training, knowledge.fused.soft_targets
    held_rows = selection_rows(selection_sets)
    held, final_rows, fitted = training.rows(held_rows), None, training
    ranking = TrialRanking.beside_teacher(soft_targets[held_rows], held.labels, ctx.recipe.limits)
    if rows.teachers_fit_once and selection_sets[0].is_part:
        # Their teachers have not seen the selection rows, so that students need not either.
        at = np.setdiff1d(np.arange(len(training)), held_rows)
        fitted, soft_targets, final_rows = (
            training.rows(at),
            soft_targets[at],
            selection_sets[0].held,
        )
    return TeacherOutputs(
        regime=regime,
        selection_sets=selection_sets,
        knowledge=knowledge,
        training=_training_set(ctx, fitted, soft_targets, knowledge.extra),
        held=held,
        final_rows=final_rows,
        ranking=ranking,
        alphas=getattr(ctx.recipe.search.alphas, regime.name),
        extra_weights=ctx.recipe.search.extra_weights if knowledge.extra is not None else (),
        footprints=footprints,
    )


def _selection_set(
    ctx: RunContext, builder: KnowledgeBuilder, fit_rows: IntArray, held: IntArray
) -> SelectionSet:
    """Label the rows of the trials by teachers that have not seen the selection rows."""
    rows = builder.predictor.training
    at = _rows_of_trials(ctx, rows, fit_rows)
    training = _training_set(ctx, rows.rows(at), *builder.soft_targets(at))
    return SelectionSet(training, held, rows.rows(held).taken(), len(fit_rows))


def _fit_once(
    ctx: RunContext,
    builder: KnowledgeBuilder,
    regime: Regime,
    fit_rows: IntArray,
    held: IntArray,
) -> tuple[list[SelectionSet], TeacherKnowledge]:
    """Fit teachers once, for trials and for the end; they never see the selection rows.

    On many rows they are as good without these. Trials are judged by rows of which neither
    their teachers nor the fuser have seen a label; and the prediction of any row comes from a
    teacher that had not seen it.
    """
    rows = builder.predictor.training
    at = _rows_of_trials(ctx, rows, fit_rows)
    knowledge = builder.finish(regime, held, at)
    soft_targets = knowledge.fused.soft_targets[at]
    training = _training_set(ctx, knowledge.fusion.rows, soft_targets, knowledge.extra)
    return [SelectionSet(training, held, rows.rows(held).taken(), len(fit_rows))], knowledge


def _training_set(
    ctx: RunContext, rows: Dataset, soft_targets: FloatArray, extra: PseudoLabelledRows | None
) -> TrainingSet:
    settings = ctx.recipe.split
    options = EncodingOptions(settings.scaling_rows, settings.single_above)
    encodings = ctx.trainer.fitting.encodings
    features = CacheRegion(ctx.cache, "feature")
    return TrainingSet.encode(rows, soft_targets, encodings, extra, features, options)


def _rows_of_trials(ctx: RunContext, rows: Dataset, fit_rows: IntArray) -> IntArray:
    most = ctx.recipe.split.trial_rows
    chosen: IntArray = fit_rows[splits.sample(rows.labels[fit_rows], most, ctx.seeds.selection)]
    return chosen
