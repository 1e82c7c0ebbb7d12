"""The engine: knows the order of a run and no algorithm.

Seven steps over one context, each a function of what came before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpmkd.engine.chain import chain
from hpmkd.engine.context import RunContext, open_context
from hpmkd.engine.finish import finish
from hpmkd.engine.further_rounds import further_rounds
from hpmkd.engine.measure import measure
from hpmkd.engine.run_handle import RunHandle
from hpmkd.engine.search import search_hard, search_soft
from hpmkd.engine.selection_sets import selection_sets
from hpmkd.engine.split import split
from hpmkd.engine.teach import builder_of, teach
from hpmkd.evaluation.metrics import make_metric
from hpmkd.runs.checkpoint import RunCheckpoint
from hpmkd.runs.result import Distillation, facts_of_run
from hpmkd.search.warm_start import outcomes

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.chain import ChainResult
    from hpmkd.engine.finish import FinishedStudents
    from hpmkd.engine.further_rounds import LearningRounds
    from hpmkd.engine.measure import Measurement
    from hpmkd.engine.split import RunRows
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.registry.registry import Registry


@dataclass(frozen=True)
class HPMDistiller:
    """Distils teachers into students by a recipe.

    Parameters
    ----------
    recipe : Recipe
        Which components run, with which settings.
    registry : Registry
        Where the components come from.
    seed : int
        Source of all randomness: the same seed, data and recipe give the same students,
        bit for bit, at any number of workers.
    cache : Cache, optional
        Shared with other runs; by default the recipe's own.
    checkpoint : RunCheckpoint
        Keeps what is finished, so that a run that was stopped can be resumed. Its maker closes it.
    """

    recipe: Recipe
    registry: Registry
    seed: int = 0
    cache: Cache | None = None
    checkpoint: RunCheckpoint = field(default_factory=RunCheckpoint)

    def distill(
        self,
        training: Dataset,
        test: Dataset,
        teachers: Sequence[Teacher],
        unlabeled: Any = None,
        handed_in: bool = True,
    ) -> Distillation:
        """Run the recipe.

        Parameters
        ----------
        training : Dataset
            Rows to learn from and to choose by.
        test : Dataset
            Rows that are read once, at the end.
        teachers : sequence of Teacher
            At least one.
        unlabeled : DataFrame or ndarray, optional
            Rows without labels for the teachers to label, with the columns of `training`.
        handed_in : bool
            Whether the teachers are a user's own: then they predict all folds even if they are no
            better than students on hard labels in the first.
        """
        metric = make_metric(self.recipe.metric, training.classes, training.labels)
        own = (self.recipe, self.registry, self.seed, self.cache, self.checkpoint)
        with open_context(*own, training.facts, metric) as ctx:
            recipe = ctx.recipe.to_mapping()
            self.registry.notify("hpmkd_run_started", facts=training.facts, recipe=recipe)
            try:
                return run(ctx, training, test, teachers, unlabeled, handed_in)
            except BaseException as error:
                self.registry.notify("hpmkd_run_failed", error=error)
                raise


def run(
    ctx: RunContext,
    training: Dataset,
    test: Dataset,
    teachers: Sequence[Teacher],
    unlabeled: Any,
    handed_in: bool,
) -> Distillation:
    """Take the seven steps."""
    cache_before = dict(ctx.cache.stats())
    rows = split(ctx, training, test, unlabeled)
    builder = builder_of(ctx, rows, teachers)
    sets = selection_sets(ctx, rows)
    hard = search_hard(ctx, rows, sets)
    outputs = teach(ctx, rows, builder, sets, hard.trials, handed_in)
    found = search_soft(ctx, rows, outputs, hard)
    rounds = further_rounds(ctx, rows, outputs, hard, found)
    outputs, found = rounds.outputs, rounds.found
    chained = chain(ctx, outputs, found)
    finished = finish(ctx, outputs, chained)
    measured = measure(ctx, rows, outputs, chained.provenance.trials, finished)
    learned = outcomes(found.facts, chained.tried, ctx.trainer.fitting.stages)
    ctx.memory.remember(found.facts, learned)
    # Workers count for the peak memory once they have ended.
    ctx.pipeline.close()
    ctx.counts.count_peaks(ctx.pipeline.peaks)
    ctx.counts.count_cache(cache_before, ctx.cache.stats())
    ctx.registry.notify(
        "hpmkd_run_finished",
        leaderboard=[asdict(record) for record in measured.records],
        verdict=measured.verdict.to_mapping(),
        counts=ctx.counts.to_mapping(),
        student=finished.finalists.shipped.refitted.student,
    )
    return _result(ctx, rows, rounds, chained, finished, measured)


def _result(
    ctx: RunContext,
    rows: RunRows,
    rounds: LearningRounds,
    chained: ChainResult,
    finished: FinishedStudents,
    measured: Measurement,
) -> Distillation:
    outputs, found = rounds.outputs, rounds.found
    finalists, ensemble = finished.finalists, finished.ensemble
    return Distillation(
        students=finalists.by_name(),
        chosen=finalists.shipped.name,
        records=measured.records,
        knowledge=outputs.knowledge.fused,
        verdict=measured.verdict,
        counts={**ctx.counts.to_mapping(), "resumed": ctx.checkpoint.journal.resumed},
        recipe=ctx.recipe,
        facts={
            **facts_of_run(ctx.seed, rows.training, rows.test),
            "search": {"ended": found.ended, "remembered": found.remembered},
            "selection": {
                "rows": len(outputs.held),
                "teacher_accuracy": outputs.ranking.teacher_accuracy,
            },
            "ensemble": None if ensemble is None else ensemble.facts(),
        },
        front=measured.summaries,
        further=measured.further,
        trials=tuple(replace(each, students=()) for each in chained.tried),
        ensemble=None if ensemble is None else ensemble.predictor,
        gates=(*rounds.gates, *chained.gates, *finished.gates),
        evidence=measured.details,
        handle=RunHandle(
            ctx.trainer,
            outputs.training,
            chained.provenance,
            finalists,
            outputs.knowledge.original(rows.test.part),
            finished.pooled,
            outputs.final_rows,
        ),
    )
