"""The result as text: tables that fit the terminal, and the text beside them."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.console import Console

from hpmkd.cli.output.leaderboard import PLAIN_WIDTH, _search, _wins, print_front, print_table
from hpmkd.evaluation.leaderboard import ModelRecord
from hpmkd.evaluation.pareto import StudentSummary
from hpmkd.recipe.limits import Limits

RECORD = ModelRecord(
    role="student",
    name="logistic",
    chosen=True,
    accuracy=0.9561,
    log_loss=0.0812,
    macro_f1=0.9512,
    auc=0.9931,
    kl=0.0123,
    agreement=0.9737,
    bytes=812,
    row_us=1.93,
    batch_us=1234.0,
    compression=1820.0,
    speedup=26000.0,
    retention=0.9964,
    alpha=0.5,
    extra_weight=0.25,
    temperature=2.0,
    selection_log_loss=0.09,
)
RECORDS = (
    replace(RECORD, role="teacher", name="extra trees of somebody", chosen=False, alpha=None),
    RECORD,
    replace(RECORD, role="ensemble", name="tree", chosen=False, bytes=None, log_loss=12.3456),
)
CONTENDER = StudentSummary(
    name="logistic",
    stage="logistic",
    trial=3,
    role="student",
    chosen=True,
    selection_log_loss=0.0912,
    selection_accuracy=0.95,
    selection_retention=0.9964,
    bytes=812,
    row_us=1.93,
    accuracy=0.9561,
    log_loss=0.0812,
    on_front=True,
)
CONTENDERS = (CONTENDER, replace(CONTENDER, name="gbm-trial-11", role="front", bytes=123_456))
MORE = "(a wider terminal shows more; {} has it all)"


@pytest.fixture
def console():
    """``console(columns)``, of which ``lines()`` returns what was printed."""

    def made(columns):
        made = Console(width=columns, highlight=False, soft_wrap=True, color_system=None)
        made.begin_capture()
        made.lines = lambda: made.end_capture().splitlines()
        return made

    return made


def headings(line):
    return re.split("  +", line.strip())


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (35, ["name", "log loss"]),
        (50, ["name", "accuracy", "log loss"]),
        (60, ["name", "accuracy", "log loss", "size"]),
        (80, ["role", "name", "accuracy", "log loss", "size", "1 row"]),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns_and_whole_ones(console, columns, shown):
    there = console(columns)
    print_table(RECORDS, there)
    head, *rows, more = there.lines()
    assert headings(head) == shown
    assert max(map(len, [head, *rows])) <= columns
    assert more == MORE.format("leaderboard.csv")
    for row, name, loss in zip(
        rows,
        ("extra trees of somebody", "logistic *", "tree"),
        ("0.0812", "0.0812", "12.3456"),
        strict=True,
    ):
        assert name in row
        assert loss in row
        assert "…" not in row
    if "size" in shown:
        assert "0.8 KB" in rows[1]


@pytest.mark.parametrize("columns", [180, PLAIN_WIDTH])
def test_a_wide_terminal_and_a_pipe_get_every_column(console, columns):
    there = console(columns)
    print_table(RECORDS, there)
    head, *rows = there.lines()
    assert len(headings(head)) == 18
    assert [len(headings(row)) for row in rows] == [18, 18, 18]
    assert max(map(len, rows)) < 180


def test_another_metric_has_a_column_of_its_own_before_log_loss(console):
    there = console(PLAIN_WIDTH)
    print_table(tuple(replace(each, metric=0.25) for each in RECORDS), there, "brier")
    head, *rows = there.lines()
    assert re.search(r"accuracy +Brier score +log loss", head)
    assert all("0.2500" in row for row in rows)
    again = console(PLAIN_WIDTH)
    print_table(RECORDS, again, "auc")
    assert headings(again.lines()[0]).count("AUC") == 1


def test_names_are_whole_where_nothing_fits(console):
    there = console(10)
    print_table(RECORDS, there)
    assert there.lines()[1] == "extra trees of somebody"


@pytest.mark.parametrize(
    ("columns", "limits", "shown"),
    [
        (40, Limits(), ["student", "log loss", "size"]),
        (60, Limits(), ["student", "log loss", "size", "1 row", "retention"]),
        (50, Limits(max_size=1000), ["student", "log loss", "size", "1 row", "breaks"]),
        (
            80,
            Limits(),
            ["student", "role", "log loss", "size", "1 row", "retention", "test accuracy"],
        ),
    ],
)
def test_students_to_pick_from_are_whole_too(console, columns, limits, shown):
    there = console(columns)
    print_front(CONTENDERS, limits, "logistic", there)
    head, *rows, more = there.lines()
    assert headings(head) == shown
    assert max(map(len, [head, *rows])) <= columns
    assert more == MORE.format("front.json")
    assert rows[0].startswith("logistic *    ")
    assert rows[1].startswith("gbm-trial-11  ")
    assert "123.5 KB" in rows[1]
    if limits:
        assert [headings(row)[-1] for row in rows] == ["-", "size"]


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
    ("n", "line"), [(1, "Search: 1 trial; done"), (2, "Search: 2 trials; done")]
)
def test_trials_are_counted_in_english(n, line):
    trials = [{"stage": "tree", "after": None}] * n + [{"stage": "gbm", "after": "tree"}]
    facts = {"search": {"ended": "done", "remembered": {}}}
    assert _search(SimpleNamespace(history=trials, facts=facts)) == line
