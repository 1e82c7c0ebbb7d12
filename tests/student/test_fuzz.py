"""Whatever a file holds, reading it ends in a student that answers or in StudentFileError."""

from __future__ import annotations

import json
import tracemalloc
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.errors import StudentFileError
from hpmkd.student import Student
from hpmkd.student.file.arrays import as_classes
from hpmkd.student.file.container import MAGIC
from tests.student.crafting import altered, arrays_of, opened, resealed, sealed

FAMILIES = ("linear", "tree", "boosted", "additive", "network", "pooled")

#: What docs/student-file.md promises: this and so many times the file is all it takes.
FREE_MEMORY, MEMORY_RATIO = 4_000_000, 300


def read_or_refused(content):
    """Return whether the content is a student; if so, it answers and can be written again."""
    try:
        student = Student.from_bytes(content)
    except StudentFileError:
        return False
    columns = student.encoder.schema.columns
    numbers, texts = [None, 0.5, 1e30, -1.7e308, np.inf], [None, "x", "never seen", "y", ""]
    frame = pd.DataFrame({column.name: numbers for column in columns}, dtype=object)
    frame[columns[0].name] = numbers if columns[0].kind == "number" else texts
    with np.errstate(over="ignore"):
        assert student.predict_proba(frame).shape == (5, len(student.classes))
        assert np.isfinite(student.predict_proba(frame)).all()
        assert np.isfinite(student.model.probabilities(student.encoder.transform(frame))).all()
    again = Student.from_bytes(student.to_bytes())
    assert again.to_bytes() == student.to_bytes()
    return True


@pytest.mark.parametrize("family", FAMILIES)
def test_every_truncation_is_noticed(family, small):
    content = small[0][family].to_bytes()
    for stored in range(len(content)):
        with pytest.raises(StudentFileError, match="truncated"):
            Student.from_bytes(content[:stored])
    with pytest.raises(StudentFileError, match="too long"):
        Student.from_bytes(content + b"\0")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_flipped_bit_is_noticed(family, small):
    content = bytearray(small[0][family].to_bytes())
    for bit in range(8 * len(content)):
        content[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StudentFileError):
            Student.from_bytes(bytes(content))
        content[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("family", ["tree", "additive"])
def test_every_other_byte_of_an_array_is_read_or_refused(family, small):
    text, payload = opened(small[0][family].to_bytes())
    outcomes = set()
    for at, before in enumerate(payload):
        for byte in {0x00, 0x7F, 0x80, 0xFF} - {before}:
            outcomes.add(
                read_or_refused(sealed(text, payload[:at] + bytes([byte]) + payload[at + 1 :]))
            )
    assert outcomes == {True, False}


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
    text, payload = opened(small[0][family].to_bytes())
    place = header = json.loads(text)
    while True:  # somewhere in the header, put something else
        keys = range(len(place)) if isinstance(place, list) else list(place)
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
        else:
            break
    place[key] = value
    read_or_refused(sealed(json.dumps(header).encode(), payload))


@settings(deadline=None, max_examples=200)
@given(data=st.data(), family=st.sampled_from(FAMILIES))
def test_any_array_is_read_or_refused(data, family, small):
    content = small[0][family].to_bytes()
    names = list(arrays_of(content))
    odd = st.sampled_from(
        [0, 1, -1, 2, 127, 255, 2**31 - 1, 0.5, 1e38, 1e307, 1e-310, np.inf, np.nan, -0.0]
    )

    def change(_, arrays):
        for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2)):
            array = arrays[name].astype(data.draw(st.sampled_from([arrays[name].dtype, "f8"])))
            way = data.draw(st.sampled_from(["cell", "size", "shape", "kind"]))
            if way == "cell" and array.size:
                array = array.astype("f8")
                array.flat[data.draw(st.integers(0, array.size - 1))] = data.draw(odd)
            elif way == "size":
                array = np.resize(array, (data.draw(st.integers(0, 9)), *array.shape[1:]))
            elif way == "shape":
                array = array.reshape(data.draw(st.sampled_from([(-1,), (-1, 1), (1, -1)])))
            wide = array.astype("f8")  # a float16 has no room for the limit
            whole = (np.abs(wide) < 2**40).all() and (wide == np.trunc(wide)).all()
            arrays[name] = array.astype("i8") if whole and way != "kind" else array

    read_or_refused(altered(small[0][family], change))


def test_children_cannot_form_a_cycle(small):
    # Children are not stored: where nodes lie says whose they are. Every pattern of inner
    # nodes and leaves is either trees that end, or is refused.
    outcomes = []
    for pattern in range(2**11):
        bits = np.array([pattern >> at & 1 for at in range(11)])
        n_inner = int(bits.sum())

        def change(_, arrays, bits=bits, n_inner=n_inner):
            n_leaves = 11 - n_inner
            arrays.update({"model.is_inner": np.packbits(bits)})
            arrays.update({"model.features": np.zeros(n_inner, int)})
            arrays.update({"model.thresholds": np.zeros(n_inner)})
            arrays.pop("model.threshold_codes", None)
            arrays.update({"model.missing_left": np.zeros(-(-n_inner // 8), int)})
            arrays.update({"model.leaf_values": np.ones((n_leaves, 1))})
            arrays.update({"model.outputs": np.zeros(n_leaves - n_inner, int)})

        if n_inner <= 5:
            outcomes.append(read_or_refused(altered(small[0]["boosted"], change)))
    assert set(outcomes) == {True, False}


def bombs(small):
    """Yield files that would like to take much more memory than they have bytes."""
    for item in (b"{}", b"[]", b'{"a":1}', b"[[[[]]]]", b"1.5"):
        for times in (60_000 // len(item), 10**6):
            yield sealed(b'{"arrays":[],"x":[' + b",".join([item] * times) + b"]}")
            yield resealed(b'{"arrays":[' + b",".join([item] * min(times, 10**5)) + b"]}")
    yield sealed(b'{"arrays":[],"x":[' + b",".join([b'{"":{"":0}}'] * 40_000) + b"]}")
    yield sealed(b"\0" * 10**7, header=2**16)
    yield resealed(b"[" * 10**6)
    yield resealed(b'{"a":' * 10**5)
    many = [str(i) for i in range(3000)]

    def columns(header, _):
        header["encoder"]["schema"]["columns"] = many

    def levels(header, _):
        header["encoder"]["schema"]["columns"] = ["a", ["b", many * 20]]

    def labels(header, arrays):
        header["classes"] = {"type": "str", "labels": ["x" * 50_000, *many]}
        header["model"]["link"] = "softmax"
        arrays["model.base_margin"] = np.zeros(len(many) + 1)

    def stumps(_, arrays):
        bits = np.tile([1, 0, 0], 50_000)
        arrays["model.is_inner"] = np.packbits(bits)
        arrays["model.features"] = arrays["model.outputs"] = np.zeros(50_000, int)
        arrays["model.threshold_codes"] = np.zeros(50_000, int)
        arrays["model.missing_left"] = np.zeros(6250, int)
        arrays["model.leaf_values"] = np.zeros((100_000, 1), int)

    def leaves(n_trees, depth, header, arrays):
        header["encoder"]["schema"]["columns"] = [["a", []], "b"]  # to be read in another order
        bits = np.array([1] + [0, 1] * (depth - 1) + [0, 0] + [0] * n_trees)
        arrays["model.is_inner"] = np.packbits(bits)
        arrays["model.features"] = arrays["model.threshold_codes"] = np.zeros(depth, int)
        arrays["model.thresholds"] = np.zeros(1)
        arrays["model.missing_left"] = np.zeros(1, int)
        arrays["model.leaf_values"] = np.zeros((depth + 1 + n_trees, 1), int)
        arrays["model.outputs"] = np.zeros(1 + n_trees, int)

    def nested(header, _):
        each = 0
        for _ in range(100):
            each = {"": each}
        header["facts"] = {"a": [each] * 4000}

    def alike(header, arrays):
        texts = [f"{'x' * 295}{i:05d}" for i in range(2000)]
        header["classes"] = {"type": "str", "labels": ["y" * 2350, *texts]}
        header["model"]["link"] = "softmax"
        arrays["model.base_margin"] = np.zeros(2001)

    def huge(_, arrays):
        arrays["model.leaf_values"] = np.zeros((2**28, 0))

    deep = [partial(leaves, n_trees, depth) for n_trees, depth in ((400_000, 4), (10**5, 3))]
    for change in (columns, levels, labels, alike, stumps, *deep, nested, huge):
        yield altered(small[0]["boosted"], change)
    yield from pooled_bombs(small)
    yield altered(small[0]["linear"], lambda header, _: header["encoder"].update(max_levels=10**9))
    yield altered(small[0]["linear"], lambda header, _: header.update(facts={"a": [{}] * 9999}))


def pooled_bombs(small):
    """Yield ensembles of one-leaf trees over a column of many levels."""
    for members in (64, 3000):

        def change(header, arrays, members=members):
            column, levels = header["encoder"]["schema"]["columns"][1], map(hex, range(20_000))
            header["encoder"]["schema"]["columns"][1] = [column[0], list(levels)]
            header["encoder"]["kind"] = "tree"
            header["encoder"].pop("max_levels")
            header["model"]["members"] = [{"kind": "trees", "link": "sigmoid"}] * members
            arrays.clear()
            for at in range(members):
                leaf = {"is_inner": [0], "features": [], "thresholds": [], "missing_left": []}
                leaf |= {"leaf_values": [[1]], "outputs": [0], "base_margin": [0]}
                arrays.update({f"model.{at}.{k}": np.array(v, int) for k, v in leaf.items()})
            for name in ("temperatures", "weights", "exponents"):
                arrays[f"model.pool.{name}"] = np.ones(members) / members
            arrays["model.pool.offsets"] = np.zeros(2)

        yield altered(small[0]["pooled"], change)


def test_a_large_pool_answers_and_a_larger_one_is_refused(small):
    largest, larger = pooled_bombs(small)
    assert read_or_refused(largest)
    with pytest.raises(StudentFileError, match="a pool of 3,000 members: expected at most 64"):
        Student.from_bytes(larger)


def test_memory_is_bounded_by_the_size_of_the_file(small):
    small[0]["tree"].predict_one({"a": 1.0, "b": "x"})  # numba's own memory comes once
    for content in bombs(small):
        tracemalloc.start()
        try:
            student = Student.from_bytes(content)
            row = dict.fromkeys(student.encoder.schema.names)
            student.predict_one(row)
            student.predict_proba([row])
        except StudentFileError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < FREE_MEMORY + MEMORY_RATIO * len(content)


def test_an_array_of_labels_is_bounded():
    short = [str(i) for i in range(2000)]
    with pytest.raises(ValueError, match="a class of 100,000 characters among 2,001: shorten"):
        as_classes(["x" * 100_000, *short])
    assert len(as_classes(["x" * 30, *short])) == 2001
    assert len(as_classes(["x" * 100_000, "y"])) == 2
