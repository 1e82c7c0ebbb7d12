"""One open data set of the shipped memory: its rows, its teachers' predictions, its trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.chain.teachers import registry
from benchmarks.common.datasets import load
from benchmarks.common.engine import knowledge_of, teacher_predictor
from hpmkd.contracts import Scheduler
from hpmkd.data.dataset import Dataset
from hpmkd.data.probabilities import row_losses
from hpmkd.data.seeds import Seeds
from hpmkd.data.unlabeled import ExtraSource
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.panels import members
from hpmkd.knowledge.regime import Regime
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.search.warm_start import facts_beside
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.trials import SearchData, TrialTask, evaluate
from hpmkd.values import Configuration, DataFacts, Hyperparameter, SearchSpace, Trial
from hpmkd_defaults.samplers.random_draws import known_points, named_seed, shared_draws
from hpmkd_defaults.schedulers.constant import ConstantScheduler
from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler

#: Rows to fit on, and further ones that judge: half of these choose, half only measure.
TRAINING, JUDGING = 1000, 2000
#: Random hyperparameters of each stage, beside its defaults and its portfolio.
DRAWS = {"logistic": 20, "tree": 40, "gbm": 20, "network": 20, "xgboost": 20}
STAGES = tuple(DRAWS)
#: For the scheduler to learn from: the defaults and a draw of each booster, in so many softenings.
BOOSTERS, SOFTENED_POINTS, SOFTENINGS = ("gbm", "xgboost"), 2, 6
COLDEST, HOTTEST = 0.5, 3.0
#: The two searches of a data set: hyperparameters on hard labels, softenings beside a teacher.
HARD, SOFT = "hyperparameters", "softenings"


class Measured(NamedTuple):
    """A trial, and its student's mean log loss on rows that chose nothing."""

    trial: Trial
    test_log_loss: float


@lru_cache(maxsize=1)
def parts() -> Components:
    """Return the components of the default recipe, without made rows."""
    changes = {"augmenter": "none", "memory": "none", "cache": "memory", "stages": [*STAGES]}
    return resolve(Recipe.load("hpm").override(changes), registry())


def short(value: Hyperparameter) -> Hyperparameter:
    """Return a hyperparameter with four digits that count, so that the file stays small."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class OpenSet:
    """A data set by name: at most 1,000 rows to fit on, a draw of them."""

    name: str
    draw: int

    @cached_property
    def rows(self) -> tuple[Dataset, Dataset, Dataset]:
        """Rows that are fitted on, that choose, and that only measure."""
        table, labels = load(self.name)
        n = min(TRAINING, int(0.6 * len(labels)))
        n_judging = min(JUDGING, len(labels) - n)
        cut = {"stratify": labels, "random_state": self.draw}
        training, judging = train_test_split(
            np.arange(len(labels)), train_size=n, test_size=n_judging, **cut
        )
        cut["stratify"] = labels[judging]
        choosing, measuring = train_test_split(judging, test_size=0.5, **cut)
        whole = Dataset(table.reset_index(drop=True), labels, np.arange(labels.max() + 1))
        found = (whole.rows(np.sort(each)) for each in (training, choosing, measuring))
        return tuple(
            Dataset(each.table.reset_index(drop=True), each.labels, each.classes) for each in found
        )

    @cached_property
    def stages(self) -> dict[str, ActiveStage]:
        """The stages as they suit these rows."""
        facts = self.rows[0].facts
        return {
            name: ActiveStage(name, spec.offered.plugin, spec.create()).for_data(facts)
            for name, spec in parts().stages.items()
        }

    @cached_property
    def space(self) -> SearchSpace:
        """The space of the hyperparameters: drawn on every data set in the same order."""
        stages = {name: active.stage for name, active in self.stages.items()}
        return SearchSpace(stages, (1.0,), (0.0,), seed=0)

    def points(self, stage: str) -> list[dict[str, Hyperparameter]]:
        """Return a stage's defaults, its portfolio, and random draws."""
        drawn = shared_draws(self.space, stage, self.n_known(stage) + DRAWS[stage])
        return [{name: short(value) for name, value in point.items()} for point in drawn]

    def n_known(self, stage: str) -> int:
        """Return how many of the points are the stage's own."""
        return len(known_points(self.space, stage))

    def searches(self) -> Iterator[tuple[str, Configuration]]:
        """Yield all that is fitted, by the search that it belongs to."""
        for stage in STAGES:
            for point in self.points(stage):
                yield HARD, Configuration(stage, 1.0, 0.0, point)
        rng = np.random.default_rng(named_seed(0, self.name))
        for stage in BOOSTERS:
            points = self.points(stage)
            for point in (points[0], points[self.n_known(stage)])[:SOFTENED_POINTS]:
                yield SOFT, Configuration(stage, 1.0, 0.0, point)
                # One alpha of each part of its range, so that all are tried everywhere.
                alphas = (rng.permutation(SOFTENINGS) + rng.uniform(size=SOFTENINGS)) / SOFTENINGS
                hot = np.exp(rng.uniform(np.log(COLDEST), np.log(HOTTEST), SOFTENINGS))
                for alpha, temperature in zip(alphas.round(3), hot.round(3), strict=True):
                    yield SOFT, Configuration(stage, float(temperature), float(alpha), point)

    # ------------------------------------------------------------------------- teachers

    @cached_property
    def _knowledge(self):
        training, seeds = self.rows[0], Seeds.spawn(self.draw)
        panel = members(parts().teacher, training.facts, seeds.teachers)
        predictor = teacher_predictor(training, self.rows[2], parts(), seeds.teachers)
        source = ExtraSource(Recipe.load("hpm").extra, parts().augmenter.create(), None, 0)
        builder = KnowledgeBuilder(panel, predictor, parts().fuser, lambda: (), source)
        return knowledge_of(builder, Regime("self", "its teachers saw these rows alone"))

    def facts(self) -> DataFacts:
        """Return the facts of the data set that a memory receives."""
        training = self.rows[0]
        return facts_beside(
            replace(training.facts, digest=training.digest), training, self._knowledge
        )

    # --------------------------------------------------------------------------- trials

    def fitted(self, search: str, configuration: Configuration) -> Measured:
        """Fit a configuration, let the first half of the other rows judge it, and measure."""
        data = self._hard if search == HARD else self._soft
        trial = evaluate(data, TrialTask(0, configuration))
        if trial.failure is not None:
            raise RuntimeError(trial.failure)
        measuring = self.rows[2]
        predicted = trial.students[0].predict_proba(measuring.table)
        return Measured(trial, float(row_losses(predicted, measuring.labels).mean()))

    @cached_property
    def _hard(self) -> SearchData:
        return self._searched(None, ConstantScheduler())

    @cached_property
    def _soft(self) -> SearchData:
        # It has learned nothing: it leaves alpha and T as they are, and observes the fits.
        return self._searched(self._knowledge.fused.soft_targets, MetaTemperatureScheduler())

    def _searched(self, soft_targets: np.ndarray | None, scheduler: Scheduler) -> SearchData:
        training, choosing, _ = self.rows
        encodings = {active.stage.encoding for active in self.stages.values()}
        encoded = TrainingSet.encode(training, soft_targets, encodings)
        n = len(training)
        judged = SelectionSet(encoded, np.arange(n, n + len(choosing)), choosing, n)
        fitting = FitContext(self.stages, {}, scheduler, seed=self.draw)
        return SearchData((judged,), fitting, students=True)
