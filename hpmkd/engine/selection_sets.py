"""The rows of trials on hard labels: encoded once, before any teacher has predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.data import splits
from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.encoding import EncodingOptions
from hpmkd.training.datasets import SelectionSet, TrainingSet

if TYPE_CHECKING:
    from hpmkd.data.dataset import Dataset
    from hpmkd.data.unlabeled import PseudoLabelledRows
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.values import FloatArray, IntArray


def selection_sets(ctx: RunContext, rows: RunRows) -> list[SelectionSet]:
    """Return for each fold the rows to fit on, and those that judge what was fitted."""
    return [_selection_set(ctx, rows, fold) for fold in rows.held_folds]


def _selection_set(ctx: RunContext, rows: RunRows, fold: int) -> SelectionSet:
    held = rows.inside(fold)
    training = encoded(ctx, rows.training.rows(trial_rows(ctx, rows, fold)))
    return SelectionSet(training, held, rows.training.rows(held).taken(), len(rows.outside(fold)))


def trial_rows(ctx: RunContext, rows: RunRows, fold: int) -> IntArray:
    """Return the numbers of the rows that trials are fitted on while a fold is held out."""
    outside = rows.outside(fold)
    most, labels = ctx.recipe.split.trial_rows, rows.training.labels[outside]
    return outside[splits.sample(labels, most, ctx.seeds.selection)]


def encoded(
    ctx: RunContext,
    rows: Dataset,
    soft_targets: FloatArray | None = None,
    extra: PseudoLabelledRows | None = None,
) -> TrainingSet:
    """Return rows to fit students on, in the encodings that the stages read."""
    encodings = ctx.trainer.fitting.encodings
    return TrainingSet.encode(rows, soft_targets, encodings, extra, *encoding_of(ctx))


def with_knowledge(
    ctx: RunContext,
    hard: SelectionSet,
    soft_targets: FloatArray | None,
    extra: PseudoLabelledRows | None,
) -> SelectionSet:
    """Return the rows of a fold with what the teachers know of them; encoded as before."""
    training = hard.training.beside(extra, *encoding_of(ctx))
    if soft_targets is not None:
        training = training.with_soft_targets(soft_targets)
    return hard.with_training(training)


def encoding_of(ctx: RunContext) -> tuple[CacheRegion, EncodingOptions]:
    """Return where encoded rows are looked up, and what caps there are."""
    settings = ctx.recipe.split
    options = EncodingOptions(settings.scaling_rows, settings.single_above)
    return CacheRegion(ctx.cache, "feature"), options
