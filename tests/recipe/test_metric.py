"""The metric of a recipe, and cost matrices in files."""

from __future__ import annotations

import pytest

from hpmkd.errors import RecipeError
from hpmkd.recipe.metric import MetricSettings, parse_metric
from hpmkd.recipe.recipe import Recipe

COSTS = ",no,yes\nno,0,1\nyes,10,0\n"


@pytest.fixture
def costs(tmp_path):
    def write(text):
        path = tmp_path / "costs.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return f"cost={path}"

    return write


def test_a_metric_is_named():
    assert parse_metric("auc") == MetricSettings("auc") == parse_metric({"name": "auc"})


def test_a_matrix_of_costs_is_read_from_a_file(costs):
    expected = MetricSettings("cost", ("no", "yes"), ((0.0, 1.0), (10.0, 0.0)))
    assert parse_metric(costs(COSTS)) == expected
    # The rows may come in another order than the columns.
    assert parse_metric(costs("\ufeff,no,yes\nyes,10,0\nno,0,1\n\n")) == expected


def test_classes_of_a_mapping_may_be_numbers():
    given = {"name": "cost", "classes": [0, 1], "costs": [[0, 1], [2, 0]]}
    assert parse_metric(given).classes == ("0", "1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",no,yes\nno,0,1\n", "'yes' not once as a row"),
        (",no,yes\nno,0,1\nyes,10\n", "row 'yes' has 1 costs and the header 2"),
        (",no,yes\nno,0,1\nyes,ten,0\n", "row 'yes', column 'no': got 'ten'"),
        (",no,yes\nno,0,1\nyes,nan,0\n", "got nan where 'yes' is true and 'no' is named"),
        (",no,yes\nno,0,-1\nyes,1,0\n", "got -1.0"),
        (",no,yes\nno,0,inf\nyes,1,0\n", "got inf"),
        (",no,yes\nno,2,1\nyes,1,0\n", "got 2.0 where 'no' is named rightly"),
        (",no,yes\nno,0,0\nyes,0,0\n", "got 0 everywhere"),
        (",no,yes\nno,0,1\nno,1,0\n", "row 'no' twice"),
        (",no,no\nno,0,1\nyes,1,0\n", "'yes' not once"),
        ("", "has 0 lines"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_what_is_no_matrix_of_costs_is_refused(costs, text, message):
    with pytest.raises(RecipeError, match=message):
        parse_metric(costs(text))


def test_a_missing_file_is_named():
    with pytest.raises(RecipeError, match=r"metric: nowhere\.csv cannot be read"):
        parse_metric("cost=nowhere.csv")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("acu", "got 'acu'; did you mean 'auc'?"),
        ("cost", "cost without a matrix"),
        ("auc=3", "got 'auc=3'"),
        (3, "got int"),
        ({"name": "auc", "costs": [[0, 1], [1, 0]]}, "got costs and the name 'auc'"),
        ({"name": "cost", "classes": ["a"], "costs": [[0]]}, "each of two or more classes"),
        ({"name": "cost", "classes": ["a", "b"], "costs": [[0, 1]]}, "square"),
        ({"name": "auc", "colour": 1}, "metric.colour: unknown key"),
    ],
)
def test_what_is_no_metric_is_refused(value, message):
    with pytest.raises(RecipeError, match=message):
        parse_metric(value)


def test_a_recipe_has_one(costs):
    recipe = Recipe.load("hpm")
    assert recipe.metric == MetricSettings()
    assert recipe.override({"metric": "auc"}).metric.name == "auc"
    assert recipe.override({"metric.name": "f1"}).metric.name == "f1"
    with_costs = recipe.override({"metric": costs(COSTS)})
    assert Recipe.from_mapping(with_costs.to_mapping()) == with_costs
    assert with_costs.override({"metric": "auc"}).metric == MetricSettings("auc")
