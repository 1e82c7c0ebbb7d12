"""Means of methods: only over divisions that every method finished."""

from __future__ import annotations

import pandas as pd
import pytest

from hpmkd.deepbridge.experiments.report import COMPARED, methods


def line(dataset, method, seed, value, error=None):
    figures = dict.fromkeys(COMPARED, value)
    return {"dataset": dataset, "method": method, "seed": seed, "error": error, **figures} | {
        "verdict": None if error else "pays"
    }


def test_a_division_that_one_method_failed_on_counts_for_none():
    runs = pd.DataFrame(
        [
            line("easy", "standard", 0, 1.0),
            line("easy", "hpm", 0, 2.0),
            line("easy", "standard", 1, 3.0),
            line("easy", "hpm", 1, 4.0),
            line("hard", "standard", 0, None, "ValueError: no"),
            line("hard", "hpm", 0, 100.0),
        ]
    )
    means, n = methods(runs)
    assert n == 2
    assert means[["method", "over runs", "test_accuracy"]].values.tolist() == [
        ["standard", "mean", 2.0],
        ["standard", "median", 2.0],
        ["hpm", "mean", 3.0],
        ["hpm", "median", 3.0],
    ]
    assert means["verdicts"].tolist() == ["2 pays"] * 4


def test_where_everything_failed_there_are_no_means():
    runs = pd.DataFrame([line("hard", "hpm", 0, None, "ValueError: no")])
    means, n = methods(runs)
    assert (len(means), n) == (0, 0)
    assert set(COMPARED) < set(means.columns)


@pytest.mark.parametrize("report_type", ["interactive", "static"])
def test_what_an_error_says_is_text(experiment, tmp_path, report_type):
    runner = experiment(tmp_path, ("wine",))
    runner._state.failed[runner._runs()[0]] = "ValueError: <script>alert(1)</script>"
    page = runner.generate_report(report_type=report_type)
    with open(page, encoding="utf-8") as file:
        assert "<script>alert" not in file.read()
