"""The chain: which configurations a link tries, and when what it found is eligible."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.chain.chain import ChainLink, ProgressiveDistillationChain
from hpmkd.errors import PluginError
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.recipe.limits import Limits
from hpmkd.training.refit import best
from hpmkd.values import After, Configuration, Trial

RESIDUAL = SimpleNamespace(teaches=False, unseen=False)
ASSISTANT = SimpleNamespace(teaches=True, unseen=True)
ALPHAS = (0.0, 0.5, 1.0)
NOISE = np.random.default_rng(0).normal(0, 0.01, 400)


def trial(number, stage, loss, alpha=0.0, temperature=1.0, after=None, failure=None, **settings):
    configuration = Configuration(stage, temperature, alpha, settings, after)
    losses = np.empty(0) if failure else loss + NOISE
    return Trial(number, configuration, losses, 0.5, 1, 0.0, failure)


def link(stage, after, transfer=RESIDUAL, label="residual"):
    return ChainLink(stage, after, label, transfer)


def sized(each, n_bytes):
    return replace(each, n_bytes=n_bytes, row_us=1.0)


class Evaluated:
    """Gives each configuration the loss that `judge` returns; a text is a failure."""

    def __init__(self, judge):
        self.judge, self.tried, self.leaders = judge, [], []

    def __call__(self, configurations, leader):
        self.leaders.append(leader)
        first = 100 + len(self.tried)
        self.tried += configurations
        return [self._trial(first + at, each) for at, each in enumerate(configurations)]

    def _trial(self, number, configuration):
        outcome = self.judge(configuration)
        if isinstance(outcome, Exception):
            raise outcome
        failure, losses = (
            (outcome, np.empty(0)) if isinstance(outcome, str) else (None, outcome + NOISE)
        )
        return Trial(number, configuration, losses, 0.5, 1, 0.0, failure)


def walk(trials, links, judge, alphas=ALPHAS):
    """Return what is eligible, the gates, what was tried, and how often a link was reported."""
    evaluate, reports = Evaluated(judge), []
    chain = ProgressiveDistillationChain(links, alphas, evaluate, lambda: reports.append(1))
    eligible, gates = chain.run(trials)
    assert len(reports) == len(links) == len(gates)
    return eligible, gates, evaluate.tried


SEARCH = [
    trial(0, "logistic", 0.50, 0.5, C=1),
    trial(1, "logistic", 0.60, 0.0, C=2),
    trial(2, "gbm", 0.55, 0.5, temperature=2.0, n=9),
    trial(3, "gbm", 0.65, 0.0, n=9),
    trial(4, "tree", 0.70, 1.0, d=3),
    trial(5, "tree", 0.80, 0.0, d=3),
]


def test_a_link_that_pays_is_in_the_race_with_all_that_it_tried():
    eligible, (decision,), tried = walk(SEARCH, [link("gbm", "logistic")], lambda _: 0.4)
    assert decision.passed
    assert decision.name == "gbm after logistic (residual)"
    assert eligible[:6] == SEARCH
    assert [each.configuration for each in eligible[6:]] == tried
    assert best(eligible, "gbm").configuration.after.configuration.stage == "logistic"


@pytest.mark.parametrize("loss", [0.6, 0.65, 3.0])
def test_a_link_that_does_not_pay_leaves_the_race_as_it_was(loss):
    eligible, (decision,), tried = walk(SEARCH, [link("gbm", "logistic")], lambda _: loss)
    assert len(tried) == 3
    assert not decision.passed
    assert "standard error" in decision.reason
    assert eligible == SEARCH


def test_the_gain_must_exceed_its_standard_error():
    drawn = np.random.default_rng(1).normal(0, 1, 400)

    def noisy(gain):
        return lambda _: -gain + (drawn - drawn.mean()) + 0.50

    for gain, passed in ((0.04, False), (0.06, True)):  # the standard error is about 0.05
        _, (decision,), _ = walk(SEARCH, [link("gbm", "logistic")], noisy(gain))
        assert decision.passed is passed


@pytest.mark.parametrize(("loss", "passed"), [(0.45, True), (0.52, False)])
def test_boosting_must_beat_what_it_starts_from_too(loss, passed):
    _, (decision,), _ = walk(SEARCH, [link("gbm", "logistic")], lambda _: loss)
    assert decision.passed is passed  # gbm alone has 0.55, logistic 0.50


def test_the_control_keeps_a_link_that_helps_it_though_the_student_does_not():
    def judge(each):
        return 0.52 if each.hard else 0.9

    eligible, (decision,), tried = walk(SEARCH, [link("gbm", "logistic")], judge)
    assert not decision.passed
    assert [each.configuration for each in eligible[6:]] == tried[:1]
    assert best(eligible, "gbm", control=True).configuration.after is not None


def test_the_control_is_tuned_by_itself():
    trials = [*SEARCH, trial(6, "gbm", 0.60, 0.0, n=3)]
    _, _, tried = walk(trials, [link("gbm", "logistic")], lambda _: 0.9)
    assert [dict(each.hyperparameters) for each in tried] == [{"n": 3}, {"n": 9}, {"n": 9}]


def test_every_alpha_is_tried_on_the_best_before_and_the_control_on_the_control():
    _, _, tried = walk(SEARCH, [link("gbm", "logistic")], lambda _: 0.9)
    assert [each.alpha for each in tried] == list(ALPHAS)
    assert [each.temperature for each in tried] == [1.0, 2.0, 2.0]
    assert all(dict(each.hyperparameters) == {"n": 9} for each in tried)
    control, student = SEARCH[1].configuration, SEARCH[0].configuration
    assert [each.after.configuration for each in tried] == [control, student, student]
    assert [each.hard for each in tried] == [True, False, False]


def test_control_after_control_all_the_way():
    links = [link("gbm", "logistic"), link("tree", "gbm")]
    eligible, _, tried = walk(SEARCH, links, lambda each: 0.3 if each.stage == "tree" else 0.4)
    hard = [each for each in tried if each.alpha == 0]
    assert [each.hard for each in hard] == [True, True]
    last = hard[-1]
    assert str(last.after) == "gbm (residual) < logistic (residual)"
    assert last.after.configuration == hard[0]
    assert last.control() == SEARCH[5].configuration
    assert best(eligible, "tree", control=True).configuration == last


def test_a_teaching_rule_is_not_tried_on_hard_labels_alone():
    rule = link("tree", "gbm", ASSISTANT, "assistant")
    _, (decision,), tried = walk(SEARCH, [rule], lambda _: 0.1)
    assert [each.alpha for each in tried] == [0.5, 1.0]
    assert decision.passed
    eligible, (refused,), tried = walk(SEARCH, [rule], lambda _: 0.1, alphas=(0.0,))
    assert (tried, eligible) == ([], SEARCH)
    assert refused.reason == "no configuration may learn from the teacher"


def test_later_links_build_on_what_earlier_ones_left():
    links = [link("gbm", "logistic"), link("tree", "gbm")]
    for loss, chained in ((0.4, True), (0.9, False)):

        def judge(each, loss=loss):
            return loss if each.stage == "gbm" else 0.2

        _, _, tried = walk(SEARCH, links, judge)
        before = [each.after.configuration for each in tried if each.stage == "tree"]
        assert [each.after is not None for each in before] == [chained] * 3


def test_no_student_of_the_race_is_worse_than_its_control_or_than_before():
    rng = np.random.default_rng(3)
    links = [link("gbm", "logistic"), link("tree", "gbm", ASSISTANT, "assistant")]
    for _ in range(40):
        eligible, _, _ = walk(SEARCH, links, lambda _: float(rng.uniform(0.2, 1.0)))
        for stage in ("logistic", "gbm", "tree"):
            student, control = best(eligible, stage), best(eligible, stage, control=True)
            assert student.log_loss <= control.log_loss
            assert student.log_loss <= best(SEARCH, stage).log_loss
            assert control.log_loss <= best(SEARCH, stage, control=True).log_loss


def test_a_tie_of_links_goes_to_the_control():
    eligible, _, _ = walk(SEARCH, [link("gbm", "logistic")], lambda _: 0.3)
    assert best(eligible, "gbm").configuration.hard


def test_what_a_link_tries_races_with_its_stage_alone():
    evaluate = Evaluated(lambda _: 0.4)
    links = [link("gbm", "logistic"), link("tree", "gbm")]
    ProgressiveDistillationChain(links, ALPHAS, evaluate).run(SEARCH)
    assert evaluate.leaders == [SEARCH[2], SEARCH[4]]


def test_a_link_all_of_which_was_dropped_on_the_way_is_refused():
    evaluate = Evaluated(lambda _: 0.1)
    chain = ProgressiveDistillationChain(
        [link("gbm", "logistic")],
        ALPHAS,
        lambda *asked: [replace(each, worse_by=0.25) for each in evaluate(*asked)],
    )
    eligible, (decision,) = chain.run(SEARCH)
    assert eligible == SEARCH
    assert not decision.passed
    assert "worse by 0.2500 on the first folds" in decision.reason


def test_what_was_dropped_on_the_way_does_not_win_a_link():
    """Its loss is of few rows: it does not compare."""

    def evaluate(configurations, leader):
        trials = Evaluated(lambda each: 0.1 if each.alpha == 1 else 0.4)(configurations, leader)
        return [
            replace(each, worse_by=0.2) if each.configuration.alpha == 1 else each
            for each in trials
        ]

    chain = ProgressiveDistillationChain([link("gbm", "logistic")], ALPHAS, evaluate)
    eligible, (decision,) = chain.run(SEARCH)
    assert decision.passed
    assert best(eligible, "gbm").configuration.alpha != 1


def test_what_fails_costs_its_link_only():
    links = [link("gbm", "logistic"), link("tree", "gbm")]
    eligible, (failed, passed), tried = walk(
        SEARCH, links, lambda each: "plugin 'p': no" if each.stage == "gbm" else 0.2
    )
    assert (failed.passed, failed.reason) == (False, "plugin 'p': no")
    assert len(tried) == 2 * len(ALPHAS)
    assert passed.passed
    assert len(eligible) == len(SEARCH) + 3


def test_an_executor_that_fails_is_no_matter_of_a_gate():
    with pytest.raises(PluginError, match="executor"):
        walk(SEARCH, [link("gbm", "logistic")], lambda _: PluginError("executor 'e' failed"))


def test_an_alpha_that_fails_does_not_cost_the_others():
    def judge(each):
        return "plugin 'q': no" if each.alpha == 0.5 else 0.2

    _, (decision,), _ = walk(SEARCH, [link("gbm", "logistic")], judge)
    assert decision.passed


@pytest.mark.parametrize("lost", ["gbm", "logistic"])
def test_a_link_of_a_stage_without_a_student_is_refused(lost):
    trials = [
        trial(each.number, lost, 0, each.configuration.alpha, failure="plugin 'p': no")
        if each.configuration.stage == lost
        else each
        for each in SEARCH
    ]
    eligible, (decision,), tried = walk(trials, [link("gbm", "logistic")], lambda _: 0.1)
    assert (decision.passed, decision.reason) == (False, f"stage {lost!r} has no student")
    assert (eligible, tried) == (trials, [])


def test_without_a_control_before_there_is_no_chained_control():
    trials = [each for each in SEARCH if each.number != 1]
    _, _, tried = walk(trials, [link("gbm", "logistic")], lambda _: 0.1)
    assert [each.alpha for each in tried] == [0.5, 1.0]


def test_the_key_of_a_configuration_knows_what_comes_before():
    alone = SEARCH[2].configuration
    keys = {alone.key}
    for before in (SEARCH[0].configuration, SEARCH[1].configuration):
        for label in ("residual", "mix"):
            chained = Configuration("gbm", 2.0, 0.5, {"n": 9}, After(label, before))
            keys.add(chained.key)
    assert len(keys) == 5


def test_a_budget_costs_the_other_alphas_first_then_the_control_then_the_link():
    def walked(most):
        def refused(configurations, eligible):
            return "the budget is spent" if len(configurations) > most else None

        evaluate = Evaluated(lambda _: 0.4)
        links = [link("gbm", "logistic")]
        chain = ProgressiveDistillationChain(links, ALPHAS, evaluate, refusal=refused)
        return evaluate.tried, *chain.run(SEARCH)

    for most, alphas in ((3, [0.0, 0.5, 1.0]), (2, [0.0, 0.5]), (1, [0.5])):
        tried, _, (decision,) = walked(most)
        assert [each.alpha for each in tried] == alphas
        assert decision.passed
    tried, eligible, (decision,) = walked(0)
    assert (tried, eligible) == ([], SEARCH)
    assert (decision.passed, decision.reason) == (False, "not tried: the budget is spent")


class TestLimits:
    """Limits come before log loss."""

    def walk(self, n_bytes, loss, trials):
        evaluate = Evaluated(lambda _: loss)
        chain = ProgressiveDistillationChain(
            [link("gbm", "logistic")],
            ALPHAS,
            lambda *asked: [sized(each, n_bytes) for each in evaluate(*asked)],
            ranking=TrialRanking(Limits(max_size=1000)),
        )
        eligible, (decision,) = chain.run(trials)
        return eligible, decision, evaluate.tried

    def test_a_link_that_breaks_one_is_refused_however_good_it_is(self):
        trials = [sized(each, 900) for each in SEARCH]
        eligible, decision, _ = self.walk(1100, 0.1, trials)
        assert not decision.passed
        assert decision.reason == "it breaks a limit, which gbm alone keeps"
        assert best(eligible, "gbm", ranking=TrialRanking(Limits(max_size=1000))) is trials[2]

    def test_a_link_that_keeps_them_where_the_stage_alone_does_not_is_taken(self):
        trials = [
            sized(each, 5000 if each.configuration.stage == "gbm" else 900) for each in SEARCH
        ]
        _, decision, _ = self.walk(950, 0.9, trials)
        assert decision.passed
        assert decision.reason == "it keeps the limits, which gbm alone does not"

    def test_within_them_log_loss_decides(self):
        trials = [sized(each, 900) for each in SEARCH]
        assert self.walk(950, 0.4, trials)[1].passed
        assert not self.walk(950, 0.9, trials)[1].passed

    def test_a_link_builds_on_the_best_that_keeps_them(self):
        trials = [sized(each, 900) for each in SEARCH]
        trials[0] = sized(trials[0], 5000)
        _, _, tried = self.walk(950, 0.4, trials)
        assert tried
        assert all(each.after.configuration == SEARCH[1].configuration for each in tried)
