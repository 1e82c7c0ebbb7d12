"""Hyperparameters first, then the weight of the teacher: in the order of their effect."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from hpmkd_defaults.samplers.rounds import Rounds
from hpmkd_defaults.samplers.trial_history import TrialHistory, evaluations, lowest
from hpmkd_defaults.samplers.tuning import plan
from hpmkd_defaults.settings_types import Count, Natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hpmkd.values import Configuration, SearchSpace, Trial


class StagedSampler:
    """Searches by coordinates: the stage and its hyperparameters, then the teacher, then T.

    On hard labels:

    1. A few draws of hyperparameters of every stage.
    2. Further draws of the stage that leads.

    With a teacher, after the search on hard labels:

    3. Each stage's best hyperparameters in every way to learn from the teacher: at each alpha,
       beside rows without labels at each of their weights. Then its next best ones: what suits
       hard labels is seldom what suits more rows.
    4. The leading student at the other temperatures, if there are any: of all choices the one that
       decides least.

    On much data, 1 and 2 use a subset of the rows, and each stage's best draw is then evaluated on
    all rows. The budget cuts the search from its end, but for one student of every stage on all
    rows. The batches' size changes nothing.

    Parameters
    ----------
    space : SearchSpace
        What to try.
    trials : int
        Draws of hyperparameters per stage, >= 1.
    more : int or None
        Further ones of the leading stage, >= 0; None for as many again.
    distilled : int
        Hyperparameters of each stage that learn from the teacher, >= 1.
    subset_rows : int
        Rows to compare draws on, >= 1, but a fifth of all at least.
    whole : tuple of str
        Stages whose hyperparameters are compared on all rows. How a single tree does on a
        part of the rows predicts little of how it does on all. Stages that do not take part
        may be named.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        trials: Count = 4,
        more: Natural | None = None,
        distilled: Count = 2,
        subset_rows: Count = 10_000,
        whole: tuple[str, ...] = ("tree",),
    ) -> None:
        # Which stages fail, and where the budget ends, is known only later.
        self.total: int | None = None
        self._space, self._distilled = space, distilled
        self._tuning = plan(
            space,
            trials=trials,
            more=trials if more is None else more,
            subset_rows=subset_rows,
            whole=whole,
        )
        self._history, self._before = TrialHistory(), TrialHistory()
        for trial in space.before:
            requested = replace(trial.configuration, rounds=None)
            self._before.take(replace(trial, configuration=requested))
        self._rounds = Rounds(self._teaching() if space.before else self._hard())

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return up to `n` configurations of the current round."""
        return self._rounds.ask(n)

    def tell(self, trial: Trial) -> None:
        """Learn an outcome; later rounds depend on it."""
        self._history.take(trial)

    # ------------------------------------------------------------------------- rounds

    def _hard(self) -> Iterator[list[Configuration]]:
        for draws in self._tuning.rounds():
            yield self._affordable(draws)
        yield self._affordable(self._further_draws(), reserve=self._missing())
        while in_full := self._affordable(self._best_draws_in_full()):
            yield in_full

    def _teaching(self) -> Iterator[list[Configuration]]:
        ranked = self._ranked()
        for at in range(self._distilled):
            for trials in ranked:
                for trial in trials[at : at + 1]:
                    yield self._affordable(self._ways(trial.configuration))
        soft = lowest(each for each in self._history if each.configuration.soft and each.eligible)
        if soft is not None:
            yield self._affordable(self._other_temperatures(soft.configuration))

    def _further_draws(self) -> list[Configuration]:
        """Return more draws of the stage that leads.

        The same student has a lower loss on more rows: where some stages were compared on a
        subset, the leader is one of those.
        """
        bests = {name: best for name in self._tuning.draws if (best := self._best_draw(name))}
        on_subset = {name: bests[name] for name in bests if self._tuning.on_subset(name)}
        leader = lowest((on_subset or bests).values())
        return list(self._tuning.further[leader.configuration.stage]) if leader else []

    def _best_draws_in_full(self) -> list[Configuration]:
        """Return the best draw of each stage that has no student on all rows yet.

        Should that fail there, the second best follows, and so on.
        """
        candidates = []
        for name in self._tuning.draws:
            draws = [
                replace(trial.configuration, share=1.0)
                for trial in sorted(self._history.subset_successes(name), key=_merit)
            ]
            untried = [draw for draw in draws if draw not in self._history]
            if untried and not self._history.successes(name):
                candidates.append(untried[0])
        return candidates

    def _ranked(self) -> list[list[Trial]]:
        """Return each stage's hard trials, the best first; stages by their best."""
        own = [sorted(self._before.successes(name), key=_merit) for name in self._space.stages]
        return sorted(filter(None, own), key=lambda trials: _merit(trials[0]))

    def _ways(self, hard: Configuration) -> list[Configuration]:
        """Return a configuration in every way to learn from the teacher, at one temperature."""
        nearest = min(self._space.temperatures, key=lambda each: (abs(math.log(each)), each))
        return [
            replace(way, hyperparameters=hard.hyperparameters)
            for way in self._space.soft(hard.stage)
            if way.alpha == 0 or way.temperature == nearest
        ]

    def _other_temperatures(self, best: Configuration) -> list[Configuration]:
        """Return the leading student at the other temperatures."""
        temperatures = sorted(set(self._space.temperatures)) if best.alpha > 0 else []
        return [replace(best, temperature=temperature) for temperature in temperatures]

    # ------------------------------------------------------------------------ lookups

    def _best_draw(self, stage: str) -> Trial | None:
        return lowest(self._history.subset_successes(stage) or self._history.successes(stage))

    def _missing(self) -> int:
        """Return how many evaluations the remaining stages still need."""
        return sum(
            self._tuning.on_subset(name) for name in self._tuning.draws if self._best_draw(name)
        )

    def _affordable(
        self, configurations: Iterable[Configuration], reserve: int = 0
    ) -> list[Configuration]:
        """Return what is new of them, as many as the budget allows."""
        new = [
            each
            for each in configurations
            if each not in self._history and each not in self._before
        ]
        left = evaluations(self._space, self._history.models) - reserve
        return new[: max(0, left)]


def _merit(trial: Trial) -> tuple[float, int]:
    return trial.log_loss, trial.number
