"""The search loop: request configurations from the sampler, evaluate, report the trials to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import PluginError, PluginWarning, warn
from hpmkd.evaluation.ranking import NO_LIMITS, TrialRanking
from hpmkd.training.race import RowLosses
from hpmkd.training.refit import best
from hpmkd.training.trials import TRIAL, SearchData, TrialTask
from hpmkd.values import Trial

if TYPE_CHECKING:
    from hpmkd.contracts import Sampler, Scheduler
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.recipe.settings import StopSettings
    from hpmkd.search.budget import Budget
    from hpmkd.values import Configuration

#: Fits on all training rows that an eligible stage entails: its student and its control.
REFITS = 2


@dataclass
class Search:
    """One search over configurations."""

    sampler: Sampler  # chooses what to try; the configurations are validated
    scheduler: Scheduler
    pipeline: ParallelDistillationPipeline
    data: SearchData
    #: Configurations requested at a time. Results do not depend on the number of workers: the
    #: trials of a batch reach the sampler in the order of request, whichever finishes first.
    batch: int
    stop: StopSettings
    budget: Budget
    reserved: int = 0  # models of the budget that are not for the search
    #: Ranks trials; for the sampler, those beyond the limits are worse.
    ranking: TrialRanking = NO_LIMITS
    #: Whether what is clearly worse than its stage's best on the first folds is given up.
    racing: bool = True
    #: The trials of a search before, on the same rows.
    before: Sequence[Trial] = ()
    others: int = 0  # trials on the same rows with other targets, whose numbers are taken
    #: Called with every new trial, in the order of request.
    on_trial: Callable[[Trial], None] = lambda trial: None
    #: Called with every new trial as soon as it arrives; returns the trial to store.
    on_arrival: Callable[[Trial], Trial] = lambda trial: trial
    _known: dict[object, Trial] = field(default_factory=dict)
    _failure: str | None = None
    _first: int = 0  # number of its first trial

    def __post_init__(self) -> None:
        # By what was requested: the rounds were chosen by the selection rows.
        for trial in self.before:
            self._known[replace(trial.configuration, rounds=None).key] = trial
        self._first = len(self._known)

    def run(self) -> str:
        """Evaluate until one of four things ends the search, then the missing controls.

        Returns what ended it, and how many models were trained by then.

        Raises
        ------
        RecipeError
            If the budget does not allow a single stage.
        PluginError
            If the sampler fails before any trial has succeeded. Later it ends the search only.
        """
        ended = None
        while ended is None:
            requested = self._ask()
            allowed = self._allowed(requested)
            self._evaluate(allowed)
            ended = self._ended(requested, allowed)
        self._evaluate(self._controls())
        return f"{ended}{self.budget.used}"

    @property
    def trials(self) -> list[Trial]:
        """The trials so far: every distinct configuration once, in the order of request."""
        return sorted(self._known.values(), key=lambda trial: trial.number)

    def _ask(self) -> Sequence[Configuration]:
        try:
            return [] if self._failure else self.sampler.ask(self.batch)
        except PluginError as failed:
            self._give_up(failed)
            return []

    def _give_up(self, failed: PluginError) -> None:
        """Call the sampler no more; what was found so far is not lost with it."""
        if all(trial.failure is not None for trial in self._known.values()):
            raise failed
        warn(f"{failed}; the search ends with what it has found", PluginWarning)
        self._failure = f"the sampler failed: {failed}"

    def _ended(
        self, requested: Sequence[Configuration], allowed: Sequence[Configuration]
    ) -> str | None:
        if self._failure:
            return self._failure
        if not requested:
            return "sampler exhausted"
        if self.budget.late:
            return self.budget.late
        if len(allowed) < len(requested):
            return "the budget has no room for another trial and what follows the search"
        return self._converged()

    def _converged(self) -> str | None:
        """Return a reason if the last results no longer move, and every stage has been tried.

        ``has_converged`` of the method's pseudocode: the standard deviation of the last scores.
        Those of a search before this one do not count.
        """
        trials = [each for each in self.trials if each.eligible and each.number >= self._first]
        recent = [each.log_loss for each in trials][-self.stop.window :]
        tried = {each.configuration.stage for each in trials}
        if not self.stop.window or len(recent) < self.stop.window or tried < {*self._stages}:
            return None
        moved = float(np.std(recent))
        if moved >= self.stop.threshold:
            return None
        return f"the last {len(recent)} results moved by {moved:.2g} nats (search.stop)"

    def _allowed(self, requested: Sequence[Configuration]) -> list[Configuration]:
        """Return the first of them, as many as the budget allows with all that they entail."""
        left = self.budget.models - self.reserved
        allowed: list[Configuration] = []
        for configuration in requested:
            if self._cost([*allowed, configuration]) > left:
                break
            allowed.append(configuration)
        if requested and not allowed and not self._known:
            raise self.budget.too_small(self._cost(requested[:1]), self._fits)
        return allowed

    def _cost(self, requested: Sequence[Configuration]) -> int:
        """Return how many models are trained if these are evaluated, before the run is over."""
        new = {each.key: each for each in requested if each.key not in self._known}
        entailed = sum(self._entailed(stage, [*new.values()]) for stage in self._stages)
        return len(new) * self._fits + entailed

    def _entailed(self, stage: str, new: Sequence[Configuration]) -> int:
        """Return how many models a stage still takes once these have been evaluated.

        Which of them wins is not known yet: it may be any that has no control so far.
        """
        own = [each for each in new if each.stage == stage]
        leading = self._best(stage)
        if leading is not None:
            rivals = [leading.configuration, *(each for each in own if each.share == 1)]
        else:
            part = self._best_on_share(stage)
            rivals = own if part is None else [part.configuration, *own]
        if not rivals:
            return 0
        known = {*self._known, *(each.key for each in own)}
        missing = any(each.control().key not in known for each in rivals)
        return missing * self._fits + REFITS

    @property
    def _fits(self) -> int:
        return len(self.data.splits)

    @property
    def _stages(self) -> Mapping[str, object]:
        return self.data.fitting.stages

    def _best(self, stage: str) -> Trial | None:
        return best(self._known.values(), stage, ranking=self.ranking)

    def _bests(self) -> list[Trial]:
        found = map(self._best, self._stages)
        return [each for each in found if each is not None]

    def _controls(self) -> Iterator[Configuration]:
        """Yield the hard-label control of each stage's best, which is always eligible.

        A stage that was tried on a share of the rows alone, when the search ended, is
        represented by its control.
        """
        for stage in self._stages:
            leading = self._best(stage) or self._best_on_share(stage)
            if leading is not None:
                yield leading.configuration.control()

    def _best_on_share(self, stage: str) -> Trial | None:
        """Return a stage's best trial on a share of the rows; None if all failed."""
        tried = [
            trial
            for trial in self._known.values()
            if trial.configuration.stage == stage
            and trial.configuration.share < 1
            and trial.failure is None
            and trial.worse_by is None
        ]
        return min(tried, key=lambda trial: (trial.loss, trial.number), default=None)

    def _evaluate(self, requested: Iterable[Configuration]) -> None:
        requested = list(requested)
        new: dict[object, Configuration] = {}
        for configuration in requested:
            if configuration.key not in self._known:
                new.setdefault(configuration.key, configuration)
        first = self.others + len(self._known)
        tasks = [
            TrialTask(first + at, each, self._leader(each) if self.racing else None)
            for at, each in enumerate(new.values())
        ]
        arriving = self.pipeline.run(TRIAL, self.data, tasks)
        finished = {at: self.ranking.preferred(self.on_arrival(trial)) for at, trial in arriving}
        for at, configuration in enumerate(new.values()):
            trial = finished[at]
            self._known[configuration.key] = trial
            self.on_trial(trial)
        self._drop_predictions()
        for configuration in requested:
            trial = replace(self._known[configuration.key], configuration=configuration)
            self._tell(self._estimated(trial))

    def _leader(self, configuration: Configuration) -> RowLosses | None:
        """Return the losses of the best trial of a stage so far, on as many rows.

        Others race against it. A pool takes the best of each stage, so stages do not race with each
        other.
        """
        leading = self._leading(configuration)
        return None if leading is None else RowLosses.of(leading)

    def _leading(self, configuration: Configuration) -> Trial | None:
        if configuration.share < 1:
            return self._best_on_share(configuration.stage)
        return self._best(configuration.stage)

    def _drop_predictions(self) -> None:
        """Keep the predictions of each stage's best and best hard trial: others are not fused."""
        bests = {
            trial.configuration.key
            for stage in self._stages
            for control in (False, True)
            if (trial := best(self._known.values(), stage, control=control, ranking=self.ranking))
        }
        for key, trial in self._known.items():
            if trial.probabilities is not None and trial.configuration.key not in bests:
                self._known[key] = replace(trial, probabilities=None, students=())

    def _estimated(self, trial: Trial) -> Trial:
        """Return a trial with losses that compare with others, if it was dropped on the way."""
        leading = self._leading(trial.configuration)
        if trial.worse_by is None or leading is None:
            return trial
        losses = leading.row_losses + trial.worse_by
        # Told in nats: by the metric it is known on fewer rows.
        weights = leading.row_weights
        return replace(trial, row_losses=losses, metric_losses=None, row_weights=weights)

    def _tell(self, trial: Trial) -> None:
        self.scheduler.observe(trial)
        if self._failure:
            return
        try:
            self.sampler.tell(self.ranking.penalised(trial))
        except PluginError as failed:
            self._give_up(failed)
