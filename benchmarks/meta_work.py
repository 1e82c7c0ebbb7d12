"""One problem of the benchmark of the meta scheduler: its teachers, trials and students."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from chain_data import SELF, draw
from chain_teachers import TeacherOutputs, TrainingSet, cache, recipe, registry

from hpmkd.contracts import Scheduler, Stage
from hpmkd.data.probabilities import row_losses
from hpmkd.data.unlabeled import ExtraSource
from hpmkd.execution.counters import Counts
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.search.warm_start import outcomes
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.recording_scheduler import RecordingScheduler
from hpmkd.training.trials import SearchData, evaluate
from hpmkd.values import Configuration, DataFacts, Outcome, Trial
from hpmkd_defaults.samplers.random_draws import named_seed, random_trials
from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage

STAGES: dict[str, Stage] = {"gbm": GBMStage(), "xgboost": XGBoostStage()}
ROWS = 1500
#: What each set's own search tries: hyperparameters, and softenings of each.
DRAWS, SOFTENINGS = 3, 8
COLDEST, HOTTEST = 0.5, 3.0


@dataclass(frozen=True)
class Measured:
    """A student on the test rows, and what its scheduler did on average over the rounds."""

    log_loss: float
    accuracy: float
    alpha: float
    temperature: float


class Plain(TrainingSet):
    """A problem without rows that have no label."""

    def _teaching(self, fuser: str) -> KnowledgeBuilder:
        chosen = without_extra()
        reader = TeacherPredictor(
            training=self.problem.training,
            test=self.problem.test,
            cache=cache(),
            pipeline=ParallelDistillationPipeline(chosen.executor.create()),
            n_folds=recipe().split.teacher_folds,
            seed=self.seeds.teachers,
            counts=Counts(),
        )
        source = ExtraSource(recipe().extra, chosen.augmenter.create(), None, self.seeds.augmenter)
        return KnowledgeBuilder(self.teachers, reader, chosen.fuser, lambda: (), source)


@lru_cache(maxsize=1)
def without_extra() -> Components:
    """Return the components of the recipe, without an augmenter."""
    return resolve(recipe().override({"augmenter": "none"}), registry())


class Problem:
    """A draw of rows from one set, at most 1,500 to train on, and the panel's word about them."""

    def __init__(self, name: str, seed: int) -> None:
        drawn = draw(SELF, name, seed)
        assert drawn is not None
        order = np.random.default_rng(seed).permutation(len(drawn.training))
        few = drawn.training.rows(np.sort(order[:ROWS]))
        few = type(few)(few.table.reset_index(drop=True), few.labels, few.classes)
        self.name, self.seed = name, seed
        self.rows = replace(drawn, training=few)
        self.heard: TeacherOutputs = Plain(self.rows).fused
        self.stages = {name: ActiveStage(name, "benchmark", each) for name, each in STAGES.items()}

    @cached_property
    def facts(self) -> DataFacts:
        """What a scheduler may know of the data set."""
        training, targets = self.rows.training, self.heard.training_set.training.soft_targets
        noise = float(np.mean(targets.argmax(axis=1) != training.labels))
        facts = training.facts
        return replace(facts, noise=noise, regime="self", digest=training.digest)

    def searched(self) -> list[Outcome]:
        """Return the outcomes of a search over random softenings.

        Its scheduler knows nothing: it keeps alpha and T, and hears how the fits went.
        """
        rng = np.random.default_rng([self.seed, named_seed(self.seed, self.name)])
        tried = []
        for name, stage in STAGES.items():
            study = random_trials(self.seed, f"{self.name} {name}")
            drawn = [stage.space(study.ask()) for _ in range(DRAWS - 1)]
            for point in (stage.defaults, *drawn):
                alphas = np.append(rng.uniform(0, 1, SOFTENINGS - 1), 0.0)
                hot = np.exp(rng.uniform(np.log(COLDEST), np.log(HOTTEST), SOFTENINGS))
                tried += [
                    Configuration(name, float(t), float(a), point)
                    for a, t in zip(alphas, hot, strict=True)
                ]
        return outcomes(self.facts, self.trials(tried, MetaTemperatureScheduler()))

    def trials(self, tried: list[Configuration], scheduler: Scheduler) -> list[Trial]:
        """Judge configurations by the selection rows."""
        splits = tuple(
            selection_set.split(selection_set.training_set.training)
            for selection_set in self.heard.selection_sets
        )
        data = SearchData(splits, self._fitting(scheduler))
        found = [evaluate(data, task) for task in enumerate(tried)]
        for trial in found:
            if trial.failure is not None:
                raise RuntimeError(trial.failure)
        return found

    def chosen(self, tried: list[Configuration], scheduler: Scheduler) -> Configuration:
        """Return the configuration that the selection rows prefer."""
        return min(self.trials(tried, scheduler), key=lambda each: each.log_loss).configuration

    def measured(self, configuration: Configuration, scheduler: Scheduler) -> Measured:
        """Fit on all training rows and measure on the test rows."""
        recorder = RecordingScheduler(scheduler)
        training = self.heard.training_set.training
        student = self._fitting(scheduler).student(training, configuration, recorder)
        said, labels = student.predict_proba(self.rows.test.table), self.rows.test.labels
        right = float(np.mean(said.argmax(axis=1) == labels))
        mean = recorder.mean
        assert mean is not None
        return Measured(float(row_losses(said, labels).mean()), right, mean.alpha, mean.temperature)

    def _fitting(self, scheduler: Scheduler) -> FitContext:
        return FitContext(self.stages, {}, scheduler, self.seed)
