"""``hpmkd explain``: trees and linear students in words."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xgboost as xgb
from click.testing import CliRunner
from sklearn.tree import DecisionTreeClassifier

from hpmkd.cli import cli
from hpmkd.student import (
    LinearModel,
    NetworkModel,
    Schema,
    Student,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
)


@pytest.fixture(scope="module")
def students(people):
    """One of each family."""
    table, codes = people.drop(columns="bought"), (people["bought"] == "yes").to_numpy(int)
    schema = Schema.fit(table)
    trees, linear = fit_encoder("tree", schema, table), fit_encoder("linear", schema, table)
    matrix = trees.transform(table)
    tree = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0).fit(matrix, codes).tree_
    parameters = {"objective": "binary:logistic", "nthread": 1}
    booster = xgb.train(parameters, xgb.DMatrix(matrix, codes), 3)
    weights = np.linspace(-1, 2, linear.n_outputs)[:, np.newaxis]
    models = {
        "tree": (trees, pack_sklearn_tree(tree, tree.value[:, 0]).with_leaf_counts(matrix, codes)),
        "bare": (trees, pack_sklearn_tree(tree, tree.value[:, 0])),
        "xgboost": (trees, pack_booster(booster, 1)),
        "logistic": (linear, LinearModel(weights, [0.5])),
        "network": (linear, NetworkModel([weights, [[1.0]]], [[0.0], [0.0]])),
    }
    return {name: Student(*parts, ["no", "yes"]) for name, parts in models.items()}


@pytest.fixture
def run_of(students, tmp_path):
    """Return a function that writes a run folder with some students, the first one chosen."""

    def write(*names):
        tmp_path.joinpath("run", "students").mkdir(parents=True)
        for name in names:
            students[name].save(tmp_path / "run" / "students" / f"{name}.hpmkd")
        explained = {"chosen": names[0], "target": "bought"}
        tmp_path.joinpath("run", "run.json").write_text(json.dumps(explained))
        return tmp_path / "run"

    return write


@pytest.fixture
def people_csv(people, tmp_path):
    people.iloc[:60].to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


def call(*arguments):
    arguments = [str(each) for each in ("explain", *arguments)]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def explained(*arguments):
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_tree_of_a_run_is_explained(run_of, students):
    run = run_of("tree", "xgboost")
    result = call(run)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "tree: 6 rules, 3 of 5 columns"
    assert "its share of 150 training rows" in lines[1]
    assert lines[5].startswith("if ")
    assert sum("% of rows" in line for line in lines) == 6
    assert "\x1b" not in result.stdout
    assert explained(run, "--student", "tree") == result.stdout
    assert explained(run / "students" / "tree.hpmkd").replace("tree.hpmkd", "tree") == result.stdout


def test_json_of_a_tree(run_of, students, people):
    found = json.loads(explained(run_of("tree"), "--json"))
    assert list(found) == ["student", "kind", "classes", "categories", "rows_of", "rules"]
    assert (found["student"], found["kind"], found["rows_of"]) == ("tree", "tree", "training")
    assert found["classes"] == ["no", "yes"]
    assert sorted(found["categories"]) == ["city", "size"]
    assert sorted(found["categories"]["size"]) == ["L", "M", "S"]
    assert sum(rule["rows"] for rule in found["rules"]) == 150
    assert sum(rule["share"] for rule in found["rules"]) == pytest.approx(1)
    right = (students["tree"].predict(people) == people["bought"]).sum()
    counted = sum(rule["accuracy"] * rule["rows"] for rule in found["rules"])
    assert counted == pytest.approx(right)
    for rule in found["rules"]:  # grown on hard labels: a leaf says its own purity
        assert rule["probability"] == pytest.approx(rule["purity"], abs=1e-6)


def test_shares_of_other_rows(run_of, people, people_csv, students):
    run = run_of("tree")
    found = json.loads(explained(run, "--data", people_csv, "--json"))
    assert found["rows_of"] == str(people_csv)
    assert sum(rule["rows"] for rule in found["rules"]) == 60
    first = people.iloc[:60]
    right = (students["tree"].predict(first) == first["bought"]).sum()
    counted = sum((rule["accuracy"] or 0) * rule["rows"] for rule in found["rules"])
    assert counted == pytest.approx(right)
    assert f"its share of 60 rows of {people_csv}" in explained(run, "--data", people_csv)
    file = run / "students" / "tree.hpmkd"
    by_name = ("--data", people_csv, "--target", "bought", "--json")
    assert json.loads(explained(file, *by_name))["rules"] == found["rules"]
    result = call(file, "--data", people_csv)
    assert (result.exit_code, "give --target" in result.stderr) == (6, True)


def test_a_tree_that_counted_nothing(run_of, people_csv):
    run = run_of("bare")
    text = explained(run, "--student", "bare")
    assert "No rows were counted" in text
    assert "% of rows" not in text
    found = json.loads(explained(run, "--student", "bare", "--json"))
    assert found["rows_of"] is None
    assert "share" not in found["rules"][0]
    assert "% of rows" in explained(run, "--student", "bare", "--data", people_csv)


def test_linear_students_list_their_terms(run_of, students):
    run = run_of("logistic", "tree")
    lines = explained(run, "--student", "logistic").splitlines()
    assert lines[0] == "logistic: a weighted sum of 10 terms, largest first"
    assert lines[3] == "yes against no, log odds: +0.5000 and"
    assert lines[4].split() == ["+2.0000", "size=S"] or lines[4].startswith("    +2.0000  size=")
    assert any("age" in line and " above " in line for line in lines)
    found = json.loads(explained(run, "--student", "logistic", "--json"))
    terms = found["margins"][0]["terms"]
    assert found["kind"] == "linear"
    assert sorted(term["name"] for term in terms) == sorted(
        students["logistic"].encoder.feature_names
    )
    assert terms[0]["coefficient"] == 2.0


def test_the_chosen_student_is_named_where_it_is_another(run_of):
    run = run_of("xgboost", "tree")
    assert call(run).stderr == "the run chose xgboost; this is its tree\n"
    assert call(run, "--student", "tree").stderr == ""


def test_many_trees_cannot_be_read(run_of):
    run = run_of("xgboost", "logistic", "tree")
    result = call(run, "--student", "xgboost")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the student xgboost is 3 trees, too large to read as rules" in result.stderr
    assert "in this run, --student logistic or --student tree can be read" in result.stderr
    result = call(run / "students" / "xgboost.hpmkd")
    assert result.exit_code == 2
    assert "a run with the stage tree or logistic has a student that can be read" in result.stderr


def test_a_network_has_no_rules(run_of):
    result = call(run_of("network", "tree"), "--student", "network")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the student network is network of 1 units, too large to read as rules" in result.stderr
    assert "in this run, --student tree can be read" in result.stderr


def test_a_run_without_a_tree(run_of):
    result = call(run_of("xgboost", "logistic"))
    assert result.exit_code == 2
    assert "has no tree; in this run, --student logistic can be read" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--student", "gbm"], 6, "has no student 'gbm'; it has: logistic, tree"),
        (["--target", "bought"], 2, "--target names a column of --data"),
        (["--student", "logistic", "--data", "x.csv"], 2, "--data is for trees"),
        (["--data", "none.csv"], 3, "none.csv"),
    ],
)
def test_what_cannot_be_is_explained(run_of, arguments, code, message):
    result = call(run_of("tree", "logistic"), *arguments)
    assert result.exit_code == code
    assert message in result.stderr


def test_no_run_at_all(tmp_path):
    assert call(tmp_path / "none").exit_code == 6
    assert call(tmp_path).exit_code == 6


def test_help_shows_an_example():
    assert "hpmkd explain runs/adult --data holdout.csv --json" in explained("--help")
