"""A sampler may only ask for points of the search space."""

from __future__ import annotations

import pickle

import pytest

from hpmkd.asked import check_configuration
from hpmkd.guards import guarded
from hpmkd.offers import Offered
from hpmkd.values import Configuration, Offer, SearchSpace, Softening, TrainingState


class Stage:
    def __init__(self, space):
        self.space = space


def plain(trial):
    return {
        "depth": trial.suggest_int("depth", 1, 8),
        "rate": trial.suggest_float("rate", 0.1, 1.0, log=True),
        "kind": trial.suggest_categorical("kind", ["a", "b"]),
    }


def derived(trial):
    """What it returns is not what was drawn, though one of the names is the same."""
    return {
        "leaves": 2 ** trial.suggest_int("depth", 1, 8),
        "rate": trial.suggest_float("rate", 0.1, 1.0) / 10,
    }


def check(space, **hyperparameters):
    stages = {"it": Stage(space)}
    configuration = Configuration("it", 1.0, 0.5, hyperparameters)
    check_configuration(configuration, SearchSpace(stages, (1.0,), (0.0,), 0))


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"depth": 1, "rate": 0.1, "kind": "b"},
        {"depth": 8, "rate": 1, "kind": "a"},
        {"depth": 8, "rate": 1.0000000000000002, "kind": "a"},
        {},
        {"something-else": 3},
    ],
)
def test_points_of_the_space_pass(hyperparameters):
    check(plain, **hyperparameters)


@pytest.mark.parametrize(
    ("hyperparameters", "said"),
    [
        ({"depth": 0}, r"depth = 0; expected an integer in \[1, 8\]"),
        ({"depth": 2.0}, "depth = 2.0; expected an integer"),
        ({"rate": 1.1}, r"rate = 1.1; expected a number in \[0.1, 1.0\]"),
        ({"rate": "fast"}, "rate = 'fast'; expected a number"),
        ({"rate": float("inf")}, "rate = inf; expected a finite"),
        ({"kind": "c"}, "kind = 'c'; expected one of 'a', 'b'"),
    ],
)
def test_other_points_do_not(hyperparameters, said):
    with pytest.raises(ValueError, match=said):
        check(plain, **hyperparameters)


def test_a_space_may_make_something_else_of_what_it_draws():
    check(derived, leaves=256, rate=0.01)


class Halving:
    varies = True

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha / 2)

    def observe(self, trial):
        pass


def test_guards_travel_to_workers_even_if_the_factory_cannot():
    offered = Offered("scheduler", Offer("halving", lambda: Halving(), ""), "p")
    arrived = pickle.loads(pickle.dumps(guarded(offered, Halving())))
    said = arrived.softening(Configuration("it", 2.0, 1.0), TrainingState(0.0))
    assert said == Softening(2.0, 0.5)
    assert arrived.varies
