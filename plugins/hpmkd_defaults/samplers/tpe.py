"""Optuna's tree-structured Parzen estimator over everything at once."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.optuna_tpe import PointStudy, drawable, with_prefix
from hpmkd_defaults.samplers.random_draws import by_complexity, known_points, named_seed
from hpmkd_defaults.samplers.trial_history import evaluations, trials_beside_controls
from hpmkd_defaults.settings_types import Count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.values import Hyperparameter, SearchSpace, Trial


class TPESearch:
    """Searches stage, softening and hyperparameters together (Bergstra et al. 2011).

    The softening is alpha, temperature and the weight of rows without labels. Each stage has
    hyperparameters of its own, named ``stage.name``. The known points of all stages come first
    (remembered from other data, defaults, portfolio), at suggested softenings.
    It may suggest a configuration twice, and it depends on the size of the batches.

    Parameters
    ----------
    space : SearchSpace
        What to try.
    trials : int
        Configurations in all, >= 1; fewer if the budget has room for fewer, beside the
        controls.
    """

    def __init__(self, space: SearchSpace, *, trials: Count = 40) -> None:
        self._space = space
        self._study = PointStudy(self._draw, parameters, named_seed(space.seed, "tpe"))
        for enqueued in first_points(space):
            self._study.enqueue(enqueued)
        # On hard labels alone, each trial is its own control.
        soft = any(map(space.soft, space.stages))
        affordable = trials_beside_controls(space) if soft else max(1, evaluations(space))
        self.total: int | None = min(trials, affordable)
        self._left = self.total

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return the next `n` suggestions, fewer at the end."""
        count = min(n, self._left)
        self._left -= count
        return [self._study.ask() for _ in range(count)]

    def tell(self, trial: Trial) -> None:
        """Learn an outcome."""
        self._study.tell(trial.configuration, trial)

    def _draw(self, trial: HyperparameterTrial) -> Configuration:
        name = trial.suggest_categorical("stage", by_complexity(self._space))
        alpha = trial.suggest_categorical("alpha", sorted(set(self._space.alphas)))
        temperature = 1.0  # at alpha = 0 there is nothing to soften
        if alpha > 0:
            temperatures = sorted(set(self._space.temperatures))
            temperature = trial.suggest_categorical("temperature", temperatures)
        weights = sorted(set(self._space.extra_weights))
        weight = trial.suggest_categorical("extra_weight", weights)
        point = self._space.stages[name].space(with_prefix(trial, f"{name}."))
        return Configuration(name, temperature, alpha, point, extra_weight=weight)


def parameters(configuration: Configuration) -> dict[str, Hyperparameter]:
    """Return what is suggested of a configuration, by its name in the study."""
    softening: dict[str, Hyperparameter] = {
        "alpha": configuration.alpha,
        "extra_weight": configuration.extra_weight,
    }
    if configuration.alpha > 0:
        softening["temperature"] = configuration.temperature
    return {
        "stage": configuration.stage,
        **softening,
        **prefixed(configuration.stage, configuration.hyperparameters),
    }


def first_points(space: SearchSpace) -> Iterator[dict[str, Hyperparameter]]:
    """Yield what to try first: the best known point of every stage, then the next, …."""
    names = by_complexity(space)
    for each in zip_longest(*(known_points(space, name) for name in names)):
        for name, point in zip(names, each, strict=True):
            if point is not None and drawable(space.stages[name].space, point):
                yield {"stage": name, **prefixed(name, point)}


def prefixed(
    stage: str, hyperparameters: Mapping[str, Hyperparameter]
) -> dict[str, Hyperparameter]:
    """Return a stage's hyperparameters by their names in the study."""
    return {f"{stage}.{name}": value for name, value in hyperparameters.items()}
