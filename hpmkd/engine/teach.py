"""Step 3: the teachers' knowledge, collected so that no model is judged on labels it has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hpmkd.data.known_rows import warn_of_known_rows
from hpmkd.data.unlabeled import ExtraSource
from hpmkd.engine.row_caps import binding_caps
from hpmkd.engine.student_state import student_state
from hpmkd.engine.student_teachers import students_as_teachers
from hpmkd.engine.teacher_outputs import TeacherSource, outputs_of
from hpmkd.engine.teacher_screening import reason_to_stop
from hpmkd.errors import DataWarning, warn
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.crossfit import Queries
from hpmkd.knowledge.panels import members
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.runs.fingerprint import run_fingerprint

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.knowledge.predictions import CrossFittedPredictions
    from hpmkd.knowledge.regime import Regime
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.training.datasets import SelectionSet
    from hpmkd.values import Trial


#: Without two of them, rows are left to fit a teacher on.
LEAST_FOLDS = 3


def builder_of(ctx: RunContext, rows: RunRows, teachers: Sequence[Teacher]) -> KnowledgeBuilder:
    """Return what the teachers predict by; nothing is predicted yet.

    Raises
    ------
    RunFolderError
        If the checkpoint is of another run.
    """
    predictor = TeacherPredictor(
        training=rows.training,
        test=rows.test,
        cache=ctx.cache,
        pipeline=ctx.pipeline,
        fold_of_row=rows.fold_of_row,
        seed=ctx.seeds.teachers,
        counts=ctx.counts,
        on_fold=ctx.progress.advance,
    )
    augmenter = ctx.parts.augmenter.create()
    source = ExtraSource(ctx.recipe.extra, augmenter, rows.unlabeled, ctx.seeds.augmenter)
    references = partial(members, ctx.parts.reference, rows.training.facts, ctx.seeds.teachers)
    builder = KnowledgeBuilder(teachers, predictor, ctx.parts.fuser, references, source)
    _verify_checkpoint(ctx, rows, builder)
    for note in binding_caps(ctx.recipe.split, ctx.parts, builder, rows.training.facts):
        ctx.note(note)
    return builder


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


def teach(
    ctx: RunContext,
    rows: RunRows,
    builder: KnowledgeBuilder,
    hard_sets: Sequence[SelectionSet],
    hard: Sequence[Trial],
    handed_in: bool,
) -> TeacherOutputs:
    """Predict with the teachers, fold by fold; only the first, where they have nothing to teach.

    `hard` are the trials on hard labels: a panel that is no better stops there, and the best of
    them stand beside one that stays. A teacher that was handed in (`handed_in`) stays in any
    case, and is distilled as it is.
    """
    with ctx.counts.phase("teachers"):
        ctx.progress.start("teachers", builder.n_fits())
        regime = builder.regime()
        if regime.warning:
            warn(regime.warning, DataWarning)
        _report_unweighed(ctx, rows, builder, handed_in)
        builder = builder.with_sources_for(regime)
        if builder.source.real:
            warn_of_known_rows(builder.source.unlabeled, rows.training, rows.test)
        alphas = _alphas(ctx, rows, builder, regime)
        queries = builder.queries
        predictions = builder.predict(builder.teachers, builder.folds[:1], queries)
        stop = reason_to_stop(ctx, rows, builder, predictions, hard, alphas, handed_in)
        if stop is not None:
            ctx.note(f"no student has a teacher: {stop.reason}{stop.remedy}")
            source = TeacherSource(builder, regime, predictions, stopped=stop.reason)
            return outputs_of(ctx, rows, source, hard_sets)
        builder, predictions = _all_folds(ctx, builder, predictions, queries)
        pairs = None
        if any(alphas) and not rows.one_holdout:
            pairs = builder.predict(builder.teachers, builder.pairs, Queries())
        elif not handed_in:
            own = students_as_teachers(ctx, rows, hard, hard_sets)
            builder = replace(builder, teachers=[*builder.teachers, *own])
            predictions = predictions.beside(builder.predict(own, builder.folds, queries))
        student = student_state(ctx, rows, builder, hard, hard_sets, pairs is not None)
        builder = replace(builder, student=student)
        source = TeacherSource(builder, regime, predictions, pairs, alphas)
        return outputs_of(ctx, rows, source, hard_sets)


def teach_again(
    ctx: RunContext, rows: RunRows, outputs: TeacherOutputs, trials: Sequence[Trial]
) -> TeacherOutputs:
    """Fuse what the teachers have predicted beside the best student of further trials."""
    source, sets = outputs.source, outputs.selection_sets
    with ctx.counts.phase("teachers"):
        in_pairs = source.pairs is not None
        student = student_state(ctx, rows, source.builder, trials, sets, in_pairs)
        builder = replace(source.builder, student=student)
        return outputs_of(ctx, rows, replace(source, builder=builder), sets)


def _report_unweighed(
    ctx: RunContext, rows: RunRows, builder: KnowledgeBuilder, handed_in: bool
) -> None:
    """Report which teachers cannot weigh rows; for a user's own, with a warning."""
    if rows.training.weights is None or not (names := builder.without_weights):
        return
    text = f"fitted without weights, because their fit takes no sample_weight: {', '.join(names)}"
    if handed_in:
        warn(f"teachers {text}", DataWarning)
    else:
        ctx.note(text)


def _alphas(
    ctx: RunContext, rows: RunRows, builder: KnowledgeBuilder, regime: Regime
) -> Sequence[float]:
    """Return the weights of the teacher on rows with labels that may be tried."""
    alphas = ctx.recipe.search.alphas.of(regime.name, given=bool(builder.given))
    cloneable = len(builder.given) < len(builder.teachers)
    if any(alphas) and cloneable and not rows.one_holdout and rows.n_folds < LEAST_FOLDS:
        ctx.note(
            f"no alpha above 0 is tried: teachers would be fitted without each pair of folds, and "
            f"there are {rows.n_folds} (split.folds={LEAST_FOLDS} or more)"
        )
        return (0.0,)
    return alphas


def _all_folds(
    ctx: RunContext, builder: KnowledgeBuilder, first: CrossFittedPredictions, queries: Queries
) -> tuple[KnowledgeBuilder, CrossFittedPredictions]:
    """Return the teachers that count on the first fold, and their predictions in all folds."""
    names = builder.with_weight(first)
    if left_out := [each.name for each in builder.teachers if each.name not in names]:
        ctx.note(
            f"fitted in one fold alone, because they have no weight there: {', '.join(left_out)}"
        )
    kept = replace(builder, teachers=[each for each in builder.teachers if each.name in names])
    rest = kept.predictor.predict(kept.teachers, kept.folds[1:], queries)
    return kept, first.of([each.name for each in kept.teachers]).with_folds(rest)
