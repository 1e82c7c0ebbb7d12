"""Steps 2 and 4: the best students of each stage, on hard labels first, then with the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import structs

from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.execution.counters import CONTROLS, SAMPLE, TUNING
from hpmkd.search.loop import Search
from hpmkd.search.warm_start import (
    facts_beside,
    facts_of,
    outcomes_elsewhere,
    recalled,
    teach_scheduler,
)
from hpmkd.training.provenance import Run
from hpmkd.values import SearchSpace

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.search.warm_start import Remembered
    from hpmkd.training.datasets import SelectionSet
    from hpmkd.values import Configuration, DataFacts, Outcome, Trial

#: Share of the models of the search that students on hard labels may take, where others follow.
HARD_SHARE = 0.6


@dataclass(frozen=True)
class SearchResult:
    """What a search found."""

    trials: Sequence[Trial]  # every distinct configuration once
    ended: str  # what ended the search
    remembered: Remembered  # by stage, hyperparameters of other data sets that were tried first
    facts: DataFacts  # of this data set, for the memory
    run: Run
    elsewhere: tuple[Outcome, ...] = ()  # of other data sets, where a teacher is used


def search_hard(ctx: RunContext, rows: RunRows, sets: Sequence[SelectionSet]) -> SearchResult:
    """Evaluate configurations on hard labels until the sampler, the results or the budget end it.

    No teacher is needed. A limit on retention waits for one.
    """
    limits = structs.replace(ctx.recipe.limits, min_retention=0.0)
    run = Run(ctx.recipe.name, ctx.seed, len(rows.training), "self")
    facts = facts_of(rows.training, rows.test)
    # Other runs may add to the memory before a run that was stopped is resumed.
    remembered = ctx.checkpoint.journal.get_or_compute(
        "remembered", lambda: recalled(ctx.memory, facts, ctx.trainer.fitting.stages)
    )
    space = _space(ctx, sets, remembered, facts)
    share = HARD_SHARE if ctx.recipe.search.soft else 1.0
    ranking = TrialRanking(limits, metric=ctx.metric)
    return _search(ctx, sets, space, share, ranking, facts, run)


def search_soft(
    ctx: RunContext, rows: RunRows, outputs: TeacherOutputs, hard: SearchResult
) -> SearchResult:
    """Evaluate what learns from the teacher; what a search on hard labels found is known."""
    run = Run(ctx.recipe.name, ctx.seed, len(outputs.training), outputs.regime.name)
    facts = facts_beside(hard.facts, rows.training, outputs.knowledge)
    if not outputs.teaches:
        return replace(hard, facts=facts, run=run)
    elsewhere = outcomes_elsewhere(ctx.memory, facts, ctx.checkpoint.journal)
    teach_scheduler(ctx.trainer.fitting.scheduler, facts, elsewhere)
    known = replace(hard, facts=facts, run=run, elsewhere=tuple(elsewhere))
    found = _with_teacher(ctx, outputs, hard, known, 1, 0)
    return replace(found, ended=f"{hard.ended}; with the teacher: {found.ended}")


def search_again(
    ctx: RunContext,
    outputs: TeacherOutputs,
    hard: SearchResult,
    found: SearchResult,
    number: int,
    others: int,
) -> SearchResult:
    """Evaluate again what learns from the teacher, because this round has other targets.

    `others` is the number of trials of the rounds before, which nothing is known of here.
    """
    again = _with_teacher(ctx, outputs, hard, found, number, others)
    return replace(again, ended=f"{found.ended}; in round {number}: {again.ended}")


def _with_teacher(
    ctx: RunContext,
    outputs: TeacherOutputs,
    hard: SearchResult,
    known: SearchResult,
    number: int,
    others: int,
) -> SearchResult:
    space = replace(
        _space(ctx, outputs.selection_sets, hard.remembered, known.facts),
        alphas=with_control(outputs.alphas),
        extra_weights=with_control(outputs.extra_weights),
        before=tuple(hard.trials),
        outcomes=known.elsewhere,
    )
    share = 1.0 / (ctx.recipe.search.rounds - number + 1)
    sets, ranking = outputs.selection_sets, outputs.ranking
    return _search(ctx, sets, space, share, ranking, known.facts, known.run, others)


def _space(
    ctx: RunContext, sets: Sequence[SelectionSet], remembered: Remembered, facts: DataFacts
) -> SearchSpace:
    """Return the space of hard labels."""
    stages = ctx.trainer.fitting.stages
    return SearchSpace(
        stages={name: active.stage for name, active in stages.items()},
        temperatures=ctx.recipe.search.temperatures,
        alphas=(0.0,),
        seed=ctx.seeds.sampler,
        n_rows=min(len(each.training) for each in sets),
        n_available=min(each.available for each in sets),
        fits=len(sets),
        remembered=remembered,
        facts=facts,
    )


def _search(
    ctx: RunContext,
    sets: Sequence[SelectionSet],
    space: SearchSpace,
    share: float,
    ranking: TrialRanking,
    facts: DataFacts,
    run: Run,
    others: int = 0,
) -> SearchResult:
    settings, fitting, fits = ctx.recipe.search, ctx.trainer.fitting, len(sets)
    ctx.checkpoint.best.begin(ranking, replace(run, rows=len(sets[0].training)))

    def count(trial: Trial) -> None:
        with ctx.counts.purpose(purpose_of(trial.configuration)):
            ctx.trainer.count(trial)
        ctx.progress.advance()

    with ctx.counts.phase("search"):
        models = ctx.budget_plan.for_search(fits, len(fitting.stages), share)
        space = replace(space, models=models)
        loop = Search(
            sampler=ctx.parts.sampler.create(space),
            scheduler=fitting.scheduler,
            pipeline=ctx.pipeline,
            data=ctx.trainer.search_data(sets, students=not space.before or settings.rounds > 1),
            batch=settings.batch,
            stop=settings.stop,
            racing=settings.racing,
            budget=ctx.budget,
            reserved=ctx.budget_plan.reserved_beside(fits, len(fitting.stages), models),
            ranking=ranking,
            before=space.before,
            others=others,
            on_trial=count,
            on_arrival=ctx.trainer.best.offer,
        )
        most = settings.batch if models is None else max(1, models // fits)
        ctx.progress.start("search", loop.sampler.total or most)
        ended = loop.run()
        ctx.progress.stop()
    return SearchResult(loop.trials, ended, space.remembered, facts, run, space.outcomes)


def purpose_of(configuration: Configuration) -> str:
    """Return what a configuration of a search is trained for."""
    if configuration.share < 1:
        return SAMPLE
    return CONTROLS if configuration.hard else TUNING


def with_control(weights: Sequence[float]) -> tuple[float, ...]:
    """Return the weights of the teacher that are tried: 0 is always among them."""
    return tuple(sorted({0.0, *weights}))
