"""One problem of the benchmark of the meta scheduler: its teachers, trials and students."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from benchmarks.chain.data import SELF, draw
from benchmarks.chain.teachers import ProblemTeachers, TeacherOutputs, recipe, registry
from benchmarks.common.engine import active_stages, judge
from hpmkd.contracts import Scheduler, Stage
from hpmkd.data.probabilities import row_losses
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.search.warm_start import outcomes
from hpmkd.training.fit import FitContext
from hpmkd.training.recording_scheduler import RecordingScheduler
from hpmkd.values import Configuration, DataFacts, Outcome, Trial
from hpmkd_defaults.samplers.random_draws import named_seed, random_trials
from hpmkd_defaults.schedulers.meta import MetaTemperatureScheduler
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage

STAGES: dict[str, Stage] = {"gbm": GBMStage(), "xgboost": XGBoostStage()}
ROWS = 1500
#: The trials of each set's own search: hyperparameters, and softenings of each.
DRAWS, SOFTENINGS = 3, 8
COLDEST, HOTTEST = 0.5, 3.0


@dataclass(frozen=True)
class Measured:
    """A student on the test rows, and what its scheduler did on average over the rounds."""

    log_loss: float
    accuracy: float
    alpha: float
    temperature: float


class Plain(ProblemTeachers):
    """A problem without rows that have no label."""

    def components(self, fuser: str) -> Components:
        """Return the components without an augmenter."""
        return without_extra()


@lru_cache(maxsize=1)
def without_extra() -> Components:
    """Return the components of the recipe, without an augmenter."""
    return resolve(recipe().override({"augmenter": "none"}), registry())


class Problem:
    """A draw of rows from one set, at most 1,500 to train on, with the panel's predictions."""

    def __init__(self, name: str, seed: int) -> None:
        drawn = draw(SELF, name, seed)
        assert drawn is not None
        order = np.random.default_rng(seed).permutation(len(drawn.training))
        few = drawn.training.rows(np.sort(order[:ROWS]))
        few = type(few)(few.table.reset_index(drop=True), few.labels, few.classes)
        self.name, self.seed = name, seed
        self.rows = replace(drawn, training=few)
        self.outputs: TeacherOutputs = Plain(self.rows).fused
        self.stages = active_stages(STAGES)

    @cached_property
    def facts(self) -> DataFacts:
        """The facts of the data set that a scheduler may know."""
        training = self.rows.training
        noise = self.outputs.noise
        return replace(training.facts, noise=noise, regime=SELF, digest=training.digest)

    def searched(self) -> list[Outcome]:
        """Return the outcomes of a search over random softenings.

        Its scheduler has learned nothing: it keeps alpha and T, and observes the fits.
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
        return outcomes(self.facts, self.trials(tried, MetaTemperatureScheduler()), self.stages)

    def trials(self, tried: list[Configuration], scheduler: Scheduler) -> list[Trial]:
        """Judge configurations by the selection rows."""
        return judge(self.outputs.selection_sets, self._context(scheduler), tried)

    def chosen(self, tried: list[Configuration], scheduler: Scheduler) -> Configuration:
        """Return the configuration that the selection rows prefer."""
        return min(self.trials(tried, scheduler), key=lambda each: each.log_loss).configuration

    def measured(self, configuration: Configuration, scheduler: Scheduler) -> Measured:
        """Fit on all training rows and measure on the test rows."""
        recorder = RecordingScheduler(scheduler)
        fit = self._context(scheduler).fit(self.outputs.training, configuration, recorder=recorder)
        student = fit.student(configuration.rounds)
        predicted, labels = student.predict_proba(self.rows.test.table), self.rows.test.labels
        right = float(np.mean(predicted.argmax(axis=1) == labels))
        mean = recorder.mean
        assert mean is not None
        loss = float(row_losses(predicted, labels).mean())
        return Measured(loss, right, mean.alpha, mean.temperature)

    def _context(self, scheduler: Scheduler) -> FitContext:
        return FitContext(self.stages, {}, scheduler, self.seed)
