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
    from hpmkd.values import FloatArray


def selection_sets(ctx: RunContext, rows: RunRows) -> list[SelectionSet]:
    """Return for each fold the rows to fit on, and those that judge what was fitted."""
    return [_selection_set(ctx, rows, fold) for fold in rows.held_folds]


def _selection_set(ctx: RunContext, rows: RunRows, fold: int) -> SelectionSet:
    outside, held = rows.outside(fold), rows.inside(fold)
    most, labels = ctx.recipe.split.trial_rows, rows.training.labels
    at = outside[splits.sample(labels[outside], most, ctx.seeds.selection)]
    training = encoded(ctx, rows.training.rows(at))
    return SelectionSet(training, held, rows.training.rows(held).taken(), len(outside))


def encoded(
    ctx: RunContext,
    rows: Dataset,
    soft_targets: FloatArray | None = None,
    extra: PseudoLabelledRows | None = None,
) -> TrainingSet:
    """Return rows to fit students on, in the encodings that the stages read."""
    encodings = ctx.trainer.fitting.encodings
    return TrainingSet.encode(rows, soft_targets, encodings, extra, *_encoding(ctx))


def taught(
    ctx: RunContext,
    hard: SelectionSet,
    soft_targets: FloatArray | None,
    extra: PseudoLabelledRows | None,
) -> SelectionSet:
    """Return the rows of a fold with what the teachers know of them; encoded as before."""
    training = hard.training.beside(extra, *_encoding(ctx))
    if soft_targets is not None:
        training = training.with_soft_targets(soft_targets)
    return hard.with_training(training)


def _encoding(ctx: RunContext) -> tuple[CacheRegion, EncodingOptions]:
    settings = ctx.recipe.split
    options = EncodingOptions(settings.scaling_rows, settings.single_above)
    return CacheRegion(ctx.cache, "feature"), options
