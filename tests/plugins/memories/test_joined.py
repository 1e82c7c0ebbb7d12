"""What two runs learned on one data set, joined."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd_defaults.memories.records import MAX_OUTCOMES, joined, learned

from .conftest import facts_of, outcomes_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def run(hour, n_rows=1000, **tried):
    """Record so many outcomes of each stage; their depths tell whose they are."""
    facts = facts_of(n_rows=n_rows)
    described = [
        each
        for stage, n in tried.items()
        for each in outcomes_of(facts, {10_000 * hour + at: 0.1 * at for at in range(n)}, stage)
    ]
    moment = NOON + timedelta(hours=hour)
    return msgspec.structs.replace(learned(facts, described), learned_at=moment)


def stored(record):
    """Return by stage the hour of the run whose outcomes stayed, and how many they are."""
    found = {}
    for tried in record.outcomes:
        hour = tried.hyperparameters["depth"] // 10_000
        was, n = found.get(tried.stage, (hour, 0))
        assert was == hour, "outcomes of one stage are of two runs"
        found[tried.stage] = (hour, n + 1)
    return found


@pytest.mark.parametrize(
    ("known", "given_", "expected"),
    [
        (run(1, tree=8, gbm=8), run(2, tree=3), {"tree": (1, 8), "gbm": (1, 8)}),
        (run(1, tree=3), run(2, tree=8), {"tree": (2, 8)}),
        (run(1, tree=3), run(2, tree=3), {"tree": (2, 3)}),
        (run(2, tree=3), run(1, tree=3), {"tree": (2, 3)}),
        (run(2, tree=3), run(1, tree=4, gbm=1), {"tree": (1, 4), "gbm": (1, 1)}),
        (run(1, tree=3), run(2), {"tree": (1, 3)}),
    ],
)
def test_of_each_stage_who_tried_more_stays_and_of_equals_the_newer(known, given_, expected):
    assert stored(joined(known, given_)) == expected


@pytest.mark.parametrize(("hours", "n_rows"), [((1, 2), 20), ((2, 1), 10)])
def test_the_facts_are_those_of_the_newer(hours, n_rows):
    found = joined(run(hours[0], n_rows=10, tree=9), run(hours[1], n_rows=20, tree=1))
    assert (found.n_rows, found.learned_at) == (n_rows, NOON + timedelta(hours=2))


def test_of_the_same_moment_what_is_given_counts_as_newer():
    known, given_ = run(1, n_rows=10, tree=2), run(1, n_rows=20, tree=2)
    assert joined(known, given_).n_rows == 20


def test_the_best_of_all_stages_are_kept():
    found = joined(run(1, tree=MAX_OUTCOMES), run(2, gbm=400))
    assert len(found.outcomes) == MAX_OUTCOMES
    assert stored(found) == {"tree": (1, MAX_OUTCOMES - 400), "gbm": (2, 400)}
    regrets = [each.regret for each in found.outcomes]
    assert regrets == sorted(regrets)


def test_a_moment_before_all_clocks_is_refused():
    with pytest.raises(ValueError, match="`learned_at` >= 1970-01-01"):
        msgspec.structs.replace(run(1, tree=1), learned_at=datetime(1969, 12, 31, tzinfo=UTC))


counts = st.dictionaries(st.sampled_from(["tree", "gbm", "logistic"]), st.integers(1, 4))


@given(first=counts, second=counts)
def test_no_stage_has_less_than_before_in_whatever_order_and_however_often(first, second):
    one, two = run(1, **first), run(2, **second)
    found = joined(one, two)
    assert joined(two, one) == joined(found, two) == joined(found, found) == found
    n = {stage: n for stage, (_, n) in stored(found).items()}
    assert n == {
        stage: max(first.get(stage, 0), second.get(stage, 0)) for stage in {*first, *second}
    }
