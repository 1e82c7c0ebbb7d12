"""Which points promise to beat the defaults, and when none is suggested."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from hpmkd.values import DataFacts
from hpmkd_defaults.memories.expected_regret import LEAST_SETS, beside_defaults, promising
from hpmkd_defaults.memories.records import learned

from .conftest import DEFAULT

FACTS = DataFacts(1000, 10, 2, 0.9, digest="0" * 64)


@pytest.fixture
def trained(facts, outcomes):
    """Make records of data sets, in each of which points lose so much to the defaults, by depth."""

    def make(*regrets, n_rows=1000, n_classes=2, stage="tree"):
        records = []
        for at, each in enumerate(regrets):
            own = replace(facts(f"{n_rows}-{at}", n_rows + at, noise=0.1), n_classes=n_classes)
            least = min(0.0, *each.values())
            plain = {**each, DEFAULT: 0.0}
            shown = {depth: regret - least for depth, regret in plain.items()}
            records.append(learned(own, outcomes(own, shown, stage)))
        return records

    return make


def depths(found):
    return [each["depth"] for each in found]


def test_regret_is_beside_the_defaults_at_the_same_softening(facts, outcomes):
    own = facts()
    tried = outcomes(own, {1: 0.1, DEFAULT: 0.3})
    # Of the second point nothing is known beside the defaults: both differ in more than it.
    soft = replace(tried[0].configuration, alpha=0.9, hyperparameters={"depth": 2})
    found = beside_defaults(learned(own, [*tried, replace(tried[0], configuration=soft)]), "tree")
    assert found == {'{"depth": 1}': pytest.approx(-0.2)}


def test_over_several_softenings_it_is_the_mean(facts, outcomes):
    own = facts()
    tried = outcomes(own, {1: 0.1, DEFAULT: 0.3})
    louder = [
        replace(each, regret=regret, configuration=replace(each.configuration, alpha=0.9))
        for each, regret in zip(tried, (0.2, 0.0), strict=True)
    ]
    found = beside_defaults(learned(own, [*tried, *louder]), "tree")
    assert found == {'{"depth": 1}': pytest.approx((-0.2 + 0.2) / 2)}


def test_what_beats_the_defaults_is_suggested_best_first(trained):
    others = trained(*[{1: -0.01, 2: -0.03, 3: 0.02}] * 4)
    assert depths(promising(FACTS, others, "tree", 9)) == [2, 1]
    assert depths(promising(FACTS, others, "tree", 1)) == [2]


def test_what_is_not_expected_to_beat_the_defaults_is_not(trained):
    assert promising(FACTS, trained(*[{1: 0.0, 2: 0.01}] * 4), "tree", 3) == []


def test_a_point_of_too_few_data_sets_is_not_suggested(trained):
    lucky = {1: -0.01, 9: -0.5}
    others = trained(*[lucky] * (LEAST_SETS - 1), *[{1: -0.01}] * 3)
    assert depths(promising(FACTS, others, "tree", 9)) == [1]
    assert depths(promising(FACTS, trained(*[lucky] * (LEAST_SETS + 1)), "tree", 9)) == [9, 1]


def test_where_suggestions_cost_elsewhere_the_safer_point_comes_first(trained):
    # The first wins by more on average, but costs the last two data sets.
    regrets = [{1: -0.2, 2: -0.02}] * 6 + [{1: 0.1, 2: -0.02}] * 2
    assert depths(promising(FACTS, trained(*regrets), "tree", 1)) == [2]


def test_suggestions_that_do_not_pay_on_sets_left_out_are_kept_back(trained):
    # Each gains on half of the sets what it loses on the others.
    regrets = [{1: 0.05, 2: -0.051}, {1: -0.051, 2: 0.05}] * 3
    assert promising(FACTS, trained(*regrets), "tree", 2) == []


def test_similar_data_weighs_more(trained):
    near = trained(*[{1: -0.02, 3: 0.01}] * 4, n_rows=1000)
    far = trained(*[{1: 0.01, 3: -0.02}] * 4, n_rows=10**6)
    assert depths(promising(FACTS, near + far, "tree", 1)) == [1]
    asking = replace(FACTS, n_rows=10**6)
    assert depths(promising(asking, near + far, "tree", 1)) == [3]


def test_what_was_tried_on_two_classes_alone_is_not_for_more(trained):
    two, three = (trained(*[{n: -0.02}] * 4, n_rows=900 + n, n_classes=n) for n in (2, 3))
    assert depths(promising(FACTS, two + three, "tree", 3)) == [2]
    assert depths(promising(replace(FACTS, n_classes=7), two + three, "tree", 3)) == [3]


def test_without_the_defaults_nothing_is_known(facts, outcomes):
    records = [
        learned(facts(f"{at}"), outcomes(facts(f"{at}"), {1: 0.0, 2: 0.1})) for at in range(4)
    ]
    assert promising(FACTS, records, "tree", 3) == []


def test_of_other_stages_nothing_is_said(trained):
    assert promising(FACTS, trained(*[{1: -0.1}] * 4, stage="gbm"), "tree", 3) == []


def test_the_order_of_reading_does_not_matter(trained):
    others = [
        *trained(*[{1: -0.02, 2: -0.01, 3: -0.011}] * 3),
        *trained(*[{3: -0.01, 1: -0.012, 2: -0.02}] * 3, n_rows=777),
    ]
    answers = [promising(FACTS, order, "tree", 3) for order in (others, others[::-1])]
    assert answers[0] == answers[1]
    assert len(answers[0]) == 3


def test_two_records_of_one_data_set_count_once(trained):
    records = trained(*[{1: -0.01}] * (LEAST_SETS + 1))
    again = [msgspec.structs.replace(each, digest=f"{each.digest} again") for each in records]
    few = records[:LEAST_SETS] + again[:LEAST_SETS]
    assert promising(FACTS, few, "tree", 1) == []
    assert depths(promising(FACTS, records + again, "tree", 1)) == [1]
