"""Reports which caps on rows bind: on many rows, not every step takes all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hpmkd.data import splits
from hpmkd.knowledge.panels import members
from hpmkd.registry.validation.checks import expect

if TYPE_CHECKING:
    from hpmkd.knowledge.builder import KnowledgeBuilder
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.recipe.resolve import Components, ComponentSpec
    from hpmkd.recipe.settings import SplitSettings
    from hpmkd.values import DataFacts


def binding_caps(
    split: SplitSettings, parts: Components, builder: KnowledgeBuilder, facts: DataFacts
) -> Iterator[str]:
    """Yield a sentence for every cap that binds, the dotted name of its setting before it."""
    yield from of_split(split, facts.n_rows)
    for path, spec in _capping(parts, builder, facts):
        for setting, sentence in of_component(spec, facts).items():
            yield f"{path}.{setting}: {sentence}"


def of_split(split: SplitSettings, n: int) -> Iterator[str]:
    """Yield what the engine itself does not do on all of n training rows."""
    folds, once = splits.number_of_folds(split, n), splits.exceeds(n, split.once_above)
    if folds < split.folds:
        yield (
            f"split.folds: {folds} instead of {split.folds} folds, because there are {n} rows "
            "(split.folds_until)"
        )
    # Where students are cross-validated, every row is once a selection row.
    if once:
        yield (
            "split.once_above: one holdout chooses, and teachers never see a row of it; the "
            "self-distillation control is skipped"
        )
    held = round(n * split.selection_size) if once else n // folds
    if once and splits.exceeds(held, split.selection_rows):
        yield f"split.selection_rows: {split.selection_rows} rows judge trials, not {held}"
        held = split.selection_rows
    if splits.exceeds(n - held, split.trial_rows):
        note = f"split.trial_rows: trials are fitted on {split.trial_rows} of {n - held} rows"
        again = f"; each stage's best and its control are judged again, fitted on all {n - held}"
        yield note + again if once else note
    if splits.exceeds(n, split.scaling_rows):
        yield (
            f"split.scaling_rows: students learn the scale of numbers from {split.scaling_rows} "
            f"of {n} rows"
        )
    if splits.exceeds(n, split.single_above):
        yield "split.single_above: the rows of linear students are kept in single precision"


def of_component(spec: ComponentSpec, facts: DataFacts) -> Mapping[str, str]:
    """Return what a component does not do on all rows, by the setting's name.

    One that caps nothing need not have a method ``caps``.
    """
    offered = spec.offered
    component = offered.create(**spec.settings)
    if not hasattr(component, "caps"):
        return {}
    with offered.blamed("failed in caps"):
        caps = component.caps(facts)
        expect("what caps returned", caps, Mapping, "a mapping of settings to sentences")
        return {str(setting): str(sentence) for setting, sentence in caps.items()}


def _capping(
    parts: Components, builder: KnowledgeBuilder, facts: DataFacts
) -> Iterator[tuple[str, ComponentSpec]]:
    """Yield the components that may cap rows and take part in this run, by their path."""
    if _teaches(parts.teacher, builder.teachers, facts):
        yield "teacher", parts.teacher
    yield "fuser", parts.fuser
    if builder.source.requested(facts.n_rows, facts.n_columns) and not builder.source.real:
        yield "augmenter", parts.augmenter
    for name, stage in parts.stages.items():
        yield f"stages.{name}", stage


def _teaches(panel: ComponentSpec, teachers: Sequence[Teacher], facts: DataFacts) -> bool:
    """Return whether the recipe's panel is among the teachers; others may have been handed in."""
    own = {each.name for each in members(panel, facts, 0)}
    return own <= {each.name for each in teachers}
