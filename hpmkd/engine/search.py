"""The race: configurations are searched, and stages build on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hpmkd.chain.chain import ProgressiveDistillationChain
from hpmkd.data.cache_region import NO_CACHE, CacheRegion
from hpmkd.engine.budget_plan import BudgetPlan
from hpmkd.evaluation.ranking import NO_LIMITS, TrialRanking
from hpmkd.search.loop import Search
from hpmkd.values import SearchSpace, Trial

if TYPE_CHECKING:
    from hpmkd.chain.chain import ChainLink
    from hpmkd.chain.parents import SelectionSet
    from hpmkd.data.seeds import Seeds
    from hpmkd.engine.trainer import Trainer
    from hpmkd.evaluation.gates import Gate
    from hpmkd.execution.progress import Progress
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.recipe.resolve import Components
    from hpmkd.registry.registry import Registry
    from hpmkd.search.budget import Budget
    from hpmkd.values import Configuration, Hyperparameter


@dataclass(frozen=True)
class SearchResult:
    """What a search found, and what ended it."""

    trials: Sequence[Trial]
    ended: str


@dataclass(frozen=True)
class StudentSearch:
    """The race of a run, after the teachers and before the finishing.

    Parameters
    ----------
    trainer : Trainer
        Fits students, and counts them.
    links : sequence of ChainLink
        The chain.
    recipe, parts, seeds, progress, registry
        Of the run.
    budget : Budget
        Of the run.
    features : CacheRegion
        Where encoded rows are looked for.
    ranking : TrialRanking
        Ranks trials.
    """

    trainer: Trainer
    links: Sequence[ChainLink]
    recipe: Recipe
    parts: Components
    seeds: Seeds
    progress: Progress
    registry: Registry
    budget: Budget
    features: CacheRegion = NO_CACHE
    ranking: TrialRanking = NO_LIMITS

    @property
    def encodings(self) -> set[str]:
        """The encodings that the stages in the race read."""
        return {active.stage.encoding for active in self.trainer.fitting.stages.values()}

    @cached_property
    def budget_plan(self) -> BudgetPlan:
        """Who may train how many models."""
        spare = 1 if self.recipe.limits else 0
        return BudgetPlan(self.budget, self.links, self.trainer.parents, spare)

    def search(
        self,
        selection_sets: Sequence[SelectionSet],
        alphas: Sequence[float],
        remembered: Mapping[str, Sequence[Mapping[str, Hyperparameter]]],
    ) -> SearchResult:
        """Evaluate configurations until the sampler, the results or the budget end it.

        Parameters
        ----------
        selection_sets : sequence of SelectionSet
            The selection rows, and what is fitted.
        alphas : sequence of float
            Weights of the teacher that the run's regime allows.
        remembered : mapping
            By stage, hyperparameters to try first.
        """
        settings, fits = self.recipe.search, len(selection_sets)
        n_stages = len(self.trainer.fitting.stages)
        models = self.budget_plan.for_search(fits, n_stages)
        space = SearchSpace(
            stages={name: active.stage for name, active in self.trainer.fitting.stages.items()},
            temperatures=settings.temperatures,
            alphas=with_control(alphas),
            seed=self.seeds.sampler,
            n_rows=min(len(selection_set.training_set.rows) for selection_set in selection_sets),
            n_available=min(selection_set.available for selection_set in selection_sets),
            fits=fits,
            models=models,
            remembered=remembered,
        )
        search = Search(
            sampler=self.parts.sampler.create(space),
            scheduler=self.trainer.fitting.scheduler,
            pipeline=self.trainer.pipeline,
            data=self.trainer.data(selection_sets),
            batch=settings.batch,
            stop=settings.stop,
            budget=self.budget,
            kept=self.budget_plan.kept(fits, n_stages),
            ranking=self.ranking,
            on_trial=self._trial_finished,
            on_arrival=self.trainer.best.offer,
        )
        most = settings.batch if models is None else max(1, models // fits)
        self.progress.start("search", search.sampler.total or most)
        ended = search.run()
        self.progress.stop()
        return SearchResult(search.trials, ended)

    def chain(
        self,
        trials: Sequence[Trial],
        selection_sets: Sequence[SelectionSet],
        alphas: Sequence[float],
    ) -> tuple[list[Trial], list[Trial], list[Gate]]:
        """Let stages build on each other.

        Returns
        -------
        racing : list of Trial
            What is in the race now: the trials given, and those of links that were kept.
        tried : list of Trial
            All trials, also those of links that were refused.
        gates : list of Gate
            One per link.
        """
        tried = list(trials)

        def evaluated(configurations: Sequence[Configuration]) -> list[Trial]:
            found = self.trainer.evaluate(selection_sets, configurations)
            tried.extend(found)
            return found

        def refused(configurations: Sequence[Configuration], racing: Sequence[Trial]) -> str | None:
            return self.budget_plan.chained(configurations, racing, selection_sets)

        self.progress.start("chain", len(self.links))
        chain = ProgressiveDistillationChain(
            self.links,
            with_control(alphas),
            evaluated,
            self.progress.advance,
            refused,
            self.ranking,
        )
        racing, gates = chain.run(trials)
        self.progress.finish()
        return racing, tried, gates

    def _trial_finished(self, trial: Trial) -> None:
        self.trainer.tell(trial)
        self.progress.advance()


def with_control(alphas: Sequence[float]) -> tuple[float, ...]:
    """Return the weights of the teacher that are tried: alpha = 0 is always among them."""
    return tuple(sorted({0.0, *alphas}))
