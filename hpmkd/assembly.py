"""What the steps of a run share, put together from recipe, registry and data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hpmkd import splits
from hpmkd.budget import Budget
from hpmkd.counts import Counts
from hpmkd.extra import ExtraSource, unlabeled_rows
from hpmkd.fitting import Fitting, get_ready
from hpmkd.in_play import links_in_play, stages_in_play
from hpmkd.learning import Learning
from hpmkd.panels import members
from hpmkd.progress import Progress
from hpmkd.reading import TeacherReader
from hpmkd.seeds import Seeds
from hpmkd.shelf import Kept
from hpmkd.teaching import Teaching
from hpmkd.trainer import Trainer

if TYPE_CHECKING:
    from hpmkd.components import Components
    from hpmkd.contracts import Cache
    from hpmkd.dataset import Dataset
    from hpmkd.pipeline import ParallelDistillationPipeline
    from hpmkd.recipe import Recipe
    from hpmkd.registry import Registry
    from hpmkd.teachers import Teacher
    from hpmkd.unfinished import Unfinished


class Assembly:
    """The two halves of a run, teachers and students, and what both count, seed and show.

    Parameters
    ----------
    recipe, registry, seed
        Of the run.
    parts : Components
        What the recipe names.
    pipeline : ParallelDistillationPipeline
        Where fits run; closed by whoever made it.
    cache : Cache
        Where answers of teachers are looked for.
    training, test : Dataset
        Rows to learn from and to choose by; rows that are touched once, at the end.
    teachers : sequence of Teacher
        At least one.
    unlabeled : DataFrame, ndarray or None
        Rows without labels for the teachers to label.
    unfinished : Unfinished
        Keeps what is finished.
    """

    def __init__(
        self,
        recipe: Recipe,
        registry: Registry,
        seed: int,
        parts: Components,
        pipeline: ParallelDistillationPipeline,
        cache: Cache,
        training: Dataset,
        test: Dataset,
        teachers: Sequence[Teacher],
        unlabeled: Any,
        unfinished: Unfinished,
    ) -> None:
        self.seeds, self.counts = Seeds.spawn(seed), Counts()
        self.progress = Progress(registry)
        self.reader = TeacherReader(
            training=training,
            test=test,
            cache=cache,
            pipeline=pipeline,
            n_folds=splits.folds_of_teachers(recipe.split, len(training)),
            seed=self.seeds.teachers,
            counts=self.counts,
            on_fold=self.progress.advance,
        )
        #: The rows without labels, with the columns of the training rows.
        self.unlabeled = None if unlabeled is None else unlabeled_rows(unlabeled, training)
        source = ExtraSource(
            recipe.extra,
            parts.augmenter.create(),
            self.unlabeled,
            self.seeds.augmenter,
        )
        references = partial(members, parts.reference, training.facts, self.seeds.teachers)
        self.teaching = Teaching(teachers, self.reader, parts.fuser, references, source)
        links = links_in_play(parts)
        fitting = Fitting(
            stages=stages_in_play(parts),
            transfers={link.label: link.transfer for link in links},
            scheduler=parts.scheduler.create(),
            seed=self.seeds.students,
        )
        pipeline.prepare(get_ready, fitting)
        n_folds = recipe.split.selection_folds
        self.learning = Learning(
            trainer=Trainer(fitting, pipeline, n_folds, self.counts, registry, unfinished.best),
            links=links,
            recipe=recipe,
            parts=parts,
            seeds=self.seeds,
            progress=self.progress,
            registry=registry,
            budget=Budget(recipe.budget, self.counts, unfinished.journal),
            features=Kept(cache, "feature"),
        )
