import hashlib
import json
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.errors import StudentFileError
from hpmkd.student import Student
from hpmkd.student.arrays import smallest
from hpmkd.student.container import FORMAT_VERSION, MAGIC, seal, unseal

FIXED = struct.Struct("<8sH2xIII")

FAMILIES = ("linear", "tree", "boosted", "additive")


COUNTS = "model.leaf_counts"


def altered(student, change):
    """Return the bytes of a student with another header or other arrays, sealed anew."""
    header, arrays = unseal(student.to_bytes())
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(header, arrays)
    return seal(header, arrays)


def sealed(text, payload=b"", **said):
    """Seal any header text before any payload, with any lengths."""
    packed = zlib.compress(text)
    start = FIXED.size + len(packed)
    body = packed + (bytes(-start % 8) + payload if payload else b"")
    fixed = FIXED.pack(
        MAGIC,
        said.get("version", FORMAT_VERSION),
        said.get("packed", len(packed)),
        said.get("header", len(text)),
        said.get("length", FIXED.size + len(body) + 32),
    )
    return fixed + body + hashlib.sha256(fixed + body).digest()


def resealed(text):
    """Seal a header of any text that a reader will unpack."""
    stored = zlib.compress(text, 0)
    fixed = FIXED.pack(MAGIC, FORMAT_VERSION, len(stored), len(text), 56 + len(stored))
    return fixed + stored + hashlib.sha256(fixed + stored).digest()


def opened(content):
    """Return the header text and all that follows it."""
    _, _, packed, _, _ = FIXED.unpack_from(content)
    start = FIXED.size + packed
    return zlib.decompress(content[FIXED.size : start]), content[start + -start % 8 : -32]


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
    text, payload = opened(content)
    header = json.loads(text)
    place = header
    while True:  # somewhere in the header, put something else
        keys = range(len(place)) if isinstance(place, list) else list(place)
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
        else:
            break
    place[key] = value
    crafted = sealed(json.dumps(header).encode(), payload)
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
    text, payload = opened(content)
    payload = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        student = Student.from_bytes(sealed(text, bytes(payload)))
    except StudentFileError:
        return
    with np.errstate(over="ignore"):
        assert student.predict_proba(frame).shape == (len(frame), 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 a zip archive, say", "not a student file"),
        (b"", "truncated"),
        (sealed(b"{}", version=FORMAT_VERSION + 1), "format version 4.*upgrade"),
        (sealed(b"{}", version=2), "version 2, this hpmkd reads version 3: distil anew"),
        (sealed(b"{}", version=0), "format version 0.*distil anew"),
        (sealed(b"{}"), "does not list the arrays"),
        (sealed(b"[]"), "does not list the arrays"),
        (sealed(b'{"arrays":[]}'), "lacks 'encoder'"),
        (sealed(b"{" * 10**5, header=10), "another length"),
        (sealed(b"{}", header=2**32 - 1), "absurd"),
        (sealed(b"{}", header=161), "absurd"),
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
    ids=range(36),
)
def test_crafted_frames_are_refused(content, message):
    with pytest.raises(StudentFileError, match=message):
        Student.from_bytes(content)


def put(name, position, value):
    def change(_, arrays):
        arrays[name] = arrays[name].astype(np.result_type(arrays[name], type(value)))
        arrays[name][position] = value

    return change


def replaced(name, values):
    return lambda _, arrays: arrays.update({name: np.array(values)})


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
        ("boosted", put("model.features", 0, -1), "a node has two parents, or none"),
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
    ids=range(41),
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
    monkeypatch.setattr("hpmkd.student.container.LARGEST_FILE", 100)
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
