"""What a sampler must do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from hpmkd.contracts import Sampler
from hpmkd.testing.sampler_runs import (
    BATCH,
    NO_END,
    Plain,
    after_hard_labels,
    check_in_space,
    keys,
    knowing,
    models,
    remembering,
    search,
    some_loss,
    space,
    trial_of,
)
from hpmkd.values import Configuration, SearchSpace, frozen_mapping

if TYPE_CHECKING:
    from hpmkd.contracts import Stage


class SamplerSuite:
    """Inherit and supply ``factory``.

    Attributes
    ----------
    remembers : bool
        Whether it first requests what the space remembers; set it to False if it does not.
    counts : bool
        Whether it keeps within the space's models; set it to False if the engine is to stop it.
    """

    remembers: ClassVar[bool] = True
    counts: ClassVar[bool] = True

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
        """Batches are at most as large as requested; an empty one comes in the end."""
        assert search(factory(space()), batch=batch)

    def test_total_is_what_it_asks_for(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """If it announces a total, it requests exactly as many; None announces nothing."""
        sampler = factory(space())
        announced = sampler.total
        requested = search(sampler)
        assert announced is None or announced == len(requested)

    def test_stays_at_its_end(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """Once it has requested nothing, it never requests again."""
        sampler = factory(space())
        search(sampler)
        assert [len(sampler.ask(BATCH)) for _ in range(3)] == [0, 0, 0]

    @pytest.mark.parametrize("n_rows", [200, 100_000])
    @pytest.mark.parametrize("extra_weights", [(0.0,), (0.0, 0.5)])
    def test_asks_for_points_of_the_space(
        self,
        factory: Callable[[SearchSpace], Sampler],
        n_rows: int,
        extra_weights: tuple[float, ...],
    ) -> None:
        """Stage, softening and hyperparameters are from the space; a share is one."""
        given = replace(space(), n_rows=n_rows, extra_weights=extra_weights)
        for configuration in search(factory(given)):
            assert isinstance(configuration, Configuration)
            assert configuration.stage in given.stages
            assert configuration.alpha in given.alphas
            assert configuration.extra_weight in given.extra_weights
            assert configuration.rounds is None, "the selection rows choose them"
            # Without a teacher the temperature is idle: 1, or any of those given.
            idle = configuration.alpha == 0 and configuration.temperature == 1
            assert idle or configuration.temperature in given.temperatures
            assert 0 < configuration.share <= 1
            assert configuration.after is None, "the chain decides what follows what"
            stage: Stage = given.stages[configuration.stage]
            check_in_space(stage, configuration.hyperparameters)

    @pytest.mark.parametrize("n_rows", [200, 100_000])
    def test_comes_to_all_rows(
        self, factory: Callable[[SearchSpace], Sampler], n_rows: int
    ) -> None:
        """A trial on a share of the rows wins nothing: some are on all of them."""
        requested = search(factory(replace(space(), n_rows=n_rows)))
        assert any(configuration.share == 1 for configuration in requested)

    def test_a_space_of_one_point_is_fine(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """One stage, one temperature, hard labels: it requests exactly that."""
        lone = SearchSpace(frozen_mapping({"plain": Plain()}), (1.0,), (0.0,), 0)
        whole = [replace(each, share=1.0) for each in search(factory(lone))]
        assert set(keys(whole)) == {Configuration("plain", 1.0, 0.0).key}

    def test_what_is_remembered_comes_first(
        self, factory: Callable[[SearchSpace], Sampler]
    ) -> None:
        """A stage begins with the best that is remembered; with its defaults, the rest follows."""
        if not self.remembers:
            pytest.skip("it looks at no memory")
        given = remembering(space())
        requested = search(factory(given))
        assert {each.stage for each in requested} & given.remembered.keys()
        for name, remembered in given.remembered.items():
            own = [dict(each.hyperparameters) for each in requested if each.stage == name]
            first = [point for at, point in enumerate(own) if point not in own[:at]]
            assert first[:1] == remembered[:1]
            early = first[: len(remembered) + 1]
            recalled = [point for point in early if point in remembered]
            assert recalled == remembered[: len(recalled)]
            assert len(recalled) >= len(early) - 1, "one of them may be the defaults"

    @pytest.mark.parametrize("fits", [1, 3])
    @pytest.mark.parametrize("evaluations", [2, 5, 8, 20])
    def test_keeps_within_its_models(
        self, factory: Callable[[SearchSpace], Sampler], evaluations: int, fits: int
    ) -> None:
        """Trials and the controls that the engine adds train no more than the space allows."""
        if not self.counts:
            pytest.skip("the engine stops it")
        given = replace(space(), fits=fits, models=fits * evaluations)
        sampler = factory(given)
        announced = sampler.total
        requested = search(sampler, fits=fits)
        assert announced is None or announced == len(requested)
        assert 0 < models(requested, fits) <= fits * evaluations

    def test_hard_labels_are_within_reach(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """In one of ten searches at least, hard labels alone are tried."""
        assert any(
            configuration.hard
            for seed in range(10)
            for configuration in search(factory(space(seed)))
        )

    def test_rows_without_labels_are_within_reach(
        self, factory: Callable[[SearchSpace], Sampler]
    ) -> None:
        """In one of ten searches at least they are used where alpha is 0 and where it is not."""
        spaces = [space(seed, extra_weights=(0.0, 0.5)) for seed in range(10)]
        requested = [
            configuration
            for given in spaces
            for configuration in search(factory(after_hard_labels(factory, given)))
            if configuration.extra_weight > 0
        ]
        assert {configuration.alpha > 0 for configuration in requested} == {False, True}

    @pytest.mark.parametrize("n_rows", [200, 100_000])
    def test_learns_from_a_teacher_after_a_search_on_hard_labels(
        self, factory: Callable[[SearchSpace], Sampler], n_rows: int
    ) -> None:
        """Beside the trials of such a search, it requests new points: they are of the space."""
        given = after_hard_labels(factory, replace(space(), n_rows=n_rows))
        assert all(trial.configuration.hard for trial in given.before)
        requested = search(factory(given))
        assert any(configuration.soft for configuration in requested)
        for configuration in requested:
            assert configuration.alpha in given.alphas
            idle = configuration.alpha == 0 and configuration.temperature == 1
            assert idle or configuration.temperature in given.temperatures
            check_in_space(given.stages[configuration.stage], configuration.hyperparameters)

    @pytest.mark.parametrize("fits", [1, 3])
    @pytest.mark.parametrize("evaluations", [2, 5, 8, 20])
    def test_keeps_within_its_models_after_a_search_on_hard_labels(
        self, factory: Callable[[SearchSpace], Sampler], evaluations: int, fits: int
    ) -> None:
        """What that search has evaluated takes no model more."""
        if not self.counts:
            pytest.skip("the engine stops it")
        given = after_hard_labels(factory, replace(space(), fits=fits, models=fits * evaluations))
        requested = search(factory(given), fits=fits)
        assert models(requested, fits, before=given.before) <= fits * evaluations

    def test_uses_or_ignores_outcomes_of_other_data_sets(
        self, factory: Callable[[SearchSpace], Sampler]
    ) -> None:
        """Some are of stages not in the race, some of points that a stage draws no more."""
        given = after_hard_labels(factory, knowing(space()))
        one, two = search(factory(given)), search(factory(given))
        assert keys(one) == keys(two)
        for configuration in one:
            check_in_space(given.stages[configuration.stage], configuration.hyperparameters)

    def test_ends_after_a_search_on_hard_labels_that_failed(
        self, factory: Callable[[SearchSpace], Sampler]
    ) -> None:
        """There is nothing to build on, and no exception."""
        nothing = after_hard_labels(factory, space(), lambda number, configuration: None)
        search(factory(nothing), lambda number, configuration: None)

    def test_same_seed_same_search(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """Everything drawn follows from the seed, nothing from a global generator."""
        np.random.seed(1)  # noqa: NPY002 - the global generator is what must not matter
        one = search(factory(space(7)))
        np.random.seed(2)  # noqa: NPY002
        assert keys(search(factory(space(7)))) == keys(one)

    def test_seconds_do_not_matter(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """A slower machine, or another worker, makes the same search."""
        one, two = factory(space(7)), factory(space(7))
        number = 0
        while configurations := one.ask(BATCH):
            others = two.ask(BATCH)
            assert keys(others) == keys(configurations)
            for configuration in configurations:
                trial = trial_of(number, configuration, some_loss(number, configuration))
                one.tell(trial)
                seconds, worker = 1.0 + 100.0 * (number % 3), f"host:{number % 2}"
                two.tell(replace(trial, seconds=seconds, worker=worker))
                number += 1
            assert number <= NO_END, "the search does not end"

    def test_failed_trials_do_not_stop_it(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """Every other trial fails."""
        assert search(
            factory(space()),
            lambda number, configuration: some_loss(number, configuration) if number % 2 else None,
        )

    def test_a_stage_that_fails_costs_no_other(
        self, factory: Callable[[SearchSpace], Sampler]
    ) -> None:
        """Where all trials of the stage that it requests first fail, it tries another."""
        first = factory(space()).ask(1)[0].stage
        requested = search(
            factory(space()),
            lambda number, configuration: (
                None if configuration.stage == first else some_loss(number, configuration)
            ),
            batch=1,
        )
        assert {each.stage for each in requested if each.share == 1} - {first}

    def test_ends_if_everything_fails(self, factory: Callable[[SearchSpace], Sampler]) -> None:
        """With no success at all, the search ends without an exception."""
        assert search(factory(space()), lambda number, configuration: None)

    def test_accepts_controls_that_it_did_not_ask_for(
        self, factory: Callable[[SearchSpace], Sampler]
    ) -> None:
        """The engine adds the control of each stage's best, and reports it too."""
        sampler = factory(space())
        first = sampler.ask(BATCH)
        assert first
        for number, configuration in enumerate(first):
            sampler.tell(trial_of(number, configuration, 0.5))
        for number, configuration in enumerate(first, start=len(first)):
            sampler.tell(trial_of(number, configuration.control(), 0.4))
        search(sampler)
