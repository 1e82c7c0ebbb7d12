"""ONNX files answer as the student does, on real rows and on what rows may hold at worst."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import xgboost as xgb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from hpmkd.student import (
    AdditiveModel,
    LinearModel,
    Schema,
    Student,
    TreesModel,
    fit_encoder,
    pack_booster,
)
from hpmkd.testing import ExporterSuite
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import EVERY_KIND, fitted_student, known_student
from hpmkd_defaults.exporters.onnx.exporter import OnnxExporter
from hpmkd_defaults.exporters.onnx.parity import run_graph
from hpmkd_defaults.exporters.onnx.student import to_onnx
from hpmkd_defaults.exporters.parity_rows import UNSEEN, probe_rows

#: An input per column, or one for all.
FORMS = ("columns", "matrix")

ODD = [np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300, 0.0, -0.0, 3.4e38, -3.5e38]


class TestOnnx(ExporterSuite):
    @pytest.fixture(params=FORMS)
    def exporter(self, request):
        return OnnxExporter(request.param)


def assert_same(student, content, rows, tolerance=1e-5):
    expected = student.predict_proba(rows)
    labels, found = run_graph(content, rows)
    assert np.abs(found - expected).max(initial=0) <= tolerance
    clear = np.ptp(np.sort(expected, axis=1)[:, -2:], axis=1) > 2 * tolerance
    assert (labels == student.predict(rows))[clear].all()


def told(made, name):
    """Return what the metadata of a file say."""
    return {each.key: json.loads(each.value) for each in made.metadata_props}[f"hpmkd.{name}"]


@pytest.fixture(scope="module")
def real(cancer, wine, people):
    """Real rows and labels: numbers of 2, 3 and 10 classes, and columns of every kind."""
    named = {"cancer": cancer, "wine": wine, "digits": load_digits(return_X_y=True)}
    tables = {
        name: (pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]), y)
        for name, (X, y) in named.items()
    }
    return tables | {"people": (people.drop(columns="bought"), people["bought"])}


@pytest.mark.parametrize("family", EVERY_KIND)
@pytest.mark.parametrize("name", ["cancer", "wine", "digits", "people"])
def test_real_rows(real, name, family):
    table, target = real[name]
    student = fitted_student(family, table, target)
    # Trees and links agree to the last bits but one; sums of parts, and a network, to float32.
    tolerance = {"additive": 1e-6, "network": 1e-5, "pooled": 1e-5}.get(family, 1e-12)
    rows = table.astype({"member": int, "size": object}) if name == "people" else table
    for form in FORMS:
        content = to_onnx(student, form).SerializeToString()
        assert_same(student, content, rows, tolerance)
        assert_same(student, content, probe_rows(student), tolerance)


@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("family", EVERY_KIND)
def test_moments_come_as_seconds(family, n_classes, times):
    frame, target = dated(times=times)
    labels = target.astype(int) + (n_classes == 3) * (frame["job"] == "a").to_numpy()
    student = fitted_student(family, frame, labels)
    assert len(student.classes) == n_classes
    for form, name in zip(FORMS, ["when", "X"], strict=True):
        made = to_onnx(student, form)
        assert_same(student, made.SerializeToString(), frame)
        assert_same(student, made.SerializeToString(), probe_rows(student))
        assert told(made, "columns")[1] == {
            "name": "when", "input": name, "kind": "datetime",
            "unit": "seconds since 1970-01-01 UTC",
        }  # fmt: skip


@pytest.mark.parametrize("family", ["boosted", "additive", "pooled"])
def test_large_numbers_less_their_offset(family):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"ms": 1.7e12 + np.round(rng.random(200) * 2e4), "n": rng.normal(size=200)})
    student = fitted_student(family, rows, (rows["ms"] > 1.7e12 + 9e3).astype(int) + (rows.n > 1))
    for form in FORMS:
        content = to_onnx(student, form).SerializeToString()
        assert_same(student, content, rows)
        assert_same(student, content, probe_rows(student))


@pytest.fixture(scope="module")
def written():
    """Students on columns of every kind, and their files."""
    students = [known_student(family, "wine", mixed=True) for family in EVERY_KIND]
    return [
        (student, to_onnx(student, form).SerializeToString())
        for student in students
        for form in FORMS
    ]


numbers = st.one_of(st.sampled_from(ODD), st.floats(-1e4, 1e4), st.floats(0, 30, width=32))
words = st.sampled_from(["low", "medium", "high", "never", "", None])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_missing_extreme_and_unseen_cells(written, data):
    cells = st.tuples(words, *[numbers] * 5)
    drawn = data.draw(st.lists(cells, min_size=1, max_size=20))
    rows = pd.DataFrame(drawn, columns=[f"column {j}" for j in range(6)])
    rows["column 0"] = rows["column 0"].astype(object)
    for student, content in written:
        assert_same(student, content, rows)


texts = st.text(max_size=4)
columns = st.one_of(
    st.lists(numbers, min_size=24, max_size=24),
    st.lists(st.none() | texts, min_size=24, max_size=24),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=st.dictionaries(texts, columns, min_size=1, max_size=3), k=st.sampled_from([2, 3]))
def test_students_of_any_frame(table, k):
    frame = pd.DataFrame(table)
    for family in ("linear", "tree", "additive"):
        with np.errstate(all="ignore"):
            student = fitted_student(family, without_infinity(frame), np.arange(24) % k)
        content = to_onnx(student).SerializeToString()
        assert_same(student, content, frame)
        assert_same(student, content, probe_rows(student, 40))


def without_infinity(frame):
    """Return what trees of scikit-learn and XGBoost can be fitted on."""
    numbers = frame.select_dtypes("number")
    return frame.assign(**{name: numbers[name].clip(-1e30, 1e30) for name in numbers})


@pytest.mark.parametrize("family", ["tree", "boosted", "additive"])
def test_margins_of_trees_are_compared_in_float32(family):
    """Cells beside a threshold by less than float32 can hold go where the student sends them."""
    student = known_student(family, "breast_cancer", mixed=False)
    trees = getattr(student.model, "trees", student.model)
    split = np.flatnonzero(trees.features >= 0)
    names = student.encoder.schema.names
    rows = pd.DataFrame(np.full((5 * len(split), len(names)), np.nan), columns=names)
    for at, node in enumerate(split):
        mark = float(trees.thresholds[node])
        near = [mark, mark * (1 + 2e-8), mark * (1 - 2e-8), mark * (1 + 1e-6), mark * (1 - 1e-6)]
        rows.iloc[5 * at : 5 * at + 5, trees.features[node]] = near
    assert_same(student, to_onnx(student).SerializeToString(), rows, 1e-7)


def test_missing_values_of_huge_columns_keep_their_precision():
    """A linear margin of moments needs float64: float32 would be off by a minute."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"when": 1.7e9 + rng.random(200), "n": rng.normal(size=200)})
    student = fitted_student("linear", rows, rows["n"] > 0)
    assert_same(student, to_onnx(student).SerializeToString(), rows, 1e-9)


@pytest.mark.parametrize(
    "labels", [["no", "größe"], [3, -5], [0.5, 2.0], [False, True]], ids=["U", "i", "f", "b"]
)
@pytest.mark.parametrize("family", EVERY_KIND)
def test_labels_come_back_as_they_were(family, labels):
    rows = pd.DataFrame({"a": np.linspace(0, 1, 60), "b": ["x", "y", None] * 20})
    student = fitted_student(family, rows, np.array(labels)[(rows["a"] > 0.4).to_numpy(int)])
    found, _ = run_graph(to_onnx(student).SerializeToString(), rows)
    assert found.tolist() == student.predict(rows).tolist()
    kind = student.classes.dtype
    assert found.dtype == (object if kind.kind == "U" else kind)


@pytest.mark.parametrize("family", EVERY_KIND)
@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"nothing": pd.Series([None] * 40, dtype=object)}),
        pd.DataFrame({"word": ["u", "v", "", None] * 10}),
        pd.DataFrame({"empty": np.full(40, np.nan), "word": ["a", "b"] * 20, "same": 1.0}),
        pd.DataFrame({"many": [f"level {i % 20}" for i in range(40)], "one": range(40)}),
    ],
    ids=["no level", "words", "empty", "levels"],
)
def test_odd_columns(table, family):
    student = fitted_student(family, table, np.arange(40) % 2)
    for form in FORMS:
        content = to_onnx(student, form).SerializeToString()
        assert_same(student, content, table, 1e-6)
        assert_same(student, content, probe_rows(student, 64), 1e-6)


def test_a_missing_cell_has_a_text_even_where_the_empty_one_is_a_category():
    rows = pd.DataFrame({"word": ["", "<missing>", "x", None] * 10, "other": ["y", None] * 20})
    student = fitted_student("tree", rows, np.arange(40) % 4 == 0)
    made = to_onnx(student)
    texts = [column["missing"] for column in told(made, "columns")]
    assert texts == ["<missing<missing>>", ""]
    assert_same(student, made.SerializeToString(), rows)


def test_the_file_tells_what_it_is():
    student = fitted_student("tree", pd.DataFrame({"net income": [1.0, 2.0] * 20}), ["a", "b"] * 20)
    made = to_onnx(Student(student.encoder, student.model, student.classes, {"stage": "tree"}))
    assert told(made, "columns") == [
        {"name": "net income", "input": "net_income", "kind": "number"}
    ]
    assert told(made, "classes") == ["a", "b"]
    assert told(made, "facts") == {"stage": "tree"}
    assert told(made, "opset") == {"": 17, "ai.onnx.ml": 3}
    assert {each.domain: each.version for each in made.opset_import} == told(made, "opset")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("labels", [[0, 1], ["a", "b"]])
def test_names_and_types_are_those_of_skl2onnx_without_a_zipmap(form, labels):
    rows = pd.DataFrame({"a": np.linspace(0, 1, 60), "b": ["x", "y", None] * 20})
    made = to_onnx(fitted_student("tree", rows, np.array(labels)[(rows["a"] > 0.4) * 1]), form)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    ends = (*session.get_inputs(), *session.get_outputs())
    found = {each.name: (each.type, each.shape) for each in ends}
    inputs = {"X": ("tensor(double)", ["rows", 2])}
    if form == "columns":
        inputs = {"a": ("tensor(double)", ["rows", 1]), "b": ("tensor(string)", ["rows", 1])}
    assert found == inputs | {
        "label": ("tensor(int64)" if labels == [0, 1] else "tensor(string)", ["rows"]),
        "probabilities": ("tensor(double)", ["rows", 2]),
    }


def test_one_input_for_all_takes_categories_as_codes():
    rows = pd.DataFrame({"a": np.linspace(0, 1, 60), "b": ["x", "07", "07"] * 20})
    student = fitted_student("pooled", rows, (rows["a"] > 0.4) ^ (rows["b"] == "x"))
    made = to_onnx(student, "matrix")
    assert told(made, "columns") == [
        {"name": "a", "input": "X", "kind": "number"},
        {
            "name": "b", "input": "X", "kind": "category",
            "categories": ["07", "x"], "spellings": {"7": "07", "7.0": "07"},
        },
    ]  # fmt: skip
    session = onnxruntime.InferenceSession(made.SerializeToString())

    def answers(codes):
        X = np.column_stack([np.full(len(codes), 0.3), codes])
        return session.run(["probabilities"], {"X": X})[0]

    expected = student.predict_proba(pd.DataFrame({"a": 0.3, "b": ["07", "x", None]}))
    np.testing.assert_allclose(answers([0.0, 1.0, np.nan]), expected, atol=1e-6)
    # What is no position of a category is read as a missing cell.
    odd = [-1.0, 2.0, 0.5, 1e300, np.inf, -np.inf]
    np.testing.assert_allclose(answers(odd), expected[[2] * 6], atol=1e-6)


def test_other_spellings_of_a_category_are_known():
    rows = pd.DataFrame({"zip": ["01", "02", None] * 20, "n": np.arange(60.0)})
    student = fitted_student("tree", rows, (rows["zip"] == "01"))
    spelt = pd.DataFrame({"zip": ["1", "1.0", "2", "3"], "n": 1.0})
    assert student.predict(spelt).tolist() == [True, True, False, False]
    assert_same(student, to_onnx(student).SerializeToString(), spelt, 1e-12)


def test_trees_on_scaled_columns_and_margins_of_raw_ones(wine):
    """What no stage of ours makes, but the parts allow."""
    X, y = wine
    linear, tree = (fit_encoder(kind, Schema.fit(X), X) for kind in ("linear", "tree"))
    trees = fitted_student("boosted", linear.transform(X), y).model
    margin = LinearModel(np.random.default_rng(0).normal(size=(13, 3)) / 100, np.zeros(3))
    rows = pd.DataFrame(X, columns=linear.schema.names)
    for student in (Student(linear, trees, [0, 1, 2]), Student(tree, margin, [0, 1, 2])):
        assert_same(student, to_onnx(student).SerializeToString(), rows, 1e-6)


def test_vector_leaves_and_no_trees_at_all():
    encoder = fit_encoder("tree", Schema.fit(np.eye(2)), np.eye(2))
    rows = pd.DataFrame({"x0": [0.0, 1.0, np.nan], "x1": 0.0})
    stump = {"features": [0, -1, -1], "thresholds": [0.5, 0, 0], "left": [1, 0, 1]}
    stump |= {"right": [2, 0, 0], "missing_left": [0, 0, 0], "link": "softmax"}
    vector = TreesModel(
        roots=[0], leaf_values=np.eye(2, 3), outputs=[0], base_margin=[0.1, 0.2, 0.3], **stump
    )
    empty = TreesModel([], [], [], [], [], [], np.empty((0, 1)), [], [0.3], "sigmoid")
    for model in (vector, empty):
        student = Student(encoder, model, range(model.n_classes))
        assert_same(student, to_onnx(student).SerializeToString(), rows, 1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_vector_leaves_of_a_booster(wine, form):
    X, y = wine
    encoder = fit_encoder("tree", Schema.fit(X), X)
    settings = {"objective": "multi:softprob", "num_class": 3, "tree_method": "hist", "nthread": 1}
    settings |= {"multi_strategy": "multi_output_tree"}
    model = pack_booster(xgb.train(settings, xgb.DMatrix(encoder.transform(X), y), 5), 3)
    assert model.leaf_values.shape[1] == 3
    student = Student(encoder, model, [0, 1, 2])
    content = to_onnx(student, form).SerializeToString()
    assert_same(student, content, probe_rows(student), 1e-12)


def test_the_checker_of_onnx_is_content(written):
    for _, content in written:
        onnx.checker.check_model(onnx.load_from_string(content), full_check=True)


def test_probes_hold_all_that_a_student_distinguishes():
    student = known_student("additive", "wine", mixed=True)
    rows = probe_rows(student)
    word, number = rows["column 0"], rows["column 3"]
    assert set(word.dropna()) == {"low", "medium", "high", UNSEEN}
    assert word.isna().any()
    assert np.isinf(number).any()
    assert np.isnan(number).any()
    assert isinstance(student.model, AdditiveModel)
    marks = student.model.trees.thresholds[student.model.trees.features == 3]
    assert set(marks.astype(float)) <= set(number)
