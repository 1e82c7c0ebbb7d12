"""The model card: what a run knows is in it, what only people know is left to fill."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hpmkd.report import model_card
from hpmkd.report.card.sections import TO_FILL, sections
from hpmkd.report.render.format import clean
from hpmkd.testing.students import known_student
from tests.report.made import EVIL, evil, made


@pytest.fixture(scope="module")
def run():
    return made(2, ["no", "yes"], stages=("tree",), trials=())


def section(run, title):
    return next(each for each in sections(run, "RUN") if each.title == title)


def test_it_has_the_sections_of_a_card(run):
    card = model_card(run, "runs/it")
    headings = [line for line in card.splitlines() if line.startswith("#")]
    assert headings[0] == "# Student tree of rows.csv, target y"
    for title in (
        "## Model description",
        "### Intended uses & limitations",
        "### Limitations",
        "## Training data",
        "## Training procedure",
        "## Evaluation results",
        "## How to get started with the model",
    ):
        assert title in headings
    assert "--recipe runs/it/recipe.toml --seed 7" in card
    assert card.count("[More Information Needed]") == 5
    assert "| license | [More Information Needed] |" in card
    assert "the rule of three" in card


def test_hubs_read_its_metadata(run):
    card = model_card(run)
    first, second = card.index("---\n"), card.index("\n---\n")
    lines = card[first + 4 : second].splitlines()
    values = {
        name: json.loads(value) for name, _, value in (each.partition(": ") for each in lines)
    }
    assert values["library_name"] == "hpmkd"
    assert "tabular-classification" in values["tags"]
    (result,) = values["model-index"][0]["results"]
    record = next(each for each in run.records if each.chosen)
    assert result["dataset"]["name"] == "rows.csv"
    assert {each["type"]: each["value"] for each in result["metrics"]} == {
        "accuracy": record.accuracy,
        "log_loss": record.log_loss,
    }


def test_results_stand_beside_those_of_control_and_teacher(run):
    head, *rows = section(run, "Evaluation results").rows
    assert [row[0] for row in rows] == ["student tree", "control tree", "teacher teacher"]
    own = next(each for each in run.evidence.intervals if each.role == "student")
    assert rows[0][head.index("accuracy")].endswith(
        f"[{own.accuracy[0]:.2%}, {own.accuracy[1]:.2%}]"
    )
    old = replace(run, evidence=replace(run.evidence, intervals=()))
    assert "[" not in section(old, "Evaluation results").rows[1][1]


def test_limits_follow_from_what_was_measured(run):
    points = " ".join(section(run, "Limitations").points)
    least = min(zip((each.student for each in run.evidence.by_class), ("no", "yes"), strict=True))
    assert f"It recognises class {least[1]} least: {least[0]:.2%}" in points
    assert "Fewer than" not in points
    few = made(12, n=50, trials=())
    warned = replace(few.verdict, warnings=("Warning: it is worse",))
    points = section(replace(few, verdict=warned), "Limitations").points
    assert "Warning: it is worse." in points
    assert any(each.startswith("Fewer than 30 test rows") for each in points)


def test_a_real_student_tells_its_columns(run):
    student = known_student("tree", "wine", mixed=False)
    rows = dict(section(replace(run, students={"tree": student}), "Model description").rows)
    assert rows["model"].startswith("tree (")
    assert "(number)" in rows["columns"]
    assert rows["license"] == TO_FILL


def test_a_name_like_a_place_to_fill_makes_no_link():
    _, _, body = model_card(made(data=f"{TO_FILL}(x)", trials=())).partition("\n---\n")
    assert "\\[More Information Needed\\](x)" in body
    assert "Needed](" not in body


def test_nasty_names_break_nothing():
    card = model_card(evil())
    assert "\x1b" not in card
    head, _, body = card.partition("\n---\n")
    assert json.dumps(clean(EVIL[1]))[1:-1] in head
    outside = "".join(body.split("```")[::2])  # code is shown as it is
    assert "<" not in outside.replace("\\<", "")
    tables = [line for line in outside.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in tables} == {3, 6, 8}
