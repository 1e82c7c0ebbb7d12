"""How the models of a budget are divided over the steps of a run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.chain.chain import ChainLink
from hpmkd.chain.parents import FOLDS, ParentStudents
from hpmkd.engine.budget_plan import BudgetPlan
from hpmkd.errors import RecipeError
from hpmkd.execution.counters import Counts
from hpmkd.recipe.settings import BudgetSettings
from hpmkd.search.budget import Budget
from hpmkd.search.loop import REFITS
from hpmkd.values import After, Configuration, Trial

RESIDUAL = SimpleNamespace(unseen=False, teaches=False)
MIX = SimpleNamespace(unseen=True, teaches=True)
LINKS = [
    ChainLink("gbm", "logistic", "residual", RESIDUAL),
    ChainLink("xgboost", "logistic", "residual", RESIDUAL),
]
MIXED = [ChainLink("tree", "logistic", "mix", MIX), ChainLink("gbm", "tree", "mix", MIX)]


def budget_plan(models, *, links=LINKS, trained=0, seconds=0.0):
    budget = Budget(BudgetSettings(models, seconds), Counts(models_trained=trained))
    transfers = {link.label: link.transfer for link in links}
    parents = ParentStudents(SimpleNamespace(transfers=transfers), None, None)
    return BudgetPlan(budget, links, parents)


def configuration(stage="gbm", alpha=0.5, after=None):
    return Configuration(stage, 1.0, alpha, after=after)


class TestSearch:
    def test_without_a_budget_the_search_is_unbounded(self):
        assert budget_plan(0).for_search(3, 4, 0.6) is None
        # Two links and the stage before them, with the teacher and without; its refits; the
        # self-distillation control.
        assert budget_plan(0).reserved(3, 4) == 2 * 3 * 3 + 2 + 1
        assert budget_plan(0).reserved_beside(3, 4, None) == budget_plan(0).reserved(3, 4)

    def test_links_that_teach_have_no_control_but_cross_fit_whom_they_follow(self):
        before = 2 * (1 + FOLDS)
        assert budget_plan(0, links=MIXED).reserved(2, 3) == 2 * (2 + before) + before + 1

    def test_without_a_chain_the_self_distillation_control_is_all_that_follows(self):
        assert budget_plan(0, links=[]).reserved(3, 4) == 1

    @pytest.mark.parametrize(
        ("models", "splits", "reserved", "search"),
        [
            (64, 1, 9, 64 - 9 - 4 * REFITS),
            (64, 3, 21, 64 - 21 - 4 * REFITS),
            (80, 5, 33, 80 - 33 - 4 * REFITS),
            (33, 3, 13, 33 - 13 - 4 * REFITS),  # each stage comes before the chain
            (20, 3, 0, 20 - 4 * REFITS),
            (14, 3, 0, 9),  # two stages, and one trial more
            (8, 3, 0, 6),  # one stage, and one trial more
            (4, 3, 0, 3),  # not even that
        ],
    )
    def test_every_stage_comes_before_what_follows(self, models, splits, reserved, search):
        assert budget_plan(models).reserved(splits, 4) == reserved
        assert budget_plan(models).for_search(splits, 4, 1.0) == search

    def test_a_search_before_another_takes_its_share_but_a_trial_of_every_stage(self):
        assert budget_plan(64).for_search(3, 4, 0.6) == int(0.6 * 35)
        assert budget_plan(33).for_search(3, 4, 0.6) == 4 * 3
        # The rest waits for the other search and for what follows.
        assert budget_plan(64).reserved_beside(3, 4, 21) == 64 - 21 - 4 * REFITS
        assert budget_plan(20).reserved_beside(3, 4, 40) == 0

    @pytest.mark.parametrize(("splits", "least"), [(1, 3), (3, 5), (5, 7)])
    def test_one_stage_has_to_be_paid(self, splits, least):
        budget_plan(least).check(splits)
        budget_plan(0).check(splits)
        plural = "s" * (splits > 1)
        refusal = (
            f"got {least - 1}; expected at least {least}, .* {splits} selection split{plural};"
        )
        with pytest.raises(RecipeError, match=refusal):
            budget_plan(least - 1).check(splits)

    @given(
        models=st.integers(1, 200),
        splits=st.integers(1, 5),
        stages=st.integers(1, 6),
        chained=st.booleans(),
        share=st.sampled_from([0.6, 1.0]),
    )
    def test_what_is_promised_can_be_paid(self, models, splits, stages, chained, share):
        plan = budget_plan(models, links=LINKS if chained else [])
        reserved, trials = plan.reserved(splits, stages), plan.for_search(splits, stages, share)
        assert 0 <= reserved <= models / 2
        # Stages that can have a student, and be refitted.
        paid = min(stages, (models - reserved) // (splits + REFITS))
        assert trials >= 0
        assert trials + REFITS * paid + reserved <= models
        if models >= stages * (splits + REFITS):
            assert paid == stages
            assert trials >= stages * splits
            beside = plan.reserved_beside(splits, stages, trials)
            assert models - beside == trials + REFITS * stages
            assert beside >= reserved


class TestLater:
    def eligible(self):
        return [Trial(0, configuration(stage), [], 0.5, 1, 0.1) for stage in ("gbm", "logistic")]

    def selection_sets(self, n=2):
        return [SimpleNamespace(training=object()) for _ in range(n)]

    def test_a_link_takes_its_trials_the_stage_before_and_all_refits(self):
        links = LINKS[:1]
        after = After("residual", configuration("logistic"))
        configurations = [configuration(alpha=alpha, after=after) for alpha in (0.5, 1.0)]
        # Two trials and the student before, on two splits; then that, and two stages' refits.
        needed = 2 * (2 + 1) + 1 + 2 * REFITS
        paid = budget_plan(needed + 10, links=links, trained=10)
        assert paid.refusal_of_link(configurations, self.eligible(), self.selection_sets()) is None
        short = budget_plan(needed + 9, links=links, trained=10)
        refusal = short.refusal_of_link(configurations, self.eligible(), self.selection_sets())
        left = f"{needed - 1} of {needed + 9} models left"
        assert refusal == f"it takes {needed} models; {left}"

    def test_what_is_kept_of_other_links_is_refitted_too(self):
        reserved = configuration("tree", after=After("mix", configuration("logistic")))
        eligible = [*self.eligible(), Trial(2, reserved, [], 0.5, 1, 0.1)]
        configurations = [configuration(after=After("residual", configuration("logistic")))]
        links = [*LINKS, *MIXED]
        needed = 2 * (1 + 1) + 1 + (1 + FOLDS) + 3 * REFITS
        for missing in (0, 1):
            plan = budget_plan(needed - missing, links=links)
            refusal = plan.refusal_of_link(configurations, eligible, self.selection_sets())
            assert (refusal is not None) == missing

    def test_its_control_teaches_one_student_more(self):
        shipped = configuration()
        assert budget_plan(1).refusal_of_self_distillation(shipped) is None
        refusal = budget_plan(4, trained=4).refusal_of_self_distillation(shipped)
        assert refusal == "it takes 1 model; 0 of 4 models left"

    def test_the_parent_counts_towards_the_self_distillation_budget(self):
        shipped = configuration(after=After("residual", configuration("logistic")))
        assert budget_plan(2).refusal_of_self_distillation(shipped) is None
        assert budget_plan(1).refusal_of_self_distillation(shipped) is not None

    def test_an_ensemble_is_distilled_if_its_members_can_be_cross_fitted(self):
        members = [configuration("gbm"), configuration("logistic")]
        needed = 2 * FOLDS * (2 + 1) + 3 * 2 + 1
        sizes = {"n_alphas": 3, "n_splits": 2}
        assert budget_plan(needed).refusal_of_ensemble(members, members[0], **sizes) is None
        assert budget_plan(needed - 1).refusal_of_ensemble(members, members[0], **sizes) is not None
        chained = configuration(after=After("residual", configuration("logistic")))
        assert budget_plan(needed + 3).refusal_of_ensemble(members, chained, **sizes) is None
        assert budget_plan(needed + 2).refusal_of_ensemble(members, chained, **sizes) is not None

    def test_without_time_there_is_nothing(self):
        late = budget_plan(0, seconds=1e-9)
        refusal = "the budget of 1e-09 s is spent"
        assert late.refusal_of_self_distillation(configuration()) == refusal
        assert late.refusal_of_link([], [], self.selection_sets(1)) == refusal
