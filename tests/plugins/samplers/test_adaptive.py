"""The proposal's search: a stratified sample, a Gaussian process, the promising tuned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from hpmkd.testing.sampler_runs import Various, models, search, some_loss, space, trial_of
from hpmkd.values import Configuration, SearchSpace
from hpmkd_defaults.samplers.adaptive import AdaptiveConfigurationManager, grid, sizes
from hpmkd_defaults.samplers.random_draws import known_points
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.tree import TreeStage


def proposal(seed=0, **more):
    """The proposal's space: 4 stages × 4 temperatures × 4 alphas."""
    stages = {
        "logistic": LogisticStage(),
        "tree": TreeStage(),
        "gbm": GBMStage(),
        "xgboost": XGBoostStage(),
    }
    alphas = (0.0, 0.3, 0.5, 0.7, 0.9)
    return SearchSpace(stages, (0.5, 1.0, 2.0, 3.0), alphas, seed, **more)


def tree_and_gbm(number, configuration):
    """Two stages are good, at low temperatures."""
    bad = configuration.stage in ("logistic", "xgboost")
    return 0.3 + bad + 0.05 * configuration.temperature + 1e-4 * (number % 7)


def softening(configuration):
    return configuration.stage, configuration.temperature, configuration.alpha


@pytest.mark.parametrize("seed", range(5))
def test_eight_on_a_part_then_the_promising_sixteen_five_times(seed):
    sampler = AdaptiveConfigurationManager(proposal(seed))
    assert sampler.total == 8 + 16 * 5 + 4
    asked = search(sampler)
    sample = asked[:8]
    assert {each.share for each in sample} == {0.3}
    for level in zip(*map(softening, sample), strict=True):
        assert set(Counter(level).values()) == {2}
    full = [each for each in asked[8:] if each.alpha > 0]
    assert {each.share for each in full} == {1.0}
    assert set(Counter(map(softening, full)).values()) == {5}
    assert len(full) == 16 * 5
    controls = [each for each in asked[8:] if each.alpha == 0]
    assert Counter(each.stage for each in controls) == dict.fromkeys(proposal().stages, 1)


def test_the_sample_decides_what_is_tuned():
    sampler = AdaptiveConfigurationManager(proposal())
    asked = search(sampler, tree_and_gbm)
    first = [each for each in asked[8:] if each.alpha > 0][:16]
    chosen = [softening(each) for each in first]
    assert chosen == [softening(each) for each in sampler.select_promising_configs()[:16]]
    # With eight trials nobody is sure, but what looked good is more than half of it.
    assert sum(stage in ("tree", "gbm") for stage, *_ in chosen) > 8
    assert len({each.stage for each in asked if each.share == 1}) == 4


def test_what_was_pruned_is_heard_of_after_the_first_round():
    sampler = AdaptiveConfigurationManager(proposal(), configs=3, trials=3)
    asked = search(sampler, tree_and_gbm)
    tuned = {each.stage for each in asked[8:11]}
    pruned = [each for each in asked[11:] if each.stage not in tuned]
    assert pruned
    assert asked[11 : 11 + len(pruned)] == pruned
    assert {each.alpha for each in pruned} == {0.0}
    assert {each.stage for each in asked[-len(tuned) :]} == tuned


def test_the_first_trial_has_the_best_that_is_known():
    remembered = {"various": [{**Various.defaults, "rounds": 90}, {**Various.defaults, "rate": 1}]}
    given = replace(space(), remembered=remembered)
    asked = search(AdaptiveConfigurationManager(given, initial=4, configs=12, trials=3))
    own = [each for each in asked if each.stage == "various"]
    firsts = [each.hyperparameters["rounds"] for each in own if each.share < 1]
    assert set(firsts) == {90}
    tried = {each["rate"] for each in (dict(each.hyperparameters) for each in own)}
    assert 1 in tried


def test_controls_have_the_best_of_their_stage():
    sampler = AdaptiveConfigurationManager(space(), initial=4, configs=12, trials=4)
    asked = search(sampler)
    control = next(each for each in asked[::-1] if each.stage == "various" and each.alpha == 0)
    tuned = [each for each in asked if each.stage == "various" and each.alpha and each.share == 1]
    best = min(tuned, key=lambda each: some_loss(0, each))
    assert control.hyperparameters == best.hyperparameters


def test_tuning_learns():
    """In later rounds a hyperparameter that matters is better than at random."""

    def by_rate(number, configuration):
        return 0.3 + configuration.hyperparameters["rate"]

    lone = SearchSpace({"various": Various()}, (1.0, 2.0), (0.0, 0.5), 0)
    asked = search(AdaptiveConfigurationManager(lone, initial=2, configs=2, trials=40), by_rate)
    rates = [each.hyperparameters["rate"] for each in asked[4:] if each.alpha > 0]
    assert sorted(rates[-30:])[15] < sorted(rates[:10])[5]


def small(seed=0):
    lone = SearchSpace({"various": Various()}, (1.0, 2.0, 3.0), (0.0, 0.5, 0.75, 1.0), seed)
    return AdaptiveConfigurationManager(lone, initial=4, configs=9, trials=3)


def after_first_round(*also):
    """Return a sampler whose first round is told, and what its second one begins with."""
    sampler, number = small(), 0
    while number < 4 + 9:
        for each in sampler.ask(5):
            sampler.tell(trial_of(number, each, 0.3 + 0.01 * number))
            number += 1
    for each in also:
        sampler.tell(trial_of(number, each, 0.01))
    return sampler


def test_what_a_part_of_the_rows_has_shown_does_not_tune():
    point = {**Various.defaults, "rate": 0.9}
    part, whole = (Configuration("various", 1.0, 0.5, point, share=s) for s in (0.1, 1.0))
    plainly = [after_first_round(*[part] * n).ask(4) for n in (0, 3)]
    assert plainly[0] == plainly[1] != after_first_round(*[whole] * 3).ask(4)


def test_no_more_is_suggested_than_was_asked_for():
    """What comes later in a round is to know of what came before."""
    sampler = after_first_round()
    asked = sampler.ask(4)
    open_ones = sampler._studies["various"]._study.get_trials(states=[TrialState.RUNNING])
    assert len(open_ones) == len(asked) == 4


class TestSizes:
    @pytest.mark.parametrize(
        ("evaluations", "initial", "rounds", "controls"),
        [
            (None, 8, (16,) * 5, 4),
            (92, 8, (16,) * 5, 4),
            (46, 8, (16, 16, 2), 4),
            (20, 8, (8,), 4),
            (9, 2, (3,), 4),
            (5, 1, (1,), 2),
            (2, 0, (1,), 1),
            (1, 0, (1,), 0),
            (0, 0, (1,), 0),
        ],
    )
    @pytest.mark.parametrize("fits", [1, 3])
    def test_a_budget_is_cut_from_its_end(self, evaluations, initial, rounds, controls, fits):
        models = None if evaluations is None else evaluations * fits
        cut = sizes(proposal(models=models, fits=fits), 8, 16, 5)
        assert (cut.initial, cut.rounds, cut.controls) == (initial, rounds, controls)

    @pytest.mark.parametrize("fits", [1, 3])
    @pytest.mark.parametrize("evaluations", [9, 15, 30, 46])
    def test_a_search_is_as_long_as_announced(self, evaluations, fits):
        given = proposal(models=evaluations * fits, fits=fits)
        sampler = AdaptiveConfigurationManager(given)
        asked = search(sampler, fits=fits)
        assert len(asked) == sampler.total <= evaluations
        assert models(asked, fits) <= evaluations * fits


def test_the_grid_has_no_hard_labels_unless_there_is_nothing_else():
    assert len(grid(proposal())) == 64
    assert {each.alpha for each in grid(replace(proposal(), alphas=(0.0,)))} == {0.0}
    assert len(grid(replace(proposal(), alphas=(0.0,)))) == 4


def test_failures_of_the_whole_sample_leave_the_order_of_the_grid():
    sampler = AdaptiveConfigurationManager(proposal())
    asked = search(sampler, lambda number, each: None if each.share < 1 else 0.5)
    assert [softening(each) for each in asked[8:24]] == [
        softening(each) for each in grid(proposal())[:16]
    ]
    assert dict(asked[8].hyperparameters) == known_points(proposal(), "logistic")[0]
