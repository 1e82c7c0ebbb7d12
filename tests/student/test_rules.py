"""The rules of a tree predict what the tree predicts, row by row."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from hpmkd.report.rule_text import INDENT, tree_text
from hpmkd.student import (
    Schema,
    Student,
    TreesModel,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
)
from hpmkd.student.columns.calendar import Calendar
from hpmkd.student.columns.column import Column
from hpmkd.student.explain.conditions import MAX_LISTED, Cells, cut_at, plain, quoted, sentence
from hpmkd.student.explain.rules import Support, leaf_probabilities, readable, rules
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import fitted_student

# ------------------------------------------------------------- reading what was written


def is_missing(cell, categories):
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return categories is not None and cell not in categories


def fulfils(condition, row, known):
    """Whether a row of plain values fulfils a condition of plain values."""
    cell, name = row[condition["column"]], condition["column"]
    if is_missing(cell, known.get(name)):
        return condition["missing"]
    if "in" in condition:
        return cell in condition["in"]
    with np.errstate(over="ignore"):
        bounds = {key: np.float32(condition[key]) for key in condition if key in TESTS}
        return all(TESTS[key](np.float32(cell), bound) for key, bound in bounds.items())


TESTS = {
    "above": lambda x, bound: x > bound,
    "at_least": lambda x, bound: x >= bound,
    "at_most": lambda x, bound: x <= bound,
    "below": lambda x, bound: x < bound,
}
SIGNS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def holds(text, row, known):
    """Whether a sentence is true of a row."""
    if match := re.fullmatch(r"any .+|never \(.+\)", text):
        return text.startswith("any")
    if match := re.fullmatch(r"(\S+) is (not )?(missing or \+inf|missing|\+inf)", text):
        cell = row[match[1]]
        missing = is_missing(cell, known.get(match[1])) and "missing" in match[3]
        infinite = "+inf" in match[3] and isinstance(cell, float) and cell > 3.5e38
        return (missing or infinite) != bool(match[2])
    if match := re.fullmatch(r"(\S+) (not )?in {(.*)}( or missing| and not missing)?", text):
        name, negated, names, end = match.groups()
        missing = is_missing(row[name], known.get(name))
        inside = not missing and row[name] in names.split(", ")
        if negated:
            return not inside and not (end and missing)
        return inside or bool(end and missing)
    name, sign, bound, end = re.fullmatch(r"(\S+) (\S+) (\S+)( or missing)?", text).groups()
    condition = {"column": name, SIGNS[sign]: float(bound), "missing": bool(end)}
    return fulfils(condition, row, known)


def follow(lines, row, known):
    """Return the number of the line at which a row ends, going through a printed tree."""
    depth = 0
    for at, line in enumerate(lines):
        if line.startswith("always: "):
            return at
        match = re.fullmatch(r"( *)(?:if (.+?)|else \((.+?)\)):(?: (.+ \(\d\.\d\d\).*))?", line)
        indent, test, other, outcome = match.groups()
        if len(indent) != depth * len(INDENT) or not holds(test or other, row, known):
            continue
        if outcome:
            return at
        depth += 1
    raise AssertionError(f"{row} ends nowhere")


def check_rules(student, frame):
    """Each row fulfils exactly one rule, that of its leaf; and so does the text."""
    found = json.loads(json.dumps(rules(student, None), allow_nan=False))
    lines = list(tree_text(student, "tree", None, ""))[4:]
    outcomes = [at for at, line in enumerate(lines) if re.search(r" \(\d\.\d\d\)$", line)]
    columns = student.encoder.schema.columns
    known = {each.name: each.categories for each in columns if each.kind == "category"}
    leaves = student.model.leaves(student.encoder.transform(frame))[:, 0]
    predicted = student.predict_proba(frame)
    for i, row in enumerate(frame.astype(object).to_dict("records")):
        true = [rule for rule in found if all(fulfils(each, row, known) for each in rule["if"])]
        assert [rule["leaf"] for rule in true] == [leaves[i]]
        assert true[0]["probabilities"] == predicted[i].tolist()
        assert true[0]["then"] == student.classes[predicted[i].argmax()]
        assert true[0]["probability"] == predicted[i].max()
        at = follow(lines, row, known)
        assert outcomes.index(at) == found.index(true[0])
        assert lines[at].endswith(f" {true[0]['then']} ({true[0]['probability']:.2f})")


# -------------------------------------------------------------------------- agreement


def random_frame(rng, n):
    scale = 10.0 ** rng.integers(-3, 4)
    frame = pd.DataFrame(
        {
            "a": (rng.normal(size=n) * scale).round(rng.integers(0, 5)),
            "b": rng.integers(0, 4, n).astype(float),
            "job": rng.choice(list("pqrstuvw"), n),
            "town": rng.choice(["x", "y"], n),
        }
    ).astype({"job": object, "town": object})
    for name in frame:
        frame.loc[rng.random(n) < rng.choice([0, 0.2]), name] = None
    return frame


def later_rows(rng, frame, student):
    """Rows with unseen categories, holes, infinities, and cells around the thresholds."""
    late = random_frame(rng, 40)
    late.loc[late.index % 5 == 0, "job"] = "unseen"
    late.loc[late.index % 7 == 0, "a"] = rng.choice([np.inf, -np.inf, 1e300, np.nan])
    at = student.model.thresholds[student.model.features == 0]
    with np.errstate(over="ignore", under="ignore"):
        near = [at, *(np.nextafter(at, np.float32(way)) for way in (np.inf, -np.inf))]
    edges = random_frame(rng, 3 * len(at))
    edges["a"] = np.concatenate(near).astype(float) if len(at) else []
    return pd.concat([frame, late, edges], ignore_index=True)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([2, 3]), st.integers(2, 40))
def test_rules_of_a_sklearn_tree_are_the_tree(seed, n_classes, n_leaves):
    rng = np.random.default_rng(seed)
    frame, labels = random_frame(rng, 120), rng.integers(0, n_classes, 120)
    encoder = fit_encoder("tree", Schema.fit(frame), frame)
    grown = DecisionTreeClassifier(max_leaf_nodes=n_leaves, random_state=0)
    tree = grown.fit(encoder.transform(frame), labels).tree_
    model = pack_sklearn_tree(tree, tree.value[:, 0, :] + 0.01)
    student = Student(encoder, model, [f"c{k}" for k in range(n_classes)])
    check_rules(student, later_rows(rng, frame, student))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 6))
def test_rules_of_a_single_boosted_tree_are_the_tree(seed, depth):
    rng = np.random.default_rng(seed)
    frame, labels = random_frame(rng, 80), rng.integers(0, 2, 80)
    encoder = fit_encoder("tree", Schema.fit(frame), frame)
    data = xgb.DMatrix(encoder.transform(frame), labels)
    parameters = {"objective": "binary:logistic", "nthread": 1, "max_depth": depth or 1}
    parameters |= {"gamma": 0.0 if depth else 1e9, "min_child_weight": 0.1}
    student = Student(encoder, pack_booster(xgb.train(parameters, data, 1), 1), ["no", "yes"])
    check_rules(student, later_rows(rng, frame, student))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_rules_of_any_tree_are_the_tree(seed):
    """Splits that no learner makes: of nothing from nothing, at infinity, between codes."""
    rng = np.random.default_rng(seed)
    frame = random_frame(rng, 30)
    encoder = fit_encoder("tree", Schema.fit(frame), frame)
    inner = int(rng.integers(0, 12))
    features, left, right = [-1], [0], [0]
    for _ in range(inner):
        leaf = int(rng.choice(np.flatnonzero(np.array(features) < 0)))
        features[leaf] = int(rng.integers(0, 4))
        left[leaf], right[leaf] = len(features), len(features) + 1
        features += [-1, -1]
        left, right = [*left, 0, 0], [*right, 0, 0]
    leaves = np.flatnonzero(np.array(features) < 0)
    for row, leaf in enumerate(leaves):
        left[leaf] = row
    odd = np.float32([np.inf, 3.4028235e38, -3.4028235e38, 0, 1e-45, -1e-45, 1, 2.5, -1])
    student = Student(
        encoder,
        TreesModel(
            roots=[0],
            features=features,
            thresholds=rng.choice(odd, len(features)),
            left=left,
            right=right,
            missing_left=rng.integers(0, 2, len(features)),
            leaf_values=rng.normal(size=(len(leaves), 1)),
            outputs=[0],
            base_margin=[0.25],
            link="sigmoid",
        ),
        ["no", "yes"],
    )
    check_rules(student, later_rows(rng, frame, student))


# ------------------------------------------------------------------------- what is said


def stump(**changes):
    return TreesModel(**{
        "roots": [0], "features": [0, -1, -1], "thresholds": [0.5, 0, 0], "left": [1, 0, 1],
        "right": [2, 0, 0], "missing_left": [1, 0, 0], "leaf_values": [[0.75, 0.25], [0.4, 0.6]],
        "outputs": [0], "base_margin": [0.0, 0.0], "link": "identity",
    } | changes)  # fmt: skip


def test_text_by_hand():
    table = {"age": [1.0, 2.0, None], "job": ["clerk", "clerk", "nurse"]}
    encoder = fit_encoder("tree", Schema.fit(table), table)
    model = TreesModel(
        roots=[0],
        features=[0, 1, -1, -1, -1],
        thresholds=[np.nextafter(np.float32(34.65), np.float32(99)), 0.5, 0, 0, 0],
        left=[1, 3, 0, 1, 2],
        right=[2, 4, 0, 0, 0],
        missing_left=[1, 0, 0, 0, 0],
        leaf_values=[[0.2, 0.8], [0.9, 0.1], [0.5, 0.5]],
        outputs=[0],
        base_margin=[0, 0],
        link="identity",
    )
    student = Student(encoder, model, ["no", "yes"])
    support = Support(np.array([[3, 1], [6, 0], [0, 0]]))
    assert list(tree_text(student, "tree", support, "training rows")) == [
        "tree: 3 rules, 2 of 2 columns",
        "Each gives: class (its probability), its share of 10 training rows, and the share of",
        "their commonest class, named where it is another one",
        "An unknown category counts as missing",
        "",
        "if age <= 34.65 or missing:",
        "    if job in {clerk}: no (0.90), 60.0% of rows, 100% pure",
        "    else (job in {nurse} or missing): no (0.50), 0.0% of rows",
        "else (age > 34.65): yes (0.80), 40.0% of rows, 75% pure (no), 25% right",
    ]
    assert rules(student, support)[1] == {
        "leaf": 2,
        "if": [
            {"column": "age", "at_most": 34.65, "missing": True},
            {"column": "job", "in": ["nurse"], "missing": True},
        ],
        "then": "no",
        "probability": 0.5,
        "probabilities": [0.5, 0.5],
        "rows": 0,
        "share": 0.0,
        "majority": None,
        "purity": None,
        "accuracy": None,
    }


def test_a_tree_of_one_leaf():
    table = {"age": [1.0, 2.0]}
    encoder = fit_encoder("tree", Schema.fit(table), table)
    lone = stump(features=[-1], thresholds=[0], left=[0], right=[0], missing_left=[0])
    student = Student(encoder, lone, [False, True])
    assert list(tree_text(student, "tree", None, ""))[-1] == "always: False (0.75)"
    assert rules(student, None)[0]["if"] == []


def test_ends_that_were_known_are_left_out():
    (age,) = Column("age", "number").features
    cells, before = Cells(1.0, 5.0, False), Cells(1.0, 9.0, True)
    assert sentence(age, cells, before) == "age < 5"
    assert sentence(age, cells, Cells()) == "1 <= age < 5"
    assert sentence(age, Cells(5.0, 5.0, True), Cells()) == "age is missing"
    assert sentence(age, Cells(5.0, 5.0, False), Cells()) == "never (age)"
    assert sentence(age, Cells(missing=False), Cells()) == "age is not missing"
    assert plain(age, cells) == {"column": "age", "at_least": 1.0, "below": 5.0, "missing": False}


def test_splits_at_infinity_are_about_missing_cells():
    (age,) = Column("age", "number").features
    left, right = Cells().split(math.inf, missing_left=False)
    assert sentence(age, left, Cells()) == "age is not missing or +inf"
    assert sentence(age, right, Cells()) == "age is missing or +inf"
    left, right = Cells(missing=False).split(math.inf, missing_left=True)
    assert sentence(age, left, Cells(missing=False)) == "age is not +inf"
    assert sentence(age, right, Cells(missing=False)) == "age is +inf"


def test_the_shorter_list_is_told_and_long_ones_end():
    names = tuple(f"n{i}" for i in range(100))
    (job,) = Column("job", "category", names).features
    assert sentence(job, Cells(-math.inf, 1.5, True), Cells()) == "job in {n0, n1} or missing"
    assert sentence(job, Cells(1.5, None, False), Cells()) == (
        "job not in {n0, n1} and not missing"
    )
    assert sentence(job, Cells(1.5, None, True), Cells()) == "job not in {n0, n1}"
    many = sentence(job, Cells(-math.inf, 40, False), Cells())
    assert many.count(",") == MAX_LISTED
    assert many.endswith(", n19, … 20 more}")
    assert len(plain(job, Cells(-math.inf, 40, False))["in"]) == 40


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("hours per week", "hours per week"),
        ("tech, senior", '"tech, senior"'),
        ("", '""'),
        (" a", '" a"'),
        ('say "x"', '"say \\"x\\""'),
        ("a\nb", '"a\\nb"'),
        ("où", "où"),
        ("a\ud800", '"a\\ud800"'),
    ],
)
def test_names_that_mislead_are_quoted(name, shown):
    assert quoted(name) == shown


@settings(max_examples=300)
@given(st.floats(allow_nan=False, width=32), st.floats(allow_nan=False, width=32))
def test_no_cut_is_on_the_wrong_side(threshold, x):
    if threshold == -math.inf:
        return
    cut, t = cut_at(threshold), np.float32(threshold)
    with np.errstate(over="ignore", under="ignore"):
        around = [t, *(np.nextafter(t, np.float32(way)) for way in (np.inf, -np.inf))]
    for cell in (np.float32(x), *around):
        value = np.float32(float(str(cut)))
        assert (cell <= value if cut.closed else cell < value) == (cell < t)
    assert float(str(cut)) == cut.value


@pytest.mark.parametrize(
    ("threshold", "text", "closed"),
    [
        (0.5, "0.5", False),
        (np.nextafter(np.float32(0.5), np.float32(9)), "0.5", True),
        (np.nextafter(np.float32(34.65), np.float32(99)), "34.65", True),
        (0.0, "0", False),
        (1e-45, "0", True),
        (1.7e9, "1700000000", False),
        (-3.0, "-3", False),
        (np.inf, "3.4028235e+38", True),
    ],
)
def test_cuts_are_short(threshold, text, closed):
    cut = cut_at(float(threshold))
    assert (str(cut), cut.closed) == (text, closed)


def test_support_names_the_majority():
    support = Support(np.array([[3, 1], [2, 2]]))
    described = support.of(0, 1, ["no", "yes"])
    assert described == {
        "rows": 4,
        "share": 0.5,
        "majority": "no",
        "purity": 0.75,
        "accuracy": 0.25,
    }
    assert support.of(1, 1, ["no", "yes"])["majority"] == "yes"


def test_leaves_say_what_the_student_says(small):
    students, frame = small
    student = students["tree"]
    leaves = student.model.leaves(student.encoder.transform(frame))[:, 0]
    predicted = leaf_probabilities(student.model)[leaves]
    assert predicted.tobytes() == student.predict_proba(frame).tobytes()
    assert {family: readable(each) for family, each in students.items()} == {
        "linear": False,
        "tree": True,
        "boosted": False,
        "additive": False,
        "network": False,
        "pooled": False,
        "attended": False,
    }


@pytest.mark.parametrize(
    ("threshold", "whole_days", "text"),
    [
        (86_400.0, False, "when < 1970-01-03"),
        (86_400.0, True, "when < 1970-01-03"),
        (43_200.0, True, "when < 1970-01-03"),
        (43_200.0, False, "when < 1970-01-02T12:00"),
        (np.nextafter(np.float32(43_200), np.float32(np.inf)), False, "when <= 1970-01-02T12:00"),
        (90.0, False, "when < 1970-01-02T00:01:30"),
        (0.5, False, "when < 1970-01-02T00:00:00.500000"),
    ],
)
def test_moments_are_split_at_dates(threshold, whole_days, text):
    column = Column("when", "datetime", calendar=Calendar(86_400, whole_days, ("month", "weekday")))
    when, month, *_, weekday = column.features
    before, cells = Cells(), Cells(-math.inf, float(threshold), missing=False)
    assert sentence(when, cells, before) == text
    written = plain(when, cells)
    bound = written.get("below", written.get("at_most"))
    assert written["column"], written["part"] == ("when", "moment")
    assert text.endswith(f" {bound}")
    assert sentence(month, Cells(2.5, 6.5), before) == "2 < month of when <= 6 or missing"
    assert plain(month, Cells(2.5, 6.5))["above"] == 2
    weekend = Cells(4.5, None, missing=False)
    assert sentence(weekday, weekend, before) == "weekday of when in {Saturday, Sunday}"
    assert plain(weekday, weekend)["part"] == "weekday"


def test_a_tree_of_moments_counts_its_columns():
    frame, target = dated()
    student = fitted_student("tree", frame, target)
    lines = list(tree_text(student, "tree", None, "rows"))
    assert lines[0].endswith(" of 4 columns")
    assert any("weekday of when in {Saturday, Sunday}" in line for line in lines)
