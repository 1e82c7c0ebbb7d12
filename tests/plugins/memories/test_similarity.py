"""Which data is alike, and what is suggested."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpmkd.values import DataFacts
from hpmkd_defaults.memories.records import learned
from hpmkd_defaults.memories.similarity import distance, promising

FACTS = DataFacts(1000, 10, 2, 0.9, 0.1, "self", "0" * 64)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 0.0),
        ({"digest": "1" * 64, "regime": "external"}, 0.0),
        ({"n_rows": 10_000}, 1.0),
        ({"n_rows": 100}, 1.0),
        ({"n_columns": 100}, 1.0),
        ({"n_classes": 20}, 1.0),
        ({"balance": 0.4}, 0.5),
        ({"noise": 0.35}, 1.0),
        ({"noise": None}, 0.0),
        ({"n_rows": 10**6, "n_columns": 10**5}, 5.0),
    ],
)
def test_the_distance_is_that_of_its_docstring(change, expected):
    other = replace(FACTS, **change)
    assert distance(FACTS, other) == pytest.approx(expected, abs=1e-12)
    assert distance(other, FACTS) == pytest.approx(expected, abs=1e-12)


@pytest.fixture
def trained(facts, outcomes):
    """Make records of data sets, in each of which points have regrets by depth."""

    def make(*regrets, n_rows=1000, stage="tree"):
        records = []
        for at, each in enumerate(regrets):
            own = facts(f"{n_rows}-{at}", n_rows, noise=0.1)
            records.append(learned(own, outcomes(own, each, stage)))
        return records

    return make


def depths(found):
    return [each["depth"] for each in found]


def test_the_mean_rank_decides(trained):
    others = trained({1: 0.0, 2: 0.1, 3: 0.2}, {1: 0.3, 2: 0.1, 3: 0.2}, {1: 0.3, 2: 0.0, 3: 0.1})
    assert depths(promising(FACTS, others, "tree", 3))[0] == 2


def test_regrets_of_another_size_count_the_same(trained):
    others = trained({1: 0.0, 2: 1e-6, 3: 2e-6}, {1: 0.0, 2: 5.0, 3: 9.0}, {1: 0.1, 2: 0.0, 3: 9.0})
    assert depths(promising(FACTS, others, "tree", 1)) == [1]


def test_similar_data_weighs_more(trained):
    near = trained({1: 0.0, 2: 0.1, 3: 0.2}, n_rows=1000)
    far = trained({1: 0.2, 2: 0.1, 3: 0.0}, n_rows=10**6)
    assert depths(promising(FACTS, near + far, "tree", 1)) == [1]
    asking = replace(FACTS, n_rows=10**6)
    assert depths(promising(asking, near + far, "tree", 1)) == [3]


def test_one_lucky_trial_does_not_win(trained):
    steady = {1: 0.0, 2: 0.1, 3: 0.2, 4: 0.3, 5: 0.4}
    lucky = {9: 0.0, **{depth: regret + 0.01 for depth, regret in steady.items()}}
    others = trained(lucky, *[steady] * 4)
    assert depths(promising(FACTS, others, "tree", 5))[0] == 1
    # If it goes on like that, it does.
    others = trained(*[lucky] * 5)
    assert depths(promising(FACTS, others, "tree", 5))[0] == 9


def test_who_was_compared_with_none_is_not_suggested(trained):
    assert promising(FACTS, trained({1: 0.0}, {2: 0.0}), "tree", 3) == []


def test_what_is_below_the_middle_is_not_suggested(trained):
    others = trained(*[{1: 0.0, 2: 0.1, 3: 0.2, 4: 0.3}] * 3)
    assert depths(promising(FACTS, others, "tree", 9)) == [1, 2]


def test_equals_share_their_rank(trained):
    assert promising(FACTS, trained({1: 0.0, 2: 0.0}), "tree", 3) == []
    assert depths(promising(FACTS, trained({1: 0.0, 2: 0.0, 3: 1.0}), "tree", 3)) == [1, 2]


def test_the_best_of_all_softenings_counts(facts, outcomes):
    own = facts()
    tried = outcomes(own, {1: 0.5, 2: 0.3, 3: 0.4})
    # The first was also tried at another alpha, where it won.
    won = replace(tried[0], regret=0.0, configuration=replace(tried[0].configuration, alpha=0.0))
    assert depths(promising(FACTS, [learned(own, [*tried, won])], "tree", 1)) == [1]


def test_of_other_stages_nothing_is_said(trained):
    assert promising(FACTS, trained({1: 0.0, 2: 0.1}, stage="gbm"), "tree", 3) == []


def test_the_order_of_reading_does_not_matter(trained):
    others = [
        *trained({1: 0.0, 2: 0.1, 3: 0.2}, {2: 0.0, 1: 0.1, 3: 0.3}),
        *trained({3: 0.0, 1: 0.1, 2: 0.2}, n_rows=777),
    ]
    answers = [promising(FACTS, order, "tree", 3) for order in (others, others[::-1])]
    assert answers[0] == answers[1]
