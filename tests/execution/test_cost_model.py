"""The cost model learns how long tasks take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.execution.cost_model import CostModel, Load


def load(kind="a", rows=100.0, classes=2.0, **settings):
    return Load(kind, {"rows": rows, "classes": classes}, settings)


def learn(costs, load, seconds):
    """Of a process that has done such a task before."""
    if not costs.sure(load):
        costs.learn(load, 1e3, "here")
    costs.learn(load, seconds, "here")


def test_nothing_is_known_of_a_kind_before_its_first_task():
    costs = CostModel()
    learn(costs, load("a"), 1.0)
    assert costs.expect(load("b")) is None


@given(st.floats(1, 1e6), st.floats(2, 50), st.floats(1e-3, 1e3))
def test_one_task_tells_of_others_in_proportion(rows, classes, seconds):
    costs = CostModel()
    learn(costs, load(rows=rows, classes=classes), seconds)
    expected = costs.expect(load(rows=3 * rows, classes=classes))
    assert expected == pytest.approx(3 * seconds)


def test_settings_are_learned():
    costs = CostModel()
    for rounds in (10, 20, 40, 80, 160) * 3:
        learn(costs, load(rounds=rounds), 0.01 * rounds)
    assert costs.expect(load(rounds=120)) == pytest.approx(1.2, rel=0.2)


def test_tasks_that_do_not_grow_with_the_rows_are_found_out():
    costs = CostModel()
    for rows in (1e3, 1e4, 1e5, 1e6) * 5:
        learn(costs, load(rows=rows), 2.0)
    assert costs.expect(load(rows=1e5)) == pytest.approx(2.0, rel=0.3)


def test_a_setting_that_was_not_there_before_costs_nothing():
    costs = CostModel()
    learn(costs, load(), 1.0)
    assert costs.expect(load(depth=4.0)) == pytest.approx(1.0)


def test_no_time_at_all_is_a_short_time():
    costs = CostModel()
    learn(costs, load(), 0.0)
    assert 0 < costs.expect(load()) < 1e-3


def test_the_first_task_of_a_process_counts_until_there_is_another():
    costs = CostModel()
    for process in "ab":
        costs.learn(load(), 7.0, process)
        assert costs.expect(load()) == pytest.approx(7.0)
        assert not costs.sure(load())
    costs.learn(load(), 0.5, "a")
    assert costs.expect(load()) == pytest.approx(0.5)
    assert costs.sure(load())
    costs.learn(load(), 7.0, "c")
    assert costs.expect(load()) == pytest.approx(0.5)
