"""What a run follows from, and how a difference is named."""

import json

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.make_dataset import make_dataset
from hpmkd.recipe.recipe import Recipe
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.registry.plugins import Plugin
from hpmkd.runs.fingerprint import differences, run_fingerprint
from hpmkd.values import Offer

ROWS = pd.DataFrame({"age": np.arange(12.0), "town": list("abcabcabcabc")})
LABELS = np.array([0, 1] * 6)


class Stage:
    pass


def plugin(source="mine 1.0", factory=Stage):
    offered = RegisteredComponent("stage", Offer("mine", factory, "mine"), "mine", source)
    return Plugin("mine", source, "active", (offered,))


def fingerprint(**changed):
    given = {
        "recipe": Recipe.load("hpm"),
        "seed": 0,
        "tables_given": tables(),
        "teachers": {"forest": "aa", "net": "bb"},
        "plugins": [plugin()],
    } | changed
    return json.loads(json.dumps(run_fingerprint(**given)))


def other_rows(name, table):
    return {"tables_given": {**tables(), name: table}}


def tables():
    return {
        "training rows": make_dataset(ROWS, LABELS),
        "test rows": make_dataset(ROWS, LABELS),
        "rows without labels": None,
    }


def recipe(**settings):
    dotted = {key.replace("__", "."): value for key, value in settings.items()}
    return {"recipe": Recipe.load("hpm").override(dotted)}


def test_equal_circumstances_do_not_differ_once_they_were_written_as_json():
    assert differences(fingerprint(), fingerprint()) == []


@pytest.mark.parametrize(
    "free",
    [
        recipe(executor__name="loky", executor__workers=2),
        recipe(cache__disk=True),
        recipe(budget__seconds=5.0),
    ],
)
def test_what_changes_no_result_does_not_count(free):
    assert differences(fingerprint(), fingerprint(**free)) == []


CHANGED = LABELS.copy()
CHANGED[0] = 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 4}, "seed: was 0, is 4"),
        (recipe(split__folds=3), "recipe, split.folds: was 5, is 3"),
        (recipe(budget__models=70), "recipe, budget.models: was "),
        (
            other_rows("training rows", make_dataset(ROWS.iloc[:10], LABELS[:10])),
            "training rows: were 12 rows of 2 columns, are 10 rows of 2 columns",
        ),
        (
            other_rows("training rows", make_dataset(ROWS, CHANGED)),
            "training rows: 12 rows of 2 columns of other content (digest ",
        ),
        (
            other_rows("rows without labels", ROWS),
            "rows without labels: were none, are 12 rows of 2 columns",
        ),
        ({"teachers": {"forest": "aa"}}, "teachers: were forest, net; are forest"),
        (
            {"teachers": {"forest": "aa", "net": "cc"}},
            "teacher 'net': its parameters, its fitted state or its code differ",
        ),
        ({"plugins": []}, "plugin mine: it is missing now"),
        ({"plugins": [plugin("mine 1.1")]}, "plugin mine: was mine 1.0, is mine 1.1"),
        ({"plugins": [plugin(factory=json.loads)]}, "plugin mine: its code was changed"),
    ],
)
def test_every_difference_is_named(changed, message):
    (difference,) = differences(fingerprint(), fingerprint(**changed))
    assert message in difference


MANY, OF_MANY = pd.concat([ROWS] * 3, ignore_index=True), np.tile(LABELS, 3)


def divided(at, labels=OF_MANY):
    first, second = slice(None, at), slice(at, None)
    return {
        "training rows": make_dataset(MANY.iloc[first], labels[first]),
        "test rows": make_dataset(MANY.iloc[second], labels[second]),
        "rows without labels": None,
    }


def test_what_follows_from_the_seed_is_told_in_one_clause_behind_it():
    other = divided(18) | {"test rows": make_dataset(MANY.iloc[18:], np.roll(OF_MANY[18:], 1))}
    was = fingerprint(tables_given=divided(18))
    now = fingerprint(tables_given=other, seed=1, teachers={"forest": "aa", "net": "cc"})
    assert differences(was, now) == [
        "seed: was 0, is 1",
        "also different, probably because of the seed: test rows, teacher 'net'",
    ]


def test_what_follows_from_the_size_of_the_test_is_named_with_the_new_sizes():
    was = fingerprint(tables_given=divided(24))
    teachers = {"forest": "aa", "net": "cc"}  # given as probabilities, these are divided too
    now = fingerprint(tables_given=divided(18), teachers=teachers, **recipe(split__test_size=0.5))
    assert differences(was, now) == [
        "recipe, split.test_size: was 0.2, is 0.5",
        "training rows: were 24 rows of 2 columns, are 18 rows of 2 columns",
        "test rows: were 12 rows of 2 columns, are 18 rows of 2 columns",
        "also different, probably because of split.test_size: teacher 'net'",
    ]


def test_what_does_not_follow_from_the_seed_is_told_as_ever():
    other = tables() | {"rows without labels": ROWS}
    other["training rows"] = make_dataset(ROWS.iloc[:10], LABELS[:10])
    messages = differences(
        fingerprint(), fingerprint(tables_given=other, seed=1, teachers={"forest": "aa"})
    )
    assert messages == [
        "seed: was 0, is 1",
        "training rows: were 12 rows of 2 columns, are 10 rows of 2 columns",
        "rows without labels: were none, are 12 rows of 2 columns",
        "teachers: were forest, net; are forest",
    ]


def test_a_teacher_that_cannot_be_hashed_is_named_beside_another_seed():
    teachers = {"teachers": {"forest": None, "net": "bb"}}
    messages = differences(fingerprint(**teachers), fingerprint(**teachers, seed=1))
    assert "teacher 'forest': its state cannot be hashed" in messages[1]
    assert len(messages) == 2


def test_stages_that_are_gone_are_named_with_their_settings():
    found = differences(fingerprint(), fingerprint(recipe=Recipe.load("hpm").only("tree")))
    assert found[0].startswith("recipe, stages: was ['logistic', 'tree', 'gbm', 'network'], is [")
    assert all(each.startswith("recipe, stages.") for each in found[1:])


def test_versions_are_named():
    was = fingerprint()
    was["libraries"]["numpy"] = "1.20"
    (message,) = differences(was, fingerprint())
    assert message == f"version of numpy: was 1.20, is {np.__version__}"


def test_a_teacher_that_cannot_be_hashed_is_never_the_same():
    unknown = {"teachers": {"forest": None}}
    (message,) = differences(fingerprint(**unknown), fingerprint(**unknown))
    assert "teacher 'forest': its state cannot be hashed" in message
