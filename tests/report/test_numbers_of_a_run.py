"""The page of a real run holds the numbers of its folder's JSON files, in a real browser."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from click.testing import CliRunner

from hpmkd.cli import cli

#: Each number of each table, and the text that is read instead, by the table's caption.
NUMBERS = """Object.fromEntries([...document.querySelectorAll("table")].map(table =>
  [table.caption.textContent, [...table.querySelectorAll("tbody tr")].map(row =>
    [...row.querySelectorAll("data")].map(cell => [JSON.parse(cell.value), cell.textContent]))]))"""
LEADERBOARD = "Teacher, controls, students, measured on the test rows alike"
PANEL = "The teachers by themselves, measured on the test rows alike"


@pytest.fixture(scope="module")
def page(folder, tab):
    done = CliRunner().invoke(cli, ["report", str(folder), "--quiet"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(folder / "report.html")
    tab.open(folder / "report.html")
    return tab


@pytest.fixture(scope="module")
def tables(page):
    return page.run(NUMBERS)


@pytest.fixture(scope="module")
def files(folder):
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def numbers(mapping):
    return [each for each in mapping.values() if type(each) in (int, float)]


def is_counted(name, value):
    """Whether a number stands in the table of counts; those of look-ups have their own."""
    of_look_ups = name.startswith("cache_") and name not in ("cache_bytes", "cache_evictions")
    return type(value) in (int, float) and not of_look_ups


def exact(rows):
    return [[value for value, _ in row] for row in rows]


def test_the_leaderboard_is_that_of_the_file(tables, files):
    first, *others = exact(tables[LEADERBOARD])
    shown = [first, *exact(tables.get(PANEL, [])), *others]  # of several teachers
    assert [sorted(row) for row in shown] == [
        sorted(numbers(each)) for each in files["leaderboard"]
    ]


def test_importances_are_those_of_the_file(tables, files):
    shown = exact(tables["Rise of log loss where a column is permuted"])
    assert shown == [
        [each[model][what] for model in ("student", "teacher") for what in ("mean", "error")]
        for each in files["evidence"]["importance"]
    ]


def test_every_trial_is_there(tables, files):
    shown = exact(tables["Every trial, in the order of request"])
    assert [Counter(row) for row in shown] == [Counter(numbers(each)) for each in files["trials"]]


def test_the_students_to_pick_from_are_those_of_the_front(tables, files):
    keys = ("selection_log_loss", "selection_retention", "bytes", "row_us", "accuracy", "log_loss")
    shown = exact(tables["Students to pick from"])
    assert shown == [[*(each[k] for k in keys), each["on_front"]] for each in files["front"]]


def test_the_evidence_is_there(tables, files):
    evidence = files["evidence"]
    by_class = tables["Share of each class's test rows that is recognised, and retention"]
    assert exact(by_class) == [numbers(each) for each in evidence["by_class"]]
    (bins,) = (rows for caption, rows in tables.items() if caption.startswith("Reliability"))
    assert exact(bins) == [
        [each["rows"], each["predicted"], each["observed"], curve["error"]]
        for curve in evidence["reliability"]
        for each in curve["bins"]
    ]
    weights = exact(tables["Weights of the teachers over the training rows"])
    expected = [[each["deviation"], *each["quantiles"]] for each in evidence["weights"]]
    assert sorted(row[1:] for row in weights) == sorted(expected)
    assert sorted((row[0] for row in weights), reverse=True) == [row[0] for row in weights]
    assert sorted(row[0] for row in weights) == sorted(files["knowledge"]["weights"])
    outcomes = exact(tables["Test rows by who is right"])
    points = evidence["points"]
    both = sum(each["teacher_right"] and each["student_right"] for each in points)
    assert outcomes[0] == [both, both / len(points)]
    assert sum(row[0] for row in outcomes) == len(points) == evidence["rows"]


def test_verdict_counts_and_times_are_there(page, tables, files):
    verdict, counts = files["verdict"], files["counts"]
    assert page.run("document.getElementById('word').textContent") == verdict["outcome"]
    assert page.run("document.getElementById('sentence').textContent") == verdict["sentence"]
    arms = exact(tables["The shipped student and its controls, on the test rows"])
    assert arms == [numbers(each) for each in verdict["arms"]]
    seconds = [row[0] for row in exact(tables["Seconds by phase and worker"])]
    spent = counts["seconds"]
    workers = [each["seconds"] for each in counts["workers"]]
    total = spent.pop("total")
    assert seconds == [*spent.values(), *workers, total]
    shown = sorted(row[0] for row in exact(tables["Counts"]))
    assert shown == sorted(value for name, value in counts.items() if is_counted(name, value))
    efforts = exact(tables["What models were trained for"])
    assert efforts == [numbers(each) for each in counts["trained_for"].values()]


def test_the_cache_is_told_by_region(tables, files):
    counts, names = files["counts"], ("hits", "disk_hits", "misses", "rate")
    told = [*counts["cache_regions"].values(), {name: counts[f"cache_{name}"] for name in names}]
    assert len(told) == 4
    assert exact(tables["Cache"]) == [
        [each[name] for name in names if each[name] is not None] for each in told
    ]


def test_gates_and_recipe_are_there(page, folder, files):
    gates = page.run("[...document.querySelectorAll('.gates li')].map(each => each.textContent)")
    for gate, shown in zip(files["run"]["gates"], gates, strict=True):
        assert gate["name"] in shown
        assert gate["reason"] in shown
        assert ("✓ passed" in shown) == gate["passed"]
    recipe = page.run("document.getElementById('recipe').textContent")
    assert recipe == folder.joinpath("recipe.toml").read_text()


def test_what_is_read_is_what_is_meant(tables):
    for rows in tables.values():
        for row in rows:
            for value, text in row:
                decimals = len(text.rstrip("%").partition(".")[2])
                if text.endswith("%"):
                    assert float(text[:-1]) / 100 == pytest.approx(value, abs=5.1e-5)
                elif text.replace(".", "").isdigit():
                    assert float(text) == pytest.approx(value, abs=0.51 * 10**-decimals)


def test_numbers_of_a_column_have_the_same_digits(tables):
    for caption, rows in tables.items():
        if caption in ("Counts", "What ran", "Seconds by phase and worker"):
            continue  # their rows are of different things
        for column in zip(*(row for row in rows if len(row) == len(rows[0])), strict=True):
            texts = [text for _, text in column if text.rstrip("%").replace(".", "").isdigit()]
            forms = {re.sub(r"\d", "0", text).lstrip("0") for text in texts}
            assert len(forms) <= 1, caption
