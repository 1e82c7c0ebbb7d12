"""Step 3: configurations are searched, each stage by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.search.loop import Search
from hpmkd.search.warm_start import facts_of, recalled, teach_scheduler
from hpmkd.training.provenance import Run
from hpmkd.values import SearchSpace

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.engine.teach import TeacherOutputs
    from hpmkd.search.warm_start import Remembered
    from hpmkd.values import DataFacts, Trial


@dataclass(frozen=True)
class SearchResult:
    """What a search found."""

    trials: Sequence[Trial]  # every distinct configuration once
    ended: str  # what ended the search
    remembered: Remembered  # by stage, hyperparameters of other data sets that were tried first
    facts: DataFacts  # of this data set, for the memory
    run: Run


def search(ctx: RunContext, rows: RunRows, outputs: TeacherOutputs) -> SearchResult:
    """Evaluate configurations until the sampler, the results or the budget end it."""
    run = Run(ctx.recipe.name, ctx.seed, len(outputs.training), outputs.regime.name)
    fitted = len(outputs.selection_sets[0].training)
    ctx.checkpoint.best.begin(outputs.ranking, replace(run, rows=fitted))
    facts = facts_of(rows.training, rows.test, outputs.knowledge.fused)
    # Other runs may add to the memory before a run that was stopped is resumed.
    journal, fitting = ctx.checkpoint.journal, ctx.trainer.fitting
    remembered = journal.get_or_compute(
        "remembered", lambda: recalled(ctx.memory, facts, fitting.stages)
    )
    teach_scheduler(fitting.scheduler, ctx.memory, facts, journal)
    with ctx.counts.phase("search"):
        fits = len(outputs.selection_sets)
        models = ctx.budget_plan.for_search(fits, len(fitting.stages))
        loop = _loop(ctx, outputs, remembered, models)
        most = ctx.recipe.search.batch if models is None else max(1, models // fits)
        ctx.progress.start("search", loop.sampler.total or most)
        ended = loop.run()
        ctx.progress.stop()
    return SearchResult(loop.trials, ended, remembered, facts, run)


def _loop(
    ctx: RunContext, outputs: TeacherOutputs, remembered: Remembered, models: int | None
) -> Search:
    settings, fitting, sets = ctx.recipe.search, ctx.trainer.fitting, outputs.selection_sets
    space = SearchSpace(
        stages={name: active.stage for name, active in fitting.stages.items()},
        temperatures=settings.temperatures,
        alphas=with_control(outputs.alphas),
        extra_weights=with_control(outputs.extra_weights),
        seed=ctx.seeds.sampler,
        n_rows=min(len(each.training) for each in sets),
        n_available=min(each.available for each in sets),
        fits=len(sets),
        models=models,
        remembered=remembered,
    )

    def count(trial: Trial) -> None:
        ctx.trainer.count(trial)
        ctx.progress.advance()

    return Search(
        sampler=ctx.parts.sampler.create(space),
        scheduler=fitting.scheduler,
        pipeline=ctx.pipeline,
        data=ctx.trainer.search_data(sets),
        batch=settings.batch,
        stop=settings.stop,
        budget=ctx.budget,
        reserved=ctx.budget_plan.reserved(len(sets), len(fitting.stages)),
        ranking=outputs.ranking,
        on_trial=count,
        on_arrival=ctx.trainer.best.offer,
    )


def with_control(weights: Sequence[float]) -> tuple[float, ...]:
    """Return the weights of the teacher that are tried: 0 is always among them."""
    return tuple(sorted({0.0, *weights}))
