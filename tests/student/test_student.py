import os
import pickle

import numpy as np
import pandas as pd
import pytest

import hpmkd.student
from hpmkd.errors import DataError, StudentFileError
from hpmkd.student import LinearModel, Schema, Student, TreesModel, fit_encoder

FAMILY_NAMES = {
    "linear": "linear",
    "tree": "1 tree",
    "boosted": "6 trees",
    "additive": "linear + 6 trees",
    "network": "network of 5-3 units",
    "pooled": "pool of linear, 1 tree, 6 trees, linear + 6 trees, network of 5-3 units",
}
EVERY = tuple(FAMILY_NAMES)
FAMILIES = EVERY[:-1]


@pytest.mark.parametrize("name", ["wine", "cancer", "people"])
def test_a_file_answers_with_the_same_bits_in_a_new_process(
    name, request, fit_student, tmp_path, in_fresh_process
):
    data = request.getfixturevalue(name)
    if name == "people":
        table, target = data.drop(columns="bought"), data["bought"]
    else:
        table, target = data
    pd.to_pickle(table, tmp_path / "table")
    source = """
import sys, pandas as pd
from hpmkd.student import Student
table = pd.read_pickle(sys.argv[1])
for path in sys.argv[2:]:
    student = Student.load(path)
    print(student.predict_proba(table).tobytes().hex())
    print(student.to_bytes().hex(), dict(student.facts), student.predict(table[:3]).tolist())
print([name for name in ("sklearn", "xgboost", "scipy.optimize") if name in sys.modules])
"""
    students = [fit_student(family, table, target, note=family) for family in FAMILIES]
    paths = [student.save(tmp_path / f"{student.facts['note']}.hpmkd") for student in students]
    lines = in_fresh_process(source, tmp_path / "table", *paths).splitlines()
    for i, student in enumerate(students):
        assert lines[2 * i] == student.predict_proba(table).tobytes().hex()
        stored, facts = student.to_bytes().hex(), {"note": FAMILIES[i]}
        assert lines[2 * i + 1] == f"{stored} {facts} {student.predict(table[:3]).tolist()}"
    assert lines[-1] == "[]"


def test_probabilities_and_labels(wine, fit_student):
    X, y = wine
    student = fit_student("boosted", X, np.array(["red", "rosé", "white"])[y])
    probabilities = student.predict_proba(X)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert student.predict(X).tolist() == student.classes_[probabilities.argmax(axis=1)].tolist()
    assert (student.predict(X) == np.array(["red", "rosé", "white"])[y]).mean() > 0.95
    for i in (0, 100):
        assert student.predict_proba(X[i : i + 1]).tobytes() == probabilities[i].tobytes()


@pytest.mark.parametrize("family", EVERY)
def test_empty_tables(family, small):
    students, frame = small
    assert students[family].predict_proba(frame.iloc[:0]).shape == (0, 2)
    assert students[family].predict(frame.iloc[:0]).shape == (0,)
    assert students[family].predict_proba([]).shape == (0, 2)
    assert students[family].predict([]).shape == (0,)


@pytest.mark.parametrize("family", EVERY)
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


@pytest.mark.parametrize("family", EVERY)
def test_students_pickle_and_say_what_they_are(family, small):
    students, frame = small
    student = students[family]
    again = pickle.loads(pickle.dumps(student))
    assert again.predict_proba(frame).tobytes() == student.predict_proba(frame).tobytes()
    assert student.n_bytes == len(student.to_bytes()) < 4000
    assert "2 classes (False, True), 2 columns" in repr(student)
    assert f" {FAMILY_NAMES[family]}," in repr(student)


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


def test_public_names():
    assert hpmkd.student.__all__ == [
        "AdditiveModel",
        "JointEncoder",
        "LinearEncoder",
        "LinearModel",
        "NetworkModel",
        "Pool",
        "PoolAttention",
        "PooledModel",
        "Schema",
        "Student",
        "TreeEncoder",
        "TreesModel",
        "add",
        "example_row",
        "fit_encoder",
        "join_trees",
        "joined",
        "pack_booster",
        "pack_sklearn_tree",
        "pool_students",
        "strictly_below",
    ]


def test_importing_is_light(in_fresh_process):
    source = """
import sys, hpmkd.student
print([name for name in ("numba", "pandas", "sklearn", "xgboost", "scipy") if name in sys.modules])
"""
    assert in_fresh_process(source) == "[]"


@pytest.mark.parametrize("family", FAMILIES)
def test_one_row_is_a_mapping_in_and_a_plain_label_out(family, small):
    students, frame = small
    student = Student(students[family].encoder, students[family].model, ["no", "yes"])
    rows = frame.to_dict("records")
    assert [student.predict_one(row) for row in rows] == student.predict(frame).tolist()
    assert type(student.predict_one({**rows[0], "more": object()})) is str
    with pytest.raises(DataError, match="lacks the columns 'b'"):
        student.predict_one({"a": 1.0})
