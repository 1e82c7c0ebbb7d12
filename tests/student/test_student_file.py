import hashlib
import json
import os
import pickle
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

import hpmkd.student
from hpmkd.errors import DataError, StudentFileError
from hpmkd.student import (
    LinearModel,
    Schema,
    Student,
    TreesModel,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
)
from hpmkd.student.arrays import smallest
from hpmkd.student.container import FORMAT_VERSION, MAGIC, seal, unseal

FIXED = struct.Struct("<8sHIII")


def fit_student(family, table, target, **facts):
    classes, codes = np.unique(np.asarray(target), return_inverse=True)
    K = len(classes)
    encoder = fit_encoder("linear" if family == "linear" else "tree", Schema.fit(table), table)
    matrix = encoder.transform(table)
    if family == "linear":
        C = 1 if K == 2 else K
        weights = np.random.default_rng(0).normal(size=(encoder.n_outputs, C))
        model = LinearModel(weights, np.linspace(-1, 1, C))
    elif family == "tree":
        tree = DecisionTreeClassifier(max_leaf_nodes=9, random_state=0).fit(matrix, codes).tree_
        model = pack_sklearn_tree(tree, tree.value[:, 0, :])
    else:
        multi = {"objective": "multi:softprob", "num_class": K}
        parameters = {"objective": "binary:logistic"} if K == 2 else multi
        data = xgb.DMatrix(matrix, codes)
        booster = xgb.train({"nthread": 1, "max_depth": 3, **parameters}, data, 6)
        model = pack_booster(booster, 1 if K == 2 else K)
    return Student(encoder, model, classes, facts)


FAMILIES = ("linear", "tree", "boosted")


@pytest.fixture(scope="module")
def small():
    """Students that are quickly damaged and read again."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["x", "y", None], 60)})
    return {family: fit_student(family, frame, frame["a"] > 0) for family in FAMILIES}, frame


def altered(student, change):
    """Return the bytes of a student with another header or other arrays, sealed anew."""
    header, arrays = unseal(student.to_bytes())
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(header, arrays)
    return seal(header, arrays)


def sealed(text, payload=b"", **lengths):
    """Seal any header text, with any lengths."""
    body = zlib.compress(text + payload)
    fixed = FIXED.pack(
        MAGIC,
        lengths.get("version", FORMAT_VERSION),
        lengths.get("header", len(text)),
        lengths.get("arrays", len(payload)),
        lengths.get("body", len(body)),
    )
    return fixed + body + hashlib.sha256(fixed + body).digest()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["wine", "cancer", "people"])
def test_a_file_answers_with_the_same_bits_in_a_new_process(
    family, name, request, tmp_path, in_fresh_process
):
    data = request.getfixturevalue(name)
    if name == "people":
        table, target = data.drop(columns="bought"), data["bought"]
    else:
        table, target = data
    student = fit_student(family, table, target, note="as before")
    path = student.save(tmp_path / "student.hpmkd")
    pd.to_pickle(table, tmp_path / "table")
    source = """
import sys, numpy as np, pandas as pd
from hpmkd.student import Student
student = Student.load(sys.argv[1])
table = pd.read_pickle(sys.argv[2])
print(student.predict_proba(table).tobytes().hex())
print(student.to_bytes().hex(), dict(student.facts), student.predict(table[:3]).tolist())
print([name for name in ("sklearn", "xgboost", "scipy.optimize") if name in sys.modules])
"""
    lines = in_fresh_process(source, path, tmp_path / "table").splitlines()
    assert lines[0] == student.predict_proba(table).tobytes().hex()
    assert lines[1].startswith(student.to_bytes().hex())
    assert lines[1].endswith(f"{{'note': 'as before'}} {student.predict(table[:3]).tolist()}")
    assert lines[2] == "[]"


def test_probabilities_and_labels(wine):
    X, y = wine
    student = fit_student("boosted", X, np.array(["red", "rosé", "white"])[y])
    probabilities = student.predict_proba(X)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert student.predict(X).tolist() == student.classes_[probabilities.argmax(axis=1)].tolist()
    assert (student.predict(X) == np.array(["red", "rosé", "white"])[y]).mean() > 0.95
    for i in (0, 100):
        assert student.predict_proba(X[i : i + 1]).tobytes() == probabilities[i].tobytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_empty_tables(family, small):
    students, frame = small
    assert students[family].predict_proba(frame.iloc[:0]).shape == (0, 2)
    assert students[family].predict(frame.iloc[:0]).shape == (0,)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_of_every_form_give_the_same_answer(family, small):
    students, frame = small
    expected = students[family].predict_proba(frame)
    rows = frame.to_dict("records")
    columns = {name: frame[name].tolist() for name in frame}
    shuffled = frame[["b", "a"]].assign(extra=1)
    for table in (rows, columns, shuffled, frame.to_numpy(dtype=object)):
        assert students[family].predict_proba(table).tobytes() == expected.tobytes()
    assert students[family].predict_proba(rows[3]).tobytes() == expected[3].tobytes()
    with pytest.raises(DataError, match="lacks the columns 'b'"):
        students[family].predict_proba(frame[["a"]])


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.array([False, True]), "b"),
        (np.array([-3, 2**40]), "i"),
        (np.array([1, 2], dtype=np.int8), "i"),
        (np.array([0.1, 1e300]), "f"),
        (np.array(["non", "où \ud800"]), "U"),
        (np.array(["a", "b"], dtype=object), "U"),
        (pd.Series(["a", "b"]), "U"),
        ([1, 2], "i"),
    ],
)
def test_labels_come_back_as_they_were(labels, kind, small):
    students, _ = small
    student = Student(students["tree"].encoder, students["tree"].model, labels)
    again = Student.from_bytes(student.to_bytes())
    assert again.classes_.dtype == student.classes_.dtype
    assert again.classes_.dtype.kind == kind
    assert again.classes_.tolist() == list(labels)


@pytest.mark.parametrize(
    "labels",
    [[1, "a"], [1, 1], [np.nan, 1.0], [None, "a"], [[1], [2]], [], [True, 2], [1j, 2j], [1, 2, 3]],
    ids=str,
)
def test_odd_labels_are_refused(labels, small):
    students, _ = small
    with pytest.raises(ValueError, match="class"):
        Student(students["tree"].encoder, students["tree"].model, labels)


def test_a_model_must_fit_its_encoder(small):
    students, _ = small
    with pytest.raises(ValueError, match="the model reads"):
        Student(students["tree"].encoder, LinearModel(np.ones((9, 1)), np.ones(1)), [0, 1])
    narrow = fit_encoder("tree", Schema.fit(np.zeros((2, 1))), np.zeros((2, 1)))
    wide = TreesModel([0], [5, -1, -1], [0] * 3, [1, 0, 0], [2, 0, 0], [0] * 3, [[1.0]], [0], [0],
                      "sigmoid")  # fmt: skip
    with pytest.raises(ValueError, match="the model reads 6 columns, but the encoder writes 1"):
        Student(narrow, wide, [0, 1])


def test_facts_are_plain_and_come_back(small):
    students, _ = small
    facts = {"stage": "tree", "loss": np.float64(0.25), "list": (1, None), "deep": {"α": True}}
    student = Student(students["tree"].encoder, students["tree"].model, [0, 1], facts)
    again = Student.from_bytes(student.to_bytes())
    assert dict(again.facts) == dict(student.facts) == {**facts, "list": [1, None]}
    with pytest.raises(TypeError):
        student.facts["more"] = 1
    for bad in (object(), float("nan"), np.ones(3)):
        with pytest.raises(ValueError, match="not plain"):
            Student(student.encoder, student.model, [0, 1], {"bad": bad})


@pytest.mark.parametrize("family", FAMILIES)
def test_students_pickle_and_say_what_they_are(family, small):
    students, frame = small
    student = students[family]
    again = pickle.loads(pickle.dumps(student))
    assert again.predict_proba(frame).tobytes() == student.predict_proba(frame).tobytes()
    assert student.n_bytes == len(student.to_bytes()) < 4000
    assert "2 classes (False, True), 2 columns" in repr(student)
    assert {"linear": "linear", "tree": "1 tree,", "boosted": "6 trees"}[family] in repr(student)


def test_saving_is_whole_or_not_at_all(small, tmp_path, monkeypatch):
    students, _ = small
    path = tmp_path / "s.hpmkd"
    students["linear"].save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StudentFileError, match="No space left"):
        students["tree"].save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    students["tree"].save(str(path))
    assert path.read_bytes() == students["tree"].to_bytes()


def test_paths_that_do_not_work_are_named(small, tmp_path):
    students, _ = small
    (tmp_path / "file").write_text("text")
    for path in (tmp_path / "none" / "s.hpmkd", tmp_path / "file" / "s.hpmkd", tmp_path):
        with pytest.raises(StudentFileError, match="cannot write"):
            students["tree"].save(path)
        with pytest.raises(StudentFileError, match="cannot read"):
            Student.load(path)
    with pytest.raises(StudentFileError, match="file': this is not a student file"):
        Student.load(tmp_path / "file")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@settings(deadline=None, max_examples=150)
@given(data=st.data(), family=st.sampled_from(FAMILIES))
def test_every_flipped_bit_is_noticed(data, family, small):
    content = bytearray(small[0][family].to_bytes())
    position = data.draw(st.integers(0, len(content) * 8 - 1))
    content[position // 8] ^= 1 << position % 8
    with pytest.raises(StudentFileError):
        Student.from_bytes(bytes(content))


@settings(deadline=None, max_examples=100)
@given(data=st.data(), family=st.sampled_from(FAMILIES))
def test_every_truncation_is_noticed(data, family, small):
    content = small[0][family].to_bytes()
    kept = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(StudentFileError, match=r"truncated|length" if kept else "truncated"):
        Student.from_bytes(content[:kept])
    with pytest.raises(StudentFileError, match="too long"):
        Student.from_bytes(content + b"\0" * (kept + 1))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(noise):
    for content in (noise, MAGIC + noise, sealed(noise), sealed(b'{"arrays":[]}', noise)):
        with pytest.raises(StudentFileError):
            Student.from_bytes(content)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), family=st.sampled_from(FAMILIES), value=json_values)
def test_any_header_is_read_or_refused(data, family, value, small):
    content = small[0][family].to_bytes()
    body = zlib.decompress(content[FIXED.size : -32])
    length = FIXED.unpack_from(content)[2]
    header = json.loads(body[:length])
    place = header
    while True:  # somewhere in the header, put something else
        keys = range(len(place)) if isinstance(place, list) else list(place)
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
        else:
            break
    place[key] = value
    crafted = sealed(json.dumps(header).encode(), body[length:])
    try:
        student = Student.from_bytes(crafted)
    except StudentFileError:
        return
    names = student.encoder.schema.names
    rows = student.predict_proba(pd.DataFrame({name: [0.5, None] for name in names}))
    assert rows.shape == (2, 2)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), family=st.sampled_from(FAMILIES))
def test_any_payload_is_read_or_refused(data, family, small):
    students, frame = small
    content = students[family].to_bytes()
    body = bytearray(zlib.decompress(content[FIXED.size : -32]))
    length = FIXED.unpack_from(content)[2]
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(length, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        student = Student.from_bytes(sealed(bytes(body[:length]), bytes(body[length:])))
    except StudentFileError:
        return
    with np.errstate(over="ignore"):
        assert student.predict_proba(frame).shape == (len(frame), 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 a zip archive, say", "not a student file"),
        (b"", "truncated"),
        (sealed(b"{}", version=FORMAT_VERSION + 1), "format version 2.*upgrade"),
        (sealed(b"{}"), "does not list the arrays"),
        (sealed(b"[]"), "does not list the arrays"),
        (sealed(b'{"arrays":[]}'), "lacks 'encoder'"),
        (sealed(b"{" * 10**5), "not JSON"),
        (sealed(b"[" * 10**5), "not JSON"),
        (sealed(b"1" * 10**5), "not JSON"),
        (sealed(b"{}", header=2**32 - 1), "absurd"),
        (sealed(b"{}", arrays=2**31), "absurd"),
        (sealed(b"{}", header=1), "another length"),
        (sealed(b"\0" * 10**6, header=10), "another length"),
        (sealed(b"{}", arrays=50), "another length"),
        (sealed(b'{"arrays":[["a","<f4",[9],0]]}', b"1234"), "beyond the end"),
        (sealed(b'{"arrays":[["a","<f4",[4000000000,4000000000],0]]}', b"1234"), "beyond the end"),
        (sealed(b'{"arrays":[["a","<f4",[1],-1]]}', b"1234"), "odd shape or offset"),
        (sealed(b'{"arrays":[["a","<f4",[true],0]]}', b"1234"), "odd shape or offset"),
        (sealed(b'{"arrays":[["a","|O",[1],0]]}', b"12345678"), "odd name, type or shape"),
        (sealed(b'{"arrays":[["a"]]}'), "entry in the table"),
    ],
    ids=range(20),
)
def test_crafted_frames_are_refused(content, message):
    with pytest.raises(StudentFileError, match=message):
        Student.from_bytes(content)


def put(name, position, value):
    def change(_, arrays):
        arrays[name] = arrays[name].astype(np.float64 if value != value else arrays[name].dtype)
        arrays[name][position] = value

    return change


def head(section, key, value):
    def change(header, _):
        header[section][key] = value

    return change


@pytest.mark.parametrize(
    ("family", "change", "message"),
    [
        ("linear", put("model.coefficients", (0, 0), np.nan), "coefficients holds NaN"),
        ("linear", put("model.intercept", 0, np.inf), "intercept holds NaN"),
        ("linear", put("encoder.scales", 0, 0.0), "scale"),
        ("linear", put("encoder.medians", 0, np.nan), "medians holds NaN"),
        ("linear", head("encoder", "max_levels", 1), "the model reads"),
        ("boosted", put("model.features", 0, 100), "the model reads 101 columns"),
        ("boosted", put("model.features", 0, -1), "do not go with"),
        ("boosted", put("model.features", -1, 0), "not complete"),
        ("boosted", put("model.thresholds", 0, np.nan), "threshold is NaN"),
        ("boosted", put("model.leaf_values", (0, 0), np.inf), "leaf_values"),
        ("boosted", put("model.outputs", 0, 1), "margin that does not exist"),
        ("boosted", head("model", "link", "softmax"), "does not go with 1 margins"),
        ("boosted", head("model", "kind", "forest"), "unknown kind 'forest'"),
        ("boosted", head("encoder", "kind", "x"), "unknown kind 'x'"),
        ("boosted", lambda _, arrays: arrays.pop("model.features"), "lacks 'features'"),
        ("boosted", lambda header, _: header.pop("classes"), "lacks 'classes'"),
        ("boosted", head("classes", "labels", [1, 2, 3]), "labels"),
        ("boosted", head("classes", "labels", [False, 1]), "labels"),
        ("tree", put("model.leaf_values", (0, 0), -1.0), "probabilities"),
        ("tree", put("model.base_margin", 0, 1), "base margin of 0"),
    ],
    ids=range(20),
)
def test_crafted_content_is_refused(family, change, message, small):
    with pytest.raises(StudentFileError, match=f"damaged.*{message}"):
        Student.from_bytes(altered(small[0][family], change))


def test_infinite_facts_are_refused(small):
    content = small[0]["tree"].to_bytes()
    body = zlib.decompress(content[FIXED.size : -32])
    length = FIXED.unpack_from(content)[2]
    text = body[:length].replace(b'"facts":{}', b'"facts":{"a":1e999}')
    with pytest.raises(StudentFileError, match="facts"):
        Student.from_bytes(sealed(text, body[length:]))


def test_students_too_large_for_a_file_are_refused(monkeypatch, small):
    monkeypatch.setattr("hpmkd.student.container._LARGEST_CONTENT", 100)
    with pytest.raises(StudentFileError, match="fewer trees"):
        small[0]["tree"].to_bytes()


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0, 255], "u1"),
        ([-1, 127], "i1"),
        ([0, 256], "u2"),
        ([-1, 255], "i2"),
        ([-1, 40000], "i4"),
        ([0, 2**40], "i8"),
        ([True, False], "u1"),
        ([0.5, np.inf], "f4"),
        ([0.1], "f8"),
        ([1e300], "f8"),
    ],
)
def test_arrays_are_stored_small(values, dtype):
    stored = smallest(np.array(values))
    assert stored.dtype == np.dtype(dtype)
    assert stored.tolist() == values


def test_arrays_that_no_file_holds():
    with pytest.raises(ValueError, match="cannot be stored"):
        smallest(np.array([2**63], dtype=np.uint64))


def test_public_names():
    assert hpmkd.student.__all__ == [
        "LinearEncoder",
        "LinearModel",
        "Schema",
        "Student",
        "TreeEncoder",
        "TreesModel",
        "fit_encoder",
        "pack_booster",
        "pack_sklearn_tree",
    ]


def test_importing_is_light(in_fresh_process):
    source = """
import sys, hpmkd.student
print([name for name in ("numba", "pandas", "sklearn", "xgboost", "scipy") if name in sys.modules])
"""
    assert in_fresh_process(source) == "[]"
