"""Finds good configurations: the sampler asks, the engine runs, the sampler is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hpmkd.finalists import best
from hpmkd.trials import SearchData, evaluate
from hpmkd.values import Trial

if TYPE_CHECKING:
    from hpmkd.contracts import Executor, Sampler, Scheduler
    from hpmkd.values import Configuration


@dataclass
class Search:
    """One search over configurations.

    Parameters
    ----------
    sampler : Sampler
        Chooses what to try; its guard has checked what it asks for.
    scheduler : Scheduler
        Hears of every trial.
    executor : Executor
        Where trials run.
    data : SearchData
        What trials need.
    batch : int
        Configurations asked for at a time. Results do not depend on the number of workers
        because a batch is told in the order of asking, whichever trial finishes first.
    on_trial : callable
        Called with every new trial, in the order of asking.
    """

    sampler: Sampler
    scheduler: Scheduler
    executor: Executor
    data: SearchData
    batch: int
    on_trial: Callable[[Trial], None] = lambda trial: None
    _known: dict[object, Trial] = field(default_factory=dict)

    def run(self) -> list[Trial]:
        """Evaluate until the sampler has nothing more to ask, then the missing controls.

        Returns
        -------
        list of Trial
            Every distinct configuration once, in the order of asking.
        """
        while asked := self.sampler.ask(self.batch):
            self._evaluate(asked)
        # alpha = 0 is always in the race: each stage's best gets its hard-label twin.
        bests = [best(self.trials, name) for name in self.data.fitting.stages]
        self._evaluate(each.configuration.control() for each in bests if each is not None)
        return self.trials

    @property
    def trials(self) -> list[Trial]:
        """The trials so far."""
        return sorted(self._known.values(), key=lambda trial: trial.number)

    def _evaluate(self, asked: Iterable[Configuration]) -> None:
        asked = list(asked)
        new: dict[object, Configuration] = {}
        for configuration in asked:
            if configuration.key not in self._known:
                new.setdefault(configuration.key, configuration)
        tasks = [(len(self._known) + at, each) for at, each in enumerate(new.values())]
        finished = dict(self.executor.run(evaluate, self.data, tasks))
        for at in range(len(tasks)):
            trial = finished[at]
            self._known[trial.configuration.key] = trial
            self.on_trial(trial)
        for configuration in asked:
            self._tell(replace(self._known[configuration.key], configuration=configuration))

    def _tell(self, trial: Trial) -> None:
        self.sampler.tell(trial)
        self.scheduler.observe(trial)
