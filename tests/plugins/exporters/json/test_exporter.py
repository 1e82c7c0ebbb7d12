"""A stranger can predict from the JSON: the reader below is all that it takes."""

from __future__ import annotations

import json
import math
import struct
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from hpmkd.errors import ExportError
from hpmkd.student import LinearModel, Schema, Student, TreesModel, fit_encoder
from hpmkd.testing import ExporterSuite
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import WITH_ATTENTION, fitted_student, known_student
from hpmkd_defaults.exporters.json.exporter import JsonExporter, to_json
from hpmkd_defaults.exporters.parity_rows import probe_rows
from tests.student.test_offsets import moments

# ------------------------------------------------- a reader, written after "reading" alone


def float32(x):
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def read_cell(column, cell):
    if cell is None or cell != cell:
        return None
    if column["kind"] == "number":
        return float(cell)
    if column["kind"] == "datetime":
        return read_moment(column, cell)
    return cell if cell in column["categories"] else None


WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def read_moment(column, moment):
    days = datetime(moment.year, moment.month, moment.day)
    since = (days if column["whole_days"] else moment) - datetime(1970, 1, 1)
    found = {"moment": since.total_seconds() - column["origin"]}
    found |= {part: getattr(moment, part) for part in ("year", "month", "hour")}
    found["weekday"] = WEEKDAYS[moment.weekday()]
    for part, period in {"month": 12, "hour": 24}.items():
        angle = 2 * math.pi * found[part] / period
        found |= {(part, "sine"): round(math.sin(angle), 12)}
        found |= {(part, "cosine"): round(math.cos(angle), 12)}
    return found


def cell_of(row, about):
    """The cell that a document speaks about."""
    cell, part = row[about["column"]], about.get("part")
    if cell is None or part is None:
        return cell
    return cell[(part, about["form"]) if "form" in about else part]


def linear_margins(linear, row, read=float):
    margins = list(linear["intercept"])

    def add(times, coefficients):
        for c, coefficient in enumerate(coefficients):
            margins[c] += read(times) * coefficient

    for number in linear["numbers"]:
        x = cell_of(row, number)
        if x is None:
            add(1, number.get("if_missing", []))
            x = number["median"]
        x = min(max(x, number["low"]), number["high"])
        add(x / number["scale"] - number["center"] / number["scale"], number["coefficients"])
    for category in linear["categories"]:
        add(1, category["coefficients"].get(cell_of(row, category), []))
    return margins


def squashed(u):
    return u / math.sqrt(1 + u * u / 9)


def leaf_of(node, row):
    while "column" in node:
        x = cell_of(row, node)
        if x is None:
            answer = node["missing"]
        elif "below" in node:
            answer = "yes" if float32(x) < float32(float(node["below"])) else "no"
        elif "in" in node:
            answer = "yes" if x in node["in"] else "no"
        else:
            answer = "no" if x in node["not_in"] else "yes"
        node = node[answer]
    return node["add"]


def normalised(values):
    return [value / sum(values) for value in values]


def attended(pool, weighted):
    attention, weights = pool["attention"], []
    for s, weight, own in zip(weighted, pool["weights"], attention["coefficients"], strict=True):
        *_, second, first = sorted(s)
        features = (first, first - second, 1 - sum(p * p for p in s))
        about = zip(features, attention["center"], attention["scale"], own, strict=True)
        score = sum(u * max(-5, min((f - center) / scale, 5)) for f, center, scale, u in about)
        weights.append(weight * math.exp(score))
    return [weight / sum(weights) for weight in weights]


def pooled(pool, predicted):
    weighted = [
        normalised([max(p, 1e-15) ** (1 / t) for p in each])
        for each, t in zip(predicted, pool["temperatures"], strict=True)
    ]
    by_class = list(zip(*weighted, strict=True))
    weights = pool["weights"]
    if "attention" in pool:
        weights = attended(pool, weighted)
    linear = [sum(w * s for w, s in zip(weights, each, strict=True)) for each in by_class]
    logs = [
        sum(e * math.log(max(s, 1e-15)) for e, s in zip(pool["exponents"], each, strict=True)) + o
        for each, o in zip(by_class, pool["offsets"], strict=True)
    ]
    product = normalised([math.exp(value - max(logs)) for value in logs])
    share, power = pool["share"], 1 / pool["final_temperature"]
    return normalised(
        [(share * a + (1 - share) * b) ** power for a, b in zip(linear, product, strict=True)]
    )


def answer(model, row, shifted):
    if "members" in model:
        return pooled(model["pool"], [answer(member, row, shifted) for member in model["members"]])
    margins = list(model.get("base_margin", []))
    if "linear" in model:
        margins = linear_margins(model["linear"], row, squashed if "layers" in model else float)
    for layer in model.get("layers", []):
        units = [max(0.0, m) for m in margins]
        weights = zip(*layer["weights"], strict=True)
        margins = [
            bias + sum(unit * w for unit, w in zip(units, own, strict=True))
            for bias, own in zip(layer["biases"], weights, strict=True)
        ]
    if "clip" in model:
        low, high = model["clip"]["low"], model["clip"]["high"]
        margins = [min(max(m, a), b) for m, a, b in zip(margins, low, high, strict=True)]
    for tree in model.get("trees", []):
        added = leaf_of(tree["root"], shifted)
        if tree["margin"] is not None:
            margins[tree["margin"]] += added
        else:
            margins = [m + more for m, more in zip(margins, added, strict=True)]
    if model["link"] == "sigmoid":
        margins = [0.0, margins[0]]
    if model["link"] != "identity":
        margins = [math.exp(m - max(margins)) for m in margins]
    return normalised(margins)


def probabilities(document, cells):
    columns = document["columns"]
    row = {c["name"]: read_cell(c, cell) for c, cell in zip(columns, cells, strict=True)}
    shifted = {c["name"]: shift(row[c["name"]], c.get("offset", 0)) for c in columns}
    return answer(document, row, shifted)


def shift(cell, offset):
    return cell - offset if offset and cell is not None else cell


# ------------------------------------------------------------------------------- tests


class TestJson(ExporterSuite):
    @pytest.fixture
    def exporter(self):
        return JsonExporter()


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("family", WITH_ATTENTION)
def test_moments(family, times):
    frame, target = dated(times=times)
    student = fitted_student(family, frame, target)
    assert_told(student, frame)
    assert_told(student, probe_rows(student))


def assert_told(student, rows):
    document = json.loads(to_json(student))
    plain = rows.astype(object).where(rows.notna(), None)
    found = [probabilities(document, cells) for cells in plain.itertuples(index=False)]
    assert np.abs(np.array(found) - student.predict_proba(rows)).max() <= 1e-6


@pytest.fixture(scope="module")
def real(cancer, wine, people):
    """Rows and labels: numbers of 2, 3 and 10 classes, columns of every kind, milliseconds."""
    named = {"cancer": cancer, "wine": wine, "digits": load_digits(return_X_y=True)}
    tables = {name: (pd.DataFrame(X[:400]), y[:400]) for name, (X, y) in named.items()}
    plain = people.drop(columns="bought").astype({"size": object, "member": int})
    return tables | {"people": (plain, people["bought"]), "moments": moments()}


@pytest.mark.parametrize("family", WITH_ATTENTION)
@pytest.mark.parametrize("name", ["cancer", "wine", "digits", "people", "moments"])
def test_a_stranger_predicts_real_rows(real, name, family):
    table, target = real[name]
    student = fitted_student(family, table, target)
    assert_told(student, table[:100])
    assert_told(student, probe_rows(student, 50))


words = st.sampled_from(["low", "medium", "high", "never", "", None])
numbers = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 30, width=32)


@settings(max_examples=30, deadline=None)
@given(row=st.tuples(words, *[numbers] * 5))
def test_a_stranger_predicts_missing_extreme_and_unseen_cells(row):
    rows = pd.DataFrame([row], columns=[f"column {j}" for j in range(6)])
    for family in WITH_ATTENTION:
        assert_told(known_student(family, "wine", mixed=True), rows.astype({"column 0": object}))


def test_vector_leaves_infinite_thresholds_and_no_trees_at_all():
    encoder = fit_encoder("tree", Schema.fit(np.eye(2)), np.eye(2))
    rows = pd.DataFrame({"x0": [0.0, np.inf, np.nan, -np.inf], "x1": 0.0})
    for threshold in (0.5, np.inf, -np.inf):
        stump = {"features": [0, -1, -1], "thresholds": [threshold, 0, 0], "left": [1, 0, 1]}
        stump |= {"right": [2, 0, 0], "missing_left": [0, 0, 0], "link": "softmax"}
        base = [0.1, 0.2, 0.3]
        vector = TreesModel(
            roots=[0], leaf_values=np.eye(2, 3), outputs=[0], base_margin=base, **stump
        )
        assert_told(Student(encoder, vector, [0, 1, 2]), rows)
    empty = TreesModel([], [], [], [], [], [], np.empty((0, 1)), [], [0.3], "sigmoid")
    assert_told(Student(encoder, empty, [0, 1]), rows)


def test_it_can_be_read_by_people():
    rows = pd.DataFrame({"größe": ["S", "M", None, "S"] * 10, "age": [1.5, 2.5, 3.5, 4.5] * 10})
    student = fitted_student("tree", rows, ["a", "b", "b", "a"] * 10, stage="tree")
    text = to_json(student)
    assert '"categories": ["S", "M"]' in text
    assert '{"add": [1.0, 0.0]}' in text
    document = json.loads(text)
    assert document["facts"] == {"stage": "tree"}
    assert document["classes"] == ["a", "b"]
    assert all(len(sentence) > 40 for sentence in document["reading"])
    assert document["trees"][0]["root"]["column"] in ("größe", "age")


@given(st.text(min_size=1).map(lambda text: f'{text}\n[\n 1,\n "2"\n]{{ "add": 1 }}'))
def test_no_text_is_changed_by_the_layout(text):
    schema_of = pd.DataFrame({text: [1.0, 2.0], "word": pd.Series([text, "[1]"], dtype=object)})
    encoder = fit_encoder("linear", Schema.fit(schema_of), schema_of)
    model = LinearModel(np.ones((encoder.n_outputs, 1)), [0.0])
    document = json.loads(to_json(Student(encoder, model, [text, "other"], {text: [text]})))
    assert [column["name"] for column in document["columns"]] == [text, "word"]
    assert set(document["columns"][1]["categories"]) == {text, "[1]"}
    assert document["classes"] == [text, "other"]
    assert document["facts"] == {text: [text]}


def test_halves_of_characters_survive():
    rows = pd.DataFrame({"word": pd.Series(["\ud800", "x"] * 20, dtype=object)})
    document = json.loads(to_json(fitted_student("tree", rows, [0, 1] * 20)))
    assert set(document["columns"][0]["categories"]) == {"\ud800", "x"}


def test_trees_on_scaled_columns_are_refused(wine):
    linear = fit_encoder("linear", Schema.fit(wine[0]), wine[0])
    trees = fitted_student("boosted", linear.transform(wine[0]), wine[1]).model
    with pytest.raises(ExportError, match="the exporter 'onnx' can"):
        to_json(Student(linear, trees, [0, 1, 2]))


def chain(depth):
    """A student of one tree whose right sides are all leaves."""
    encoder = fit_encoder("tree", Schema.fit(np.eye(2)), np.eye(2))
    inner = np.arange(depth)
    model = TreesModel(
        roots=[0],
        features=[*np.zeros(depth, int), *np.full(depth + 1, -1)],
        thresholds=-np.arange(2 * depth + 1.0),
        left=[*(inner[:-1] + 1), depth, *np.arange(depth + 1)],
        right=[*(depth + 1 + inner), *np.zeros(depth + 1, int)],
        missing_left=np.zeros(2 * depth + 1),
        leaf_values=np.linspace(-1, 1, depth + 1)[:, np.newaxis],
        outputs=[0],
        base_margin=[0.0],
        link="sigmoid",
    )
    return Student(encoder, model, [0, 1])


def test_deep_trees_are_told_and_too_deep_ones_refused():
    assert_told(chain(200), pd.DataFrame({"x0": [-500.0, -100.5, -7.0, 1.0, None], "x1": 0.0}))
    with pytest.raises(ExportError, match="201 levels deep"):
        to_json(chain(201))
