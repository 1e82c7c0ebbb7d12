"""Hyperparameters of several stages as columns that compare."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from hpmkd.optuna_trials import random_study
from hpmkd.testing.sampler_runs import Branching, Plain, Various
from hpmkd.values import Configuration
from hpmkd_defaults.samplers.hyperparameter_columns import HyperparameterColumns

STAGES = {"plain": Plain(), "various": Various(), "branching": Branching()}


def various(**changes):
    return Configuration("various", 1.0, 0.5, {**Various.defaults, **changes})


def columns(*configurations):
    return HyperparameterColumns(STAGES, configurations)(configurations)


def test_numbers_are_places_in_their_range():
    low, middle, high = (columns(various(rate=rate))[0, 0] for rate in (0.01, 0.1, 1.0))
    assert [low, middle, high] == pytest.approx([0, 0.5 / 5**0.5, 1 / 5**0.5])


def test_two_points_of_a_stage_are_at_most_1_apart():
    study = random_study(0)
    drawn = [Configuration("various", 1.0, 0.5, Various().space(study.ask())) for _ in range(60)]
    ends = [
        various(rate=0.01, share=0.25, rounds=10, leaves=2, growth="deep"),
        various(rate=1.0, share=1.0, rounds=100, leaves=64, growth="wide"),
    ]
    distances = cdist(columns(*drawn, *ends), columns(*drawn, *ends))
    assert distances.max() == pytest.approx(1)
    assert distances[-1, -2] == distances.max()


def test_what_another_stage_has_is_neutral():
    one, two, alone = columns(
        various(rate=0.01), various(rate=1.0), Configuration("plain", 1.0, 0.5)
    )
    assert np.linalg.norm(one - alone) == pytest.approx(np.linalg.norm(two - alone))


def test_a_branch_that_was_not_taken_is_neutral():
    pruned = [Configuration("branching", 1.0, 0.5, {"pruned": True, "cost": c}) for c in (0.0, 1.0)]
    not_pruned = Configuration("branching", 1.0, 0.5, {"pruned": False})
    found = columns(*pruned, not_pruned)
    assert cdist(found[:1], found[2:]) == pytest.approx(cdist(found[1:2], found[2:]))
    assert cdist(found[:1], found[1:2])[0, 0] > 0


def test_nothing_to_draw_is_no_column():
    assert columns(Configuration("plain", 1.0, 0.5)).shape == (1, 0)
    assert HyperparameterColumns(STAGES, [various()])([]).shape == (0, 6)


@pytest.mark.parametrize(
    ("configuration", "known"),
    [
        (various(), True),
        (various(rate=2.0), False),
        (various(other=1), False),
        (Configuration("forest", 1.0, 0.5), False),
    ],
)
def test_knows_what_the_stages_draw(configuration, known):
    assert HyperparameterColumns.knows(STAGES, configuration) is known
