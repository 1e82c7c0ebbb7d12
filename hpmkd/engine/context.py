"""What the steps of a run share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hpmkd.chain.chain import ChainLink
from hpmkd.data.seeds import Seeds
from hpmkd.engine.budget_plan import BudgetPlan
from hpmkd.engine.trainer import Trainer
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.execution.counters import Counts
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.execution.placement import placed
from hpmkd.execution.progress import Progress
from hpmkd.kernels import background
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.search.budget import Budget
from hpmkd.training.fit import ActiveStage, FitContext, get_ready

if TYPE_CHECKING:
    from hpmkd.contracts import Cache, Memory
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.registry.registry import Registry
    from hpmkd.runs.checkpoint import RunCheckpoint
    from hpmkd.values import DataFacts


@dataclass(frozen=True)
class RunContext:
    """What the steps of a run share; none of it is a result of theirs."""

    recipe: Recipe  # with the executor that this run really uses
    registry: Registry
    parts: Components
    seed: int
    seeds: Seeds  # derived from `seed`, one for each use of randomness
    counts: Counts
    progress: Progress
    cache: Cache  # of teacher predictions, fused targets and encoded rows
    memory: Memory  # of other data sets
    pipeline: ParallelDistillationPipeline
    checkpoint: RunCheckpoint  # stores finished results, for a run that is resumed
    trainer: Trainer
    links: Sequence[ChainLink]
    budget: Budget

    @cached_property
    def budget_plan(self) -> BudgetPlan:
        """How the models of the budget are divided over the steps."""
        spare = 1 if self.recipe.limits else 0
        return BudgetPlan(self.budget, self.links, self.trainer.parents, spare)

    @property
    def metric(self) -> Metric:
        """What students are chosen and judged by."""
        return self.trainer.fitting.metric

    def note(self, note: str) -> None:
        """Send observers a sentence about the run."""
        self.registry.notify("hpmkd_noted", note=note)


@contextlib.contextmanager
def open_context(
    recipe: Recipe,
    registry: Registry,
    seed: int,
    cache: Cache | None,
    checkpoint: RunCheckpoint,
    facts: DataFacts,
    metric: Metric = LOG_LOSS,
) -> Iterator[RunContext]:
    """Build the components of a recipe for such data; free their processes afterwards."""
    recipe = placed(recipe, registry.notify)
    parts = resolve(recipe, registry)
    pipeline = ParallelDistillationPipeline(
        parts.executor.create(),
        here=None if parts.stand_in is None else parts.stand_in.create(),
        start_seconds=recipe.pipeline.start_seconds,
        trial_seconds=recipe.budget.trial_seconds,
        notify=registry.notify,
        journal=checkpoint.journal_file,
    )
    compiler = background.start(
        lambda note: registry.notify("hpmkd_noted", note=note), full=facts.n_classes > 2
    )
    try:
        seeds, counts, links = Seeds.spawn(seed), Counts(), _links(parts)
        fitting = FitContext(
            stages=_stages(parts, facts),
            transfers={link.label: link.transfer for link in links},
            scheduler=parts.scheduler.create(),
            seed=seeds.students,
            metric=metric,
        )
        pipeline.prepare(get_ready, fitting)
        yield RunContext(
            recipe=recipe,
            registry=registry,
            parts=parts,
            seed=seed,
            seeds=seeds,
            counts=counts,
            progress=Progress(registry),
            cache=parts.cache.create() if cache is None else cache,
            memory=parts.memory.create(),
            pipeline=pipeline,
            checkpoint=checkpoint,
            trainer=Trainer(
                fitting,
                pipeline,
                counts,
                registry,
                checkpoint.best,
                timed=recipe.limits.max_latency > 0,
            ),
            links=links,
            budget=Budget(recipe.budget, counts, checkpoint.journal),
        )
    finally:
        compiler.close()
        pipeline.close()


def _stages(parts: Components, facts: DataFacts) -> dict[str, ActiveStage]:
    """Build the stages of a recipe, as they suit such data, simple ones first."""
    built = [
        ActiveStage(name, spec.offered.plugin, spec.create()).for_data(facts)
        for name, spec in parts.stages.items()
    ]
    ordered = sorted(built, key=lambda active: (active.stage.complexity, active.name))
    return {active.name: active for active in ordered}


def _links(parts: Components) -> list[ChainLink]:
    """Build the links of a recipe's chain; links of one label share a rule."""
    rules = {label: spec.create() for label, spec in parts.transfers.items()}
    return [
        ChainLink(link.stage, link.after, link.label, rules[link.label]) for link in parts.links
    ]
