"""The Pareto front: none on it is beaten, every other one is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpmkd.evaluation.pareto import SelectionMetrics, no_worse, pareto_front

# Few different values, and times that differ by less than a tenth: ties are what is hard.
FIGURES = st.builds(
    SelectionMetrics,
    loss=st.sampled_from([0.1, 0.2, 0.3]) | st.floats(0, 1),
    n_bytes=st.integers(1, 5),
    row_us=st.sampled_from([1.0, 1.05, 1.09, 1.15, 1.2, 1.3, 5.0]) | st.floats(0.1, 10),
    retention=st.just(1.0),
)


def front(figures):
    return pareto_front(figures, lambda each: each)


@given(st.lists(FIGURES, max_size=12))
def test_of_two_on_the_front_each_is_better_in_something(figures):
    found = front(figures)
    for at, one in enumerate(found):
        assert not any(no_worse(one, other) for other in found[:at] + found[at + 1 :])


@given(st.lists(FIGURES, min_size=1, max_size=12))
def test_students_off_the_front_are_equalled_or_beaten_by_one_on_it(figures):
    found = front(figures)
    assert found
    assert all(any(no_worse(one, each) for one in found) for each in figures)


@given(st.lists(FIGURES, max_size=8), st.randoms())
def test_the_order_of_the_candidates_does_not_matter(figures, random):
    shuffled = random.sample(figures, len(figures))
    assert front(shuffled) == front(figures)
    losses = [each.loss for each in front(figures)]
    assert losses == sorted(losses)


def test_a_tenth_more_time_is_no_reason_to_be_on_it():
    good = SelectionMetrics(0.1, 100, 2.0, 1.0)
    slower = SelectionMetrics(0.1, 100, 1.85, 1.0)
    assert len(front([good, slower])) == 1
    fast = SelectionMetrics(0.2, 100, 1.0, 1.0)
    small = SelectionMetrics(0.3, 50, 2.0, 1.0)
    beaten = SelectionMetrics(0.3, 100, 2.1, 1.0)
    assert front([beaten, small, fast, good]) == [good, fast, small]
