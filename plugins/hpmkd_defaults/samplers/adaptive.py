"""The proposal's search: a few configurations tried, the promising ones chosen and tuned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.adaptive_plan import grid, has_soft, sizes
from hpmkd_defaults.samplers.expectations import by_all_that_is_known, by_the_sample
from hpmkd_defaults.samplers.known_losses import worth_knowing
from hpmkd_defaults.samplers.optuna_tpe import PointStudy, drawable
from hpmkd_defaults.samplers.promise import Promise
from hpmkd_defaults.samplers.random_draws import by_complexity, known_points, named_seed
from hpmkd_defaults.samplers.rounds import Rounds
from hpmkd_defaults.samplers.stratified import stratified
from hpmkd_defaults.samplers.trial_history import TrialHistory, lowest
from hpmkd_defaults.settings_types import Count, Share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hpmkd.values import Hyperparameter, SearchSpace, Trial
    from hpmkd_defaults.samplers.surrogate import Posterior

#: Trials that the process sees, the last ones: it takes time cubic in them.
MOST_TRIALS = 150
#: Suggestions for one trial, after which an earlier one is repeated.
PATIENCE = 10


class AdaptiveConfigurationManager:
    """Prunes the grid of stage × alpha × T × extra weight to its most promising configurations.

    On hard labels alone there is nothing to prune: every stage gets as many trials as a
    configuration does beside a teacher. Then, beside a teacher:

    1. A stratified sample of the configurations is evaluated on a subset of the rows.
    2. A Gaussian process ranks all of them (:func:`by_the_sample`, or where it learns
       :func:`by_all_that_is_known`).
    3. The most promising are tuned, in rounds of one trial each. The first round chooses them: the
       best of every stage, then the most promising ones unlike those that were chosen
       (:class:`Promise`). A process that learns is refitted after each batch, so that later
       choices use the results of earlier ones, and later rounds begin with the best.
       A configuration's first trial has the best hyperparameters that are known of its stage;
       Optuna's TPE suggests those of the others, and learns from all trials of the stage.
    4. Each stage's best hyperparameters on hard labels: these are no part of the grid. If there
       are more stages than promising configurations, the others are represented by these, right
       after the first round: there is nothing more to learn of them.

    If the budget is short, the last round is cut at its less promising end, then the one
    before it, and so on; the sample takes half of what there is at most. As TPE and the process
    know what was learned before a batch, the search depends on the size of the batches.

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
    learns : bool
        Whether the process learns from every trial, with its hyperparameters, from the search on
        hard labels, and from outcomes of other data sets. If not, it sees stage and softening of
        the sample alone, which was measured to be as good.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        initial: Count = 8,
        configs: Count = 16,
        trials: Count = 5,
        subset: Share = 0.3,
        learns: bool = False,
    ) -> None:
        self._space, self._subset, self._learns = space, subset, learns
        self._grid = grid(space)
        self._sizes = sizes(space, initial, min(configs, len(self._grid)), trials)
        self.total: int | None = self._sizes.total
        self._elsewhere = worth_knowing(space.outcomes, space.stages) if learns else []
        self._history, self._before = TrialHistory(), TrialHistory()
        self._studies = {name: stage_study(space, name) for name in space.stages}
        for trial in space.before:
            requested = replace(trial.configuration, rounds=None)
            self._before.take(replace(trial, configuration=requested))
            self._tell_study(trial)
        self._rounds = Rounds(self._search() if has_soft(space) else self._hard())

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return up to `n` configurations of the current round."""
        return self._rounds.ask(n)

    def tell(self, trial: Trial) -> None:
        """Learn an outcome, also in the study of its stage if it is about all rows."""
        self._history.take(trial)
        self._tell_study(trial)

    def select_promising_configs(self) -> list[Configuration]:
        """Return the grid's most promising configurations, by what is known now."""
        return list(self._in_order(self._grid, min(self._sizes.configs, len(self._grid))))

    # ------------------------------------------------------------------------- rounds

    def _hard(self) -> Iterator[Iterable[Configuration]]:
        first, *others = self._sizes.rounds
        yield map(self._warm_started, self._grid[:first])
        for size in others:
            yield map(self._suggested, self._grid[:size])

    def _search(self) -> Iterator[Iterable[Configuration]]:
        yield self._sample()
        sampled = [each.configuration.stage for each in self._history]
        first, *others = self._sizes.rounds
        chosen: list[Configuration] = []
        # Lazily: process and TPE suggest on the engine's request, and know the batch before.
        yield map(self._warm_started, self._noted(self._in_order(self._grid, first), chosen))
        tuned = list(dict.fromkeys(each.stage for each in chosen))
        names = dict.fromkeys([*sampled, *by_complexity(self._space)])
        pruned = [name for name in names if name not in tuned]
        yield self._controls(pruned[: max(0, self._sizes.controls - len(tuned))])
        for size in others:
            yield map(self._suggested, self._in_order(chosen, size))
        yield self._controls(tuned[: self._sizes.controls])

    def _sample(self) -> list[Configuration]:
        sides = [
            (each.stage, each.temperature, each.alpha, each.extra_weight) for each in self._grid
        ]
        rng = np.random.default_rng(named_seed(self._space.seed, "sample"))
        chosen = stratified(sides, self._sizes.initial, rng)
        return [replace(self._warm_started(self._grid[at]), share=self._subset) for at in chosen]

    def _in_order(self, among: Iterable[Configuration], n: int) -> Iterator[Configuration]:
        """Yield `n` of some configurations: the best of every stage, then the most promising."""
        left = list(among)
        missing = {each.stage for each in left}
        known, promise = None, Promise(self._grid, None)
        for _ in range(n):
            if known is None or (self._learns and known != len(self._history)):
                known, promise = len(self._history), Promise(self._grid, self._expected())
            best = promise.take([each for each in left if each.stage in missing] or left)
            left.remove(best)
            missing.discard(best.stage)
            yield best

    @staticmethod
    def _noted(
        configurations: Iterable[Configuration], notes: list[Configuration]
    ) -> Iterator[Configuration]:
        for each in configurations:
            notes.append(each)
            yield each

    def _controls(self, names: Iterable[str]) -> list[Configuration]:
        return [Configuration(name, 1.0, 0.0, self._best_known(name)) for name in names]

    # ------------------------------------------------------------------- what is known

    def _expected(self) -> Posterior | None:
        """Return what is expected of the grid, with the hyperparameters to begin with."""
        if not self._learns:
            sample = [each for each in self._history if each.configuration.share == self._subset]
            return by_the_sample(self._grid, sample)
        trials = [*self._before, *self._history][-MOST_TRIALS:]
        candidates = [*map(self._warm_started, self._grid)]
        return by_all_that_is_known(self._space, candidates, trials, self._elsewhere)

    def _warm_started(self, configuration: Configuration) -> Configuration:
        return replace(configuration, hyperparameters=self._best_known(configuration.stage))

    def _suggested(self, configuration: Configuration) -> Configuration:
        """Return a configuration with hyperparameters that TPE suggests, new ones if it can."""
        study = self._studies[configuration.stage]
        for _ in range(PATIENCE):
            suggested = replace(configuration, hyperparameters=study.ask())
            if suggested not in self._history and suggested not in self._before:
                break
            study.drop(suggested.hyperparameters)
        return suggested

    def _best_known(self, stage: str) -> Mapping[str, Hyperparameter]:
        """Return a stage's best hyperparameters in this run, before it the first known ones."""
        best = lowest([*self._before.successes(stage), *self._history.successes(stage)])
        return best.configuration.hyperparameters if best else known_points(self._space, stage)[0]

    def _tell_study(self, trial: Trial) -> None:
        tried = trial.configuration
        if tried.share == 1:
            self._studies[tried.stage].tell(tried.hyperparameters, trial)


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
