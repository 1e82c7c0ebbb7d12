"""The proposal's search: a stratified sample, a Gaussian process, the promising tuned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from hpmkd.testing.sampler_runs import Various, models, search, some_loss, space, trial_of
from hpmkd.values import Configuration, DataFacts, Outcome, SearchSpace
from hpmkd_defaults.samplers.adaptive import AdaptiveConfigurationManager
from hpmkd_defaults.samplers.adaptive_plan import grid, sizes
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


def tuned(asked):
    """The promising ones, as the first round chose them."""
    return [softening(each) for each in asked[8:] if each.alpha > 0][:16]


@pytest.mark.parametrize("learns", [True, False])
def test_what_looked_good_is_tuned_beside_one_of_every_stage(learns):
    asked = search(AdaptiveConfigurationManager(proposal(), learns=learns), tree_and_gbm)
    chosen = tuned(asked)
    assert {stage for stage, *_ in chosen[:4]} == set(proposal().stages)
    assert sum(stage in ("tree", "gbm") for stage, *_ in chosen) > 8


def after_the_first_batch(learns, loss):
    """Return what the first round chooses, where its first batch of four did so well."""

    def outcome(number, each):
        return loss(each) if 8 <= number < 12 else tree_and_gbm(number, each)

    return tuned(search(AdaptiveConfigurationManager(proposal(), learns=learns), outcome))


def test_what_is_chosen_later_knows_of_what_was_chosen_before():
    """Stages that looked good on a part are bad on all rows, and the other way round."""

    def reversed_(each):
        return 0.3 + (each.stage in ("tree", "gbm"))

    with_surprise = after_the_first_batch(True, reversed_)
    as_expected = after_the_first_batch(True, lambda each: tree_and_gbm(0, each))
    assert with_surprise[:4] == as_expected[:4]
    late = [
        sum(stage in ("logistic", "xgboost") for stage, *_ in chosen[4:])
        for chosen in (with_surprise, as_expected)
    ]
    assert late[0] > late[1]
    # The simple process was fitted once.
    assert after_the_first_batch(False, reversed_) == after_the_first_batch(
        False, lambda each: tree_and_gbm(0, each)
    )


def test_those_chosen_together_are_not_all_alike():
    """With no difference between them, they are far apart: each stage at both ends of the rest."""
    sampler = AdaptiveConfigurationManager(proposal(), learns=True)
    chosen = tuned(search(sampler, lambda number, each: 0.5))
    for stage in proposal().stages:
        own = [(temperature, alpha) for name, temperature, alpha in chosen if name == stage]
        assert 2 <= len(own) <= 6
        for level, ends in zip(zip(*own, strict=True), ((0.5, 3.0), (0.3, 0.9)), strict=True):
            assert {*ends} <= {*level}


def test_outcomes_of_other_data_sets_decide_with_it():
    facts = DataFacts(1000, 10, 2, noise=0.1)
    stages = proposal().stages
    known = tuple(
        Outcome(
            replace(facts, digest=f"{number}"),
            replace(each, hyperparameters=stages[each.stage].defaults),
            0.1 * (each.alpha > 0.5),
            0.5,
        )
        for number in range(3)
        for each in grid(proposal())[number::5]
    )
    given = proposal(facts=facts, outcomes=known)

    def low_alphas(space, learns=True):
        asked = search(AdaptiveConfigurationManager(space, learns=learns), lambda number, each: 0.5)
        return sum(alpha < 0.6 for *_, alpha in tuned(asked))

    assert low_alphas(given) > low_alphas(proposal())
    assert low_alphas(given, learns=False) == low_alphas(proposal(), learns=False)


class TestHardLabels:
    def test_every_stage_gets_the_trials_of_a_configuration(self):
        sampler = AdaptiveConfigurationManager(replace(proposal(), alphas=(0.0,)))
        asked = search(sampler)
        assert len(asked) == sampler.total == 4 * 5
        assert {each.share for each in asked} == {1.0}
        assert len({each.key for each in asked}) == 4 * 5
        assert Counter(each.stage for each in asked) == dict.fromkeys(proposal().stages, 5)

    def test_what_they_have_shown_is_where_the_others_begin(self):
        hard = replace(proposal(), alphas=(0.0,))

        def loss(number, each):
            return 0.3 if number == 4 * 4 + 2 else 0.5 + 0.001 * number

        asked = search(AdaptiveConfigurationManager(hard), loss)
        best = asked[4 * 4 + 2]
        before = tuple(trial_of(at, each, loss(at, each)) for at, each in enumerate(asked))
        sampler = AdaptiveConfigurationManager(proposal(before=before))
        own = [each.hyperparameters for each in sampler.ask(8) if each.stage == best.stage]
        assert own == [best.hyperparameters] * 2

    def test_the_studies_know_them(self):
        hard = replace(proposal(), alphas=(0.0,))
        asked = search(AdaptiveConfigurationManager(hard))
        before = tuple(trial_of(at, each, 0.5) for at, each in enumerate(asked))
        sampler = AdaptiveConfigurationManager(proposal(before=before))
        told = sampler._studies["gbm"]._study.get_trials(states=[TrialState.COMPLETE])
        assert len(told) == 5


def test_no_configuration_is_tried_twice_while_its_stage_has_more():
    asked = search(AdaptiveConfigurationManager(proposal()), tree_and_gbm)
    full = [each.key for each in asked if each.share == 1]
    assert len(full) == len(set(full))


def test_pruned_stages_get_hard_trials_after_the_first_round():
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
    """Return a sampler with the results of its first round, and what its second one begins with."""
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
    sampler = AdaptiveConfigurationManager(proposal(), learns=False)
    asked = search(sampler, lambda number, each: None if each.share < 1 else 0.5)
    in_order = [softening(each) for each in grid(proposal())]
    firsts = [in_order[16 * at] for at in range(4)]  # one of every stage
    others = [each for each in in_order if each not in firsts]
    assert tuned(asked) == [*firsts, *others[:12]]
    assert dict(asked[8].hyperparameters) == known_points(proposal(), "logistic")[0]
