"""What the result says beside its table."""

from __future__ import annotations

from types import SimpleNamespace

from hpmkd.cli.table import _fuser_lines


def found(summary):
    knowledge = SimpleNamespace(teachers=("forest", "boosted"), fuser=summary)
    recipe = SimpleNamespace(fuser=SimpleNamespace(name="attention"))
    return SimpleNamespace(knowledge=knowledge, recipe=recipe)


def test_a_fuser_without_a_gate_says_nothing():
    assert list(_fuser_lines(found({"weights": [0.5, 0.5]}))) == []


def test_a_refused_gate_says_why():
    gate = {"accepted": False, "reason": "no more than noise"}
    assert list(_fuser_lines(found({"gate": gate, "wins": []}))) == [
        "Fuser attention: gate refused (no more than noise)"
    ]


def test_where_a_teacher_wins_it_is_named():
    win = {
        "column": "age",
        "cells": "over 60",
        "teacher": "boosted",
        "weight": 0.9,
        "mean_weight": 0.4,
    }
    gate = {"accepted": True, "reason": "it pays"}
    same = {**win, "weight": 0.42}
    assert list(_fuser_lines(found({"gate": gate, "wins": [win, same]}))) == [
        "Fuser attention: gate passed (it pays)",
        "Where age is over 60: boosted weighs 0.90, 0.40 on average",
    ]
