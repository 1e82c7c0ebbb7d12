import json

import numpy as np
import pytest

from hpmkd.errors import StudentFileError
from hpmkd.student import Student
from hpmkd.student.file.arrays import smallest
from hpmkd.student.file.container import WITH_ATTENTION, unseal
from tests.student.crafting import (
    altered,
    head,
    opened,
    put,
    replaced,
    resealed,
    sealed,
)

FAMILIES = ("linear", "tree", "boosted", "additive", "network")


COUNTS = "model.leaf_counts"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 a zip archive, say", "not a student file"),
        (b"", "truncated"),
        (sealed(b"{}", version=WITH_ATTENTION + 1), "format version 7.*upgrade"),
        (sealed(b"{}", version=4), "version 4, this hpmkd reads versions 5 and 6: distil again"),
        (sealed(b"{}", version=0), "format version 0.*distil again"),
        (sealed(b"{}"), "does not list the arrays"),
        (sealed(b"[]"), "does not list the arrays"),
        (sealed(b'{"arrays":[]}'), "lacks 'encoder'"),
        (sealed(b"{" * 10**5, header=10), "another length"),
        (sealed(b"{}", header=2**32 - 1), "absurd"),
        (sealed(b"{}", header=2**16 + 1), "absurd"),
        (sealed(b"{}", packed=2**32 - 1), "its header reaches beyond the end"),
        (sealed(b"{}", packed=2), "another length"),
        (sealed(b"{}", packed=0, header=0), "another length"),
        (sealed(b"{}", length=2**32 - 1), "truncated"),
        (sealed(b"{}", length=56), "too long"),
        (sealed(b"{}", header=1), "another length"),
        (sealed(b"\0" * 10**6, header=10), "another length"),
        (sealed(b"{}", header=50), "another length"),
        (sealed(b'{"arrays":[["a","<f4",[9]]]}', b"1234"), "beyond the end"),
        (sealed(b'{"arrays":[["a","<f4",[]]]}', b"12345678"), "4 bytes belong to no array"),
        (sealed(b'{"arrays":[' + b"[]," * 21_000 + b"0]}"), "absurd 42,00. values"),
        (sealed(b'{"arrays":[]}', b"1"), "bytes belong to no array"),
        (sealed(b'{"arrays":[["a","|u1",[1]],["a","|u1",[1]]]}', b"1       1"), "listed twice"),
        (sealed(b'{"arrays":[["a","<f4",[4000000000,4000000000]]]}', b"1234"), "odd shape"),
        (sealed(b'{"arrays":[["a","<f4",[268435456,268435456]]]}', b"1234"), "beyond the end"),
        (sealed(b'{"arrays":[["a","<f4",[0,4000000000]]]}'), "odd shape"),
        (sealed(b'{"arrays":[["a","<f4",[-1]]]}', b"1234"), "odd shape"),
        (sealed(b'{"arrays":[["a","<f4",[true]]]}', b"1234"), "odd shape"),
        (sealed(b'{"arrays":[["a","<f4",[1,1,1]]]}', b"1234"), "odd shape"),
        (sealed(b'{"arrays":[["a","|O",[1]]]}', b"12345678"), "odd name, type or shape"),
        (sealed(b'{"arrays":[["a",[],[1]]]}', b"12345678"), "odd name, type or shape"),
        (sealed(b'{"arrays":[["a"]]}'), "entry in the table"),
        *[(resealed(text), "not JSON") for text in (b"[" * 10**5, b"1" * 10**5, b"\xff", b"")],
    ],
    ids=range(37),
)
def test_crafted_frames_are_refused(content, message):
    with pytest.raises(StudentFileError, match=message):
        Student.from_bytes(content)


@pytest.mark.parametrize(
    ("family", "change", "message"),
    [
        ("linear", put("model.coefficients", (0, 0), np.nan), "coefficients holds NaN"),
        ("linear", put("model.intercept", 0, np.inf), "intercept holds NaN"),
        ("linear", put("encoder.scales", 0, 0.0), "a scale that is not positive"),
        ("linear", put("encoder.scales", 0, np.inf), "scales holds NaN or infinite"),
        ("linear", put("encoder.scales", 0, 1e-310), "the scale 1e-310 is too small"),
        ("linear", put("encoder.centers", 0, 1.7e308), "is too small for the range"),
        ("additive", put("encoder.scales", 0, 1e-310), "the scale 1e-310 is too small"),
        ("network", put("encoder.scales", 0, 5e-324), "is too small for the range"),
        ("pooled", put("encoder.scales", 0, 1e-310), "the scale 1e-310 is too small"),
        ("linear", put("encoder.highs", 0, 1e305), "a margin could exceed 1e.300"),
        ("linear", put("model.coefficients", (0, 0), 1.7e308), "a margin could exceed 1e.300"),
        ("additive", put("model.intercept", 0, -1.7e308), "a margin could exceed 1e.300"),
        ("pooled", put("model.0.coefficients", (0, 0), 1e307), "a margin could exceed 1e.300"),
        ("linear", put("encoder.medians", 0, np.nan), "medians holds NaN"),
        ("linear", head("encoder", "max_levels", 1), "the model reads"),
        ("boosted", put("model.features", 0, 100), "the model reads 101 columns"),
        ("boosted", put("model.features", 0, -1), "a node has two parents, or none"),
        ("boosted", put("model.features", 0, np.nan), "features are no whole numbers"),
        ("boosted", put("model.is_inner", 0, 0), "3 inner nodes do not go with 6 features"),
        ("boosted", replaced("model.is_inner", [0, 15, 192]), "the last tree is not complete"),
        ("boosted", replaced("model.is_inner", [0]), "is_inner has the shape"),
        ("boosted", replaced("model.is_inner", [[146, 73, 0]]), "is_inner has the shape"),
        ("boosted", replaced("model.is_inner", [0.5, 1.5, 0.0]), "unsigned byte"),
        ("boosted", put("model.threshold_codes", 0, 1), "out of bounds"),
        ("boosted", put("model.threshold_codes", 0, -1), "thresholds for 6 inner nodes"),
        ("boosted", put("model.threshold_codes", 0, 0.5), "indices must be of integer"),
        ("boosted", replaced("model.threshold_codes", [0]), "1 thresholds for 6 inner nodes"),
        ("boosted", lambda _, arrays: arrays.pop("model.threshold_codes"), "1 thresholds for 6"),
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
        ("tree", put("model.outputs", 0, 9), "margin that does not exist"),
        ("additive", put("model.low", 0, 9.0), "low is above high"),
        ("additive", put("model.high", 0, np.inf), "high holds NaN or infinite"),
        ("additive", put("model.trees.features", 0, 100), "the model reads 101 columns"),
        ("additive", put("model.trees.thresholds", 0, np.nan), "threshold is NaN"),
        ("additive", put("model.trees.base_margin", 0, 1), "need a base margin of 0"),
        ("additive", lambda _, arrays: arrays.pop("model.trees.features"), "lacks 'features'"),
        ("additive", lambda _, arrays: arrays.pop("model.high"), "lacks 'high'"),
        ("additive", head("encoder", "max_levels", 1), "the model reads 3 columns"),
        ("additive", head("encoder", "kind", "linear"), "'linear' does not go with.*'additive'"),
        ("additive", head("model", "kind", "linear"), "'joint' does not go with.*'linear'"),
        ("additive", head("model", "kind", "trees"), "lacks 'features'"),
        ("tree", put("model.base_margin", 0, 1), "base margin of 0"),
    ],
    ids=range(52),
)
def test_crafted_content_is_refused(family, change, message, small):
    with pytest.raises(StudentFileError, match=f"damaged.*{message}"):
        Student.from_bytes(altered(small[0][family], change))


def test_the_schema_is_stored_once(small):
    header, _ = unseal(small[0]["additive"].to_bytes())
    assert json.dumps(header).count('"columns"') == 1


def test_counts_of_leaves_are_kept_and_checked(small):
    student, frame = small[0]["tree"], small[1]
    matrix = student.encoder.transform(frame)
    model = student.model.with_leaf_counts(matrix, (frame["a"] > 0).astype(int))
    counted = Student(student.encoder, model, student.classes)
    again = Student.from_bytes(counted.to_bytes())
    assert again.model.leaf_counts.sum() == len(frame)
    assert again.to_bytes() == counted.to_bytes()
    for wrong in (np.ones((1, 2), int), -model.leaf_counts):
        change = altered(counted, lambda _, arrays, new=wrong: arrays.update({COUNTS: new}))
        with pytest.raises(StudentFileError, match=r"damaged.*leaf_counts must be counts"):
            Student.from_bytes(change)


def test_infinite_facts_are_refused(small):
    text, payload = opened(small[0]["tree"].to_bytes())
    text = text.replace(b'"facts":{}', b'"facts":{"a":1e999}')
    with pytest.raises(StudentFileError, match="facts"):
        Student.from_bytes(sealed(text, payload))


def test_students_too_large_for_a_file_are_refused(monkeypatch, small):
    monkeypatch.setattr("hpmkd.student.file.container.LARGEST_FILE", 100)
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
        ([0.5, np.inf, -0.0, 2.0**-24, 65504.0], "f2"),
        ([0.5, 65520.0], "f4"),
        ([2.0**-25], "f4"),
        ([1 + 2.0**-11], "f4"),
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
