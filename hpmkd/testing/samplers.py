"""What a sampler must do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from hpmkd.contracts import Sampler
from hpmkd.testing.trials import check_in_space
from hpmkd.values import Configuration, SearchSpace, Trial, frozen_mapping

if TYPE_CHECKING:
    from hpmkd.contracts import HyperparameterTrial, Stage
    from hpmkd.values import Hyperparameter

    Outcome = Callable[[int, Configuration], float | None]

#: A search that asks for more than this does not end.
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
) -> SearchSpace:
    """Return a search space over the three stages."""
    stages: Mapping[str, Any] = {"plain": Plain(), "various": Various(), "branching": Branching()}
    return SearchSpace(frozen_mapping(stages), temperatures, alphas, seed)


def some_loss(number: int, configuration: Configuration) -> float | None:
    """Return a loss that depends on everything a configuration says."""
    digest = sum(map(ord, repr(configuration.key)))
    return 0.3 + digest % 97 / 100


def trial_of(number: int, configuration: Configuration, loss: float | None) -> Trial:
    """Return a finished trial; a failed one for a loss of None."""
    if loss is None:
        return Trial(number, configuration, np.empty(0), float("nan"), 0, 0.1, "plugin 'x': broke")
    losses = np.full(20, loss) + np.linspace(-0.1, 0.1, 20)
    return Trial(number, configuration, losses, 1.0 - loss / 2, 1, 0.1)


def search(
    sampler: Sampler, outcome: Outcome = some_loss, batch: int = BATCH
) -> list[Configuration]:
    """Ask and tell, as the engine does, until nothing is asked for."""
    asked: list[Configuration] = []
    while configurations := sampler.ask(batch):
        assert len(configurations) <= batch
        for configuration in configurations:
            number = len(asked)
            asked.append(configuration)
            sampler.tell(trial_of(number, configuration, outcome(number, configuration)))
        assert len(asked) <= NO_END, f"the search does not end: {len(asked)} configurations"
    return asked


def keys(configurations: Iterable[Configuration]) -> list[Any]:
    """Return what identifies each configuration."""
    return [configuration.key for configuration in configurations]


class SamplerSuite:
    """Inherit and supply ``factory``."""

    @pytest.fixture
    def factory(self) -> Callable[[SearchSpace], Sampler]:
        """Return a callable that builds the sampler under test for a search space."""
        raise NotImplementedError("supply a fixture `factory`: search space -> your sampler")

    def test_fulfils_the_protocol(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """It has the methods of a sampler."""
        assert isinstance(factory(space()), Sampler)

    @pytest.mark.parametrize("batch", [1, 3, 16])
    def test_asks_for_something_and_ends(
        self, factory: Callable[[SearchSpace], Sampler], batch: int
    ) -> None:
        """Batches hold at most what was asked for; an empty one comes in the end."""
        assert search(factory(space()), batch=batch)

    def test_total_is_what_it_asks_for(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """If it announces a total, it asks for exactly as many; None announces nothing."""
        sampler = factory(space())
        announced = sampler.total
        asked = search(sampler)
        assert announced is None or announced == len(asked)

    def test_stays_at_its_end(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """Once it has asked for nothing, it never asks again."""
        sampler = factory(space())
        search(sampler)
        assert [len(sampler.ask(BATCH)) for _ in range(3)] == [0, 0, 0]

    def test_asks_for_points_of_the_space(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """Stage, temperature, alpha and hyperparameters are from the space."""
        given = space()
        for configuration in search(factory(given)):
            assert isinstance(configuration, Configuration)
            assert configuration.stage in given.stages
            assert configuration.alpha in given.alphas
            # Without a teacher the temperature is idle: 1, or any of those given.
            idle = configuration.alpha == 0 and configuration.temperature == 1
            assert idle or configuration.temperature in given.temperatures
            stage: Stage = given.stages[configuration.stage]
            check_in_space(stage, configuration.hyperparameters)

    def test_a_space_of_one_point_is_fine(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """One stage, one temperature, hard labels: that is what it asks for."""
        lone = SearchSpace(frozen_mapping({"plain": Plain()}), (1.0,), (0.0,), 0)
        asked = search(factory(lone))
        assert set(keys(asked)) == {("plain", 1.0, 0.0, ())}

    def test_hard_labels_are_within_reach(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """In one of ten searches at least, alpha = 0 is tried."""
        assert any(
            configuration.alpha == 0
            for seed in range(10)
            for configuration in search(factory(space(seed)))
        )

    def test_same_seed_same_search(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """Everything drawn follows from the seed, nothing from a global generator."""
        np.random.seed(1)  # noqa: NPY002 - the global generator is what must not matter
        one = search(factory(space(7)))
        np.random.seed(2)  # noqa: NPY002
        assert keys(search(factory(space(7)))) == keys(one)

    def test_seconds_do_not_matter(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """A slower machine makes the same search."""
        one, two = factory(space(7)), factory(space(7))
        number = 0
        while configurations := one.ask(BATCH):
            others = two.ask(BATCH)
            assert keys(others) == keys(configurations)
            for configuration in configurations:
                trial = trial_of(number, configuration, some_loss(number, configuration))
                one.tell(trial)
                two.tell(Trial(**{**vars(trial), "seconds": 1.0 + 100.0 * (number % 3)}))
                number += 1
            assert number <= NO_END, "the search does not end"

    def test_failed_trials_do_not_stop_it(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """Every other trial fails."""
        assert search(
            factory(space()),
            lambda number, configuration: some_loss(number, configuration) if number % 2 else None,
        )

    def test_ends_if_everything_fails(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """With no success at all, the search ends without an exception."""
        assert search(factory(space()), lambda number, configuration: None)

    def test_hears_of_controls_it_did_not_ask_for(
        self, factory: Callable[[SearchSpace], Sampler]
    ) -> None:
        """The engine adds the alpha = 0 control of each stage's best, and tells it too."""
        sampler = factory(space())
        first = sampler.ask(BATCH)
        assert first
        for number, configuration in enumerate(first):
            sampler.tell(trial_of(number, configuration, 0.5))
        for number, configuration in enumerate(first, start=len(first)):
            sampler.tell(trial_of(number, configuration.control(), 0.4))
        search(sampler)
