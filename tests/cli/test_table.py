"""What the result says beside its table."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpmkd.cli.table import _search, _wins


def found(summary):
    knowledge = SimpleNamespace(teachers=("forest", "boosted"), fuser=summary)
    return SimpleNamespace(knowledge=knowledge)


def test_a_fuser_that_knows_of_no_wins_says_nothing():
    assert list(_wins(found({"weights": [0.5, 0.5]}))) == []


def test_where_a_teacher_wins_it_is_named():
    win = {
        "column": "age",
        "cells": "over 60",
        "teacher": "boosted",
        "weight": 0.9,
        "mean_weight": 0.4,
    }
    same = {**win, "weight": 0.42}
    assert list(_wins(found({"wins": [win, same]}))) == [
        "Where age is over 60: boosted weighs 0.90, 0.40 on average",
    ]


@pytest.mark.parametrize(
    ("n", "said"), [(1, "Search: 1 trial; done"), (2, "Search: 2 trials; done")]
)
def test_trials_are_counted_in_english(n, said):
    trials = [{"stage": "tree", "after": None}] * n + [{"stage": "gbm", "after": "tree"}]
    facts = {"search": {"ended": "done", "remembered": {}}}
    assert _search(SimpleNamespace(history=trials, facts=facts)) == said
