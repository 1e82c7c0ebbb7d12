"""Searches to try a sampler with: stages, a space, outcomes, and the engine's way of asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hpmkd import values
from hpmkd.optuna_trials import RecordedTrial, random_study
from hpmkd.values import (
    Configuration,
    DataFacts,
    SearchSpace,
    Trial,
    frozen_mapping,
)

if TYPE_CHECKING:
    from hpmkd.contracts import HyperparameterTrial, Sampler, Stage
    from hpmkd.values import Hyperparameter

    Outcome = Callable[[int, Configuration], float | None]

#: A search that requests more than this does not end.
NO_END = 5_000
BATCH = 4


class Plain:
    """A stage with nothing to choose."""

    encoding: ClassVar[str] = "linear"
    complexity: ClassVar[int] = 0
    defaults: ClassVar[Mapping[str, Hyperparameter]] = frozen_mapping()

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw nothing."""
        return {}


class Various(Plain):
    """A stage with every sort of hyperparameter."""

    complexity: ClassVar[int] = 1
    defaults: ClassVar[Mapping[str, Hyperparameter]] = frozen_mapping(
        {"rate": 0.1, "share": 0.5, "rounds": 50, "leaves": 8, "growth": "deep"}
    )

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw five."""
        return {
            "rate": trial.suggest_float("rate", 0.01, 1.0, log=True),
            "share": trial.suggest_float("share", 0.25, 1.0, step=0.25),
            "rounds": trial.suggest_int("rounds", 10, 100, step=10),
            "leaves": trial.suggest_int("leaves", 2, 64, log=True),
            "growth": trial.suggest_categorical("growth", ["deep", "wide"]),
        }


class Branching(Plain):
    """A stage whose second hyperparameter depends on the first."""

    complexity: ClassVar[int] = 2
    defaults: ClassVar[Mapping[str, Hyperparameter]] = frozen_mapping({"pruned": False})

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw one or two."""
        pruned = trial.suggest_categorical("pruned", [False, True])
        if not pruned:
            return {"pruned": pruned}
        return {"pruned": pruned, "cost": trial.suggest_float("cost", 0.0, 1.0)}


def space(
    seed: int = 0,
    temperatures: tuple[float, ...] = (1.0, 3.0),
    alphas: tuple[float, ...] = (0.0, 0.5, 1.0),
    extra_weights: tuple[float, ...] = (0.0,),
) -> SearchSpace:
    """Return a search space over the three stages."""
    stages: Mapping[str, Any] = {"plain": Plain(), "various": Various(), "branching": Branching()}
    return SearchSpace(frozen_mapping(stages), temperatures, alphas, seed, extra_weights)


def some_loss(number: int, configuration: Configuration) -> float | None:
    """Return a loss that depends on all of a configuration."""
    digest = sum(map(ord, repr(configuration.key)))
    return 0.3 + digest % 97 / 100


def trial_of(number: int, configuration: Configuration, loss: float | None) -> Trial:
    """Return a finished trial of one model; a failed one of none for a loss of None."""
    if loss is None:
        return Trial(number, configuration, np.empty(0), float("nan"), 0, 0.1, "plugin 'x': broke")
    losses = np.full(20, loss) + np.linspace(-0.1, 0.1, 20)
    return Trial(number, configuration, losses, 1.0 - loss / 2, 1, 0.1)


def remembering(given: SearchSpace, points: int = 2) -> SearchSpace:
    """Return a space whose memory has some points of every stage that has any choice."""
    remembered = {
        name: [dict(stage.space(random_study(seed).ask())) for seed in range(points)]
        for name, stage in given.stages.items()
        if stage.space(RecordedTrial({}))
    }
    return replace(given, remembered=frozen_mapping(remembered))


def knowing(given: SearchSpace) -> SearchSpace:
    """Return a space that knows of other data sets, one of them poorly."""
    unknown = Configuration("forest", 1.0, 0.5, {"trees": 9})
    outdated = Configuration("various", 2.0, 0.5, {"rate": 7.0})
    tried = [
        replace(each, hyperparameters=given.stages[each.stage].defaults)
        for name in given.stages
        for each in given.soft(name)
    ]
    outcomes = [
        values.Outcome(
            DataFacts(10**at, 7, 3, noise=0.1 * at if at > 1 else None, digest=str(at)),
            each,
            regret,
            0.5,
        )
        for at in range(1, 4)
        for regret, each in enumerate([*tried, unknown, outdated])
    ]
    return replace(given, facts=DataFacts(200, 5, 2), outcomes=tuple(outcomes))


def check_in_space(stage: Stage, hyperparameters: Mapping[str, Hyperparameter]) -> None:
    """Assert that hyperparameters are a point of a stage's search space, all of it."""
    trial = RecordedTrial(hyperparameters)
    drawn = dict(stage.space(trial))
    impossible = {name: expected for name, (_, expected) in trial.refused.items()}
    assert not impossible, f"{dict(hyperparameters)} is outside the space: {impossible}"
    assert drawn == dict(hyperparameters)


def search(
    sampler: Sampler, outcome: Outcome = some_loss, batch: int = BATCH, fits: int = 1
) -> list[Configuration]:
    """Ask and tell, as the engine does, until nothing is requested."""
    configurations: list[Configuration] = []
    while requested := sampler.ask(batch):
        assert len(requested) <= batch, f"{len(requested)} were asked for, not {batch}"
        for configuration in requested:
            number = len(configurations)
            configurations.append(configuration)
            trial = trial_of(number, configuration, outcome(number, configuration))
            sampler.tell(replace(trial, models_trained=fits * trial.models_trained))
        assert len(configurations) <= NO_END, (
            f"the search does not end: {len(configurations)} configurations"
        )
    return configurations


def after_hard_labels(
    factory: Callable[[SearchSpace], Sampler], given: SearchSpace, outcome: Outcome = some_loss
) -> SearchSpace:
    """Return a space beside a teacher, which knows what a sampler found on hard labels alone."""
    hard = search(factory(replace(given, alphas=(0.0,), extra_weights=(0.0,))), outcome)
    numbered = {each.key: (at, each) for at, each in reversed([*enumerate(hard)])}
    trials = [trial_of(at, each, outcome(at, each)) for at, each in numbered.values()]
    return replace(given, before=tuple(sorted(trials, key=lambda trial: trial.number)))


def keys(configurations: Iterable[Configuration]) -> list[Any]:
    """Return what identifies each configuration."""
    return [configuration.key for configuration in configurations]


def models(
    configurations: Iterable[Configuration],
    fits: int,
    outcome: Outcome = some_loss,
    before: Iterable[Trial] = (),
) -> int:
    """Return how many models a search trains, with the controls that the engine adds.

    What a search before has evaluated is not evaluated again.
    """
    tried = {each.key: (outcome(at, each), each) for at, each in enumerate(configurations)}
    bests: dict[str, tuple[tuple[bool, float], Configuration]] = {}
    for loss, each in tried.values():
        # What was tried on all rows is a stage's best, whatever a share of them has shown.
        sort_key = (each.share < 1, np.inf if loss is None else loss)
        if loss is not None and (each.stage not in bests or sort_key < bests[each.stage][0]):
            bests[each.stage] = (sort_key, each)
    controls = {best.control().key for _, best in bests.values()}
    known = {trial.configuration.key for trial in before}
    return fits * len((tried.keys() | controls) - known)
