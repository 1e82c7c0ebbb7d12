"""The rules or weights that a report shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpmkd.report import readable as module
from hpmkd.report.readable import readable
from hpmkd.testing.students import known_student
from tests.report.made import made


@pytest.fixture(scope="module")
def run():
    return made(2, stages=("tree",), trials=())


def with_students(run, chosen, **students):
    return replace(run, chosen=chosen, students=students)


def test_the_tree_that_ships_is_shown_as_rules(run):
    found = readable(with_students(run, "tree", tree=known_student("tree", "wine", mixed=False)))
    assert (found.name, found.ships, found.left_out) == ("tree", True, 0)
    assert found.text.startswith("tree: ")
    assert "\nif " in found.text


def test_a_boosted_one_leaves_that_to_another_of_the_run(run):
    boosted = known_student("boosted", "wine", mixed=False)
    linear = known_student("linear", "wine", mixed=False)
    found = readable(with_students(run, "gbm", gbm=boosted, logistic=linear))
    assert (found.name, found.ships) == ("logistic", False)
    assert "a weighted sum" in found.text
    assert readable(with_students(run, "gbm", gbm=boosted)) is None


def test_long_ones_are_cut(run, monkeypatch):
    monkeypatch.setattr(module, "MOST_LINES", 3)
    found = readable(with_students(run, "tree", tree=known_student("tree", "wine", mixed=False)))
    assert found.text.count("\n") == 2
    assert found.left_out > 0
