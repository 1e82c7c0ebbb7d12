"""The proposal's search: a few configurations tried, the promising ones chosen and tuned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.optuna_tpe import PointStudy, drawable
from hpmkd_defaults.samplers.random_draws import by_complexity, known_points, named_seed
from hpmkd_defaults.samplers.rounds import Rounds
from hpmkd_defaults.samplers.stratified import stratified
from hpmkd_defaults.samplers.surrogate import most_promising
from hpmkd_defaults.samplers.trial_history import (
    TrialHistory,
    evaluations,
    lowest,
    trials_beside_controls,
)
from hpmkd_defaults.settings_types import Count, Share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hpmkd.values import Hyperparameter, SearchSpace, Trial


class AdaptiveConfigurationManager:
    """Prunes the grid of stage × alpha × T × extra weight to its most promising configurations.

    1. A stratified sample of the configurations is evaluated on a subset of the rows.
    2. A Gaussian process, fitted on the sample, ranks all of them.
    3. The most promising are tuned, in rounds of one trial each. A configuration's first
       trial has the best hyperparameters that are known of its stage; Optuna's TPE suggests
       those of the others, and learns from all trials of the stage.
    4. Each stage's best hyperparameters on hard labels: these are no part of the grid.
       A stage without a promising configuration is represented by this one, right after the
       first round: there is nothing more to learn of it.

    If the budget is short, the last round is cut at its less promising end, then the one
    before it, and so on; the sample takes half of what there is at most. As TPE knows what
    was learned before a batch, the search depends on the size of the batches.

    Parameters
    ----------
    space : SearchSpace
        What to try.
    initial : int
        Configurations in the sample, >= 1.
    configs : int
        The most promising ones, which are tuned, >= 1.
    trials : int
        Trials of each of them, >= 1.
    subset : float
        Share of the rows that the sample is evaluated on, in (0, 1].
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        initial: Count = 8,
        configs: Count = 16,
        trials: Count = 5,
        subset: Share = 0.3,
    ) -> None:
        self._space = space
        self._subset = subset
        self._grid = grid(space)
        self._sizes = sizes(space, initial, min(configs, len(self._grid)), trials)
        self.total: int | None = self._sizes.total
        self._history = TrialHistory()
        self._studies = {name: stage_study(space, name) for name in space.stages}
        self._rounds = Rounds(self._search())

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return up to `n` configurations of the current round."""
        return self._rounds.ask(n)

    def tell(self, trial: Trial) -> None:
        """Learn an outcome, also in the study of its stage if it is about all rows."""
        self._history.take(trial)
        tried = trial.configuration
        if tried.share == 1:
            self._studies[tried.stage].tell(tried.hyperparameters, trial)

    def select_promising_configs(self) -> list[Configuration]:
        """Return the grid's most promising configurations, by the trials of the sample."""
        sample = [trial for trial in self._history if trial.configuration.share == self._subset]
        return most_promising(self._grid, sample)

    def _search(self) -> Iterator[Iterable[Configuration]]:
        yield self._sample()
        promising = self.select_promising_configs()
        first, *others = self._sizes.rounds
        tuned = list(dict.fromkeys(each.stage for each in promising[:first]))
        sampled = [each.configuration.stage for each in self._history]
        pruned = [
            name
            for name in dict.fromkeys([*sampled, *by_complexity(self._space)])
            if name not in tuned
        ]
        yield map(self._warm_started, promising[:first])
        # On hard labels alone, what is tuned is its own control.
        owed = len(tuned) if any(each.soft for each in promising) else 0
        yield self._controls(pruned[: max(0, self._sizes.controls - owed)])
        for size in others:
            # Lazily: TPE is asked when the engine is, and knows the batch before.
            yield map(self._suggested, promising[:size])
        yield self._controls(tuned[: self._sizes.controls])

    def _sample(self) -> list[Configuration]:
        sides = [
            (each.stage, each.temperature, each.alpha, each.extra_weight) for each in self._grid
        ]
        rng = np.random.default_rng(named_seed(self._space.seed, "sample"))
        chosen = stratified(sides, self._sizes.initial, rng)
        return [replace(self._warm_started(self._grid[at]), share=self._subset) for at in chosen]

    def _warm_started(self, configuration: Configuration) -> Configuration:
        return replace(configuration, hyperparameters=self._best_known(configuration.stage))

    def _suggested(self, configuration: Configuration) -> Configuration:
        suggested = self._studies[configuration.stage].ask()
        return replace(configuration, hyperparameters=suggested)

    def _controls(self, names: Iterable[str]) -> list[Configuration]:
        return [Configuration(name, 1.0, 0.0, self._best_known(name)) for name in names]

    def _best_known(self, stage: str) -> Mapping[str, Hyperparameter]:
        """Return a stage's best hyperparameters in this run, before it the first known ones."""
        best = lowest(self._history.successes(stage))
        return best.configuration.hyperparameters if best else known_points(self._space, stage)[0]


@dataclass(frozen=True)
class Sizes:
    """How many configurations are asked for.

    Parameters
    ----------
    initial : int
        In the sample.
    rounds : tuple of int
        In each round of tuning.
    controls : int
        On hard labels, at the end.
    """

    initial: int
    rounds: tuple[int, ...]
    controls: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.initial + sum(self.rounds) + self.controls


def sizes(space: SearchSpace, initial: int, configs: int, trials: int) -> Sizes:
    """Return what the budget has room for; one configuration is tuned at least."""
    affordable = trials_beside_controls(space)
    controls = min(len(space.stages), affordable, max(0, evaluations(space) - affordable))
    initial = min(initial, affordable // 2)
    tuned = min(configs * trials, affordable - initial)
    full, rest = divmod(tuned, configs)
    return Sizes(initial, (configs,) * full + (rest,) * (rest > 0), controls)


def grid(space: SearchSpace) -> list[Configuration]:
    """Return every stage and way to learn from the teacher (hard labels if there is none)."""
    return [
        each
        for name in by_complexity(space)
        for each in space.soft(name) or [Configuration(name, 1.0, 0.0)]
    ]


def stage_study(space: SearchSpace, name: str) -> PointStudy[Mapping[str, Hyperparameter]]:
    """Return the study of a stage's hyperparameters.

    The first known point is every configuration's first trial; the study begins with the
    others.
    """
    draw = space.stages[name].space
    study = PointStudy(draw, lambda point: point, named_seed(space.seed, f"tpe of {name}"))
    for point in known_points(space, name)[1:]:
        if drawable(draw, point):
            study.enqueue(point)
    return study
