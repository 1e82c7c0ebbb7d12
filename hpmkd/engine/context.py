"""What the steps of a run share, put together from recipe, registry and data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hpmkd.data import splits
from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.seeds import Seeds
from hpmkd.data.unlabeled import ExtraSource, unlabeled_rows
from hpmkd.engine.active_stages import active_stages, chain_links
from hpmkd.engine.search import StudentSearch
from hpmkd.engine.trainer import Trainer
from hpmkd.execution.counters import Counts
from hpmkd.execution.progress import Progress
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.panels import members
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.search.budget import Budget
from hpmkd.training.fit import FitContext, get_ready

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.data.dataset import Dataset
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.recipe.resolve import Components
    from hpmkd.registry.registry import Registry
    from hpmkd.runs.checkpoint import RunCheckpoint


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
    unfinished : RunCheckpoint
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
        unfinished: RunCheckpoint,
    ) -> None:
        self.seeds, self.counts = Seeds.spawn(seed), Counts()
        self.progress = Progress(registry)
        self.reader = TeacherPredictor(
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
        self.teaching = KnowledgeBuilder(teachers, self.reader, parts.fuser, references, source)
        links = chain_links(parts)
        fitting = FitContext(
            stages=active_stages(parts),
            transfers={link.label: link.transfer for link in links},
            scheduler=parts.scheduler.create(),
            seed=self.seeds.students,
        )
        pipeline.prepare(get_ready, fitting)
        n_folds = recipe.split.selection_folds
        self.learning = StudentSearch(
            trainer=Trainer(fitting, pipeline, n_folds, self.counts, registry, unfinished.best),
            links=links,
            recipe=recipe,
            parts=parts,
            seeds=self.seeds,
            progress=self.progress,
            registry=registry,
            budget=Budget(recipe.budget, self.counts, unfinished.journal),
            features=CacheRegion(cache, "feature"),
        )
