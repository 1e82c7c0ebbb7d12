import datetime
import enum
from collections import OrderedDict, defaultdict
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.errors import DataError


class Town(str, enum.Enum):  # noqa: UP042 - spelt differently from a StrEnum
    OSLO = "Oslo"
    LIMA = "1"


FAMILIES = ("boosted", "additive", "network")
NUMBERS = [
    None, np.nan, pd.NA, pd.NaT, np.inf, -np.inf, 0, -0.0, 1, True, np.True_, 2.5, 1e39, -1e300,
    2**53 + 1, 2**70, 10**400, np.float32(0.1), np.float16(2), np.int8(3), np.uint64(2**63),
    np.longdouble(2), Decimal("1.5"), Decimal("NaN"), Fraction(1, 3), "3.5", " 7 ", "", "many",
    np.timedelta64(5, "ms"), np.datetime64("2020-01-01"), datetime.date(2020, 1, 1),
    pd.Timestamp("2020-01-01"), pd.Timedelta(3, "s"), 1j, np.complex128(2), b"1", (1,), [1],
    np.array(3.0), Ellipsis,
]  # fmt: skip
CELLS = [
    None, np.nan, pd.NA, pd.NaT, "Oslo", "1", "1.0", "2", "True", "unseen", "", "nan", "None", 1,
    1.0, 2, 2.0, 2.5, True, False, np.True_, np.int64(1), np.float64(1), np.float32(2.5), 2**60,
    2**70, 1e300, np.inf, Decimal(1), np.str_("Oslo"), b"Oslo", datetime.date(2020, 1, 1),
    np.datetime64("2020-01-01"), (1, 2), ["Oslo"], Town.OSLO, Town.LIMA, object,
]  # fmt: skip


@pytest.fixture(scope="module")
def requested(fit_student):
    """Students that tell rows apart, and their training rows."""
    rng = np.random.default_rng(1)
    n = 240
    town = rng.choice(np.array(["Oslo", 1, 2.5, True, "2", "nan", None], dtype=object), n)
    frame = pd.DataFrame({"town": town, "age": rng.normal(size=n) * 5, "kind": list("abcd") * 60})
    frame.loc[::9, "age"] = np.nan
    # Every cell says something about the label.
    target = [len(str(each)) % 3 for each in frame["town"]]
    target = np.where(frame["age"].fillna(9) > 3, 3, target)
    return {family: fit_student(family, frame, target) for family in FAMILIES}, frame


def slowly(student, table):
    """Return probabilities as the schema, the encoder and the model give them."""
    return student.model.probabilities(student.encoder.transform(table))


def outcome(call, *arguments):
    """Return what a call returns, or the kind of its error."""
    try:
        return call(*arguments)
    except Exception as error:
        return type(error)


def check_row(student, row):
    expected = outcome(slowly, student, [row])
    predicted, label = outcome(student.predict_proba, [row]), outcome(student.predict_one, row)
    if isinstance(expected, type):
        assert predicted == label == expected
        return
    assert predicted.tobytes() == expected.tobytes()
    assert label == student.classes[expected[0].argmax()]
    assert type(label) is int
    encoded = student.packed.encode_row(row)
    assert student.packed.probabilities(encoded).tobytes() == expected[0].tobytes()


@pytest.mark.filterwarnings("ignore::UserWarning")  # pandas on times without a zone
@pytest.mark.parametrize("cell", NUMBERS, ids=repr)
@pytest.mark.parametrize("family", FAMILIES)
def test_any_cell_of_a_number_column_is_read_as_the_schema_reads_it(family, cell, requested):
    check_row(requested[0][family], {"town": "Oslo", "age": cell, "kind": "a"})


@pytest.mark.parametrize("cell", CELLS, ids=repr)
@pytest.mark.parametrize("family", FAMILIES)
def test_any_cell_of_a_category_column_is_read_as_the_schema_reads_it(family, cell, requested):
    check_row(requested[0][family], {"town": cell, "age": 1.5, "kind": "b"})


@pytest.mark.parametrize("cell", NUMBERS, ids=repr)
@pytest.mark.parametrize("other", [2.5, True, None, np.float64(1)], ids=repr)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_cell_beside_another_is_read_as_it_is_alone(cell, other, fit_student):
    frame = pd.DataFrame({"a": np.arange(30.0) % 7, "b": np.arange(30.0) % 4})
    student = fit_student("boosted", frame, frame["a"] > frame["b"])
    for row in ({"a": cell, "b": other}, {"a": other, "b": cell}):
        expected = outcome(slowly, student, [row])
        label = outcome(student.predict_one, row)
        if isinstance(expected, type):
            assert label == expected
        else:
            assert label == student.classes[expected[0].argmax()]


SIMPLE = st.sampled_from([None, np.nan, "Oslo", "1", "2", "unseen", 1, 1.0, 2.5, True, -0.0])
AGES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.floats(width=32))
ORDER = ("town", "age", "kind")
ROWS = st.fixed_dictionaries({"town": SIMPLE, "age": AGES, "kind": st.sampled_from("abcx")})


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=5))
def test_rows_and_columns_are_read_as_the_schema_reads_them(requested, rows):
    for student in requested[0].values():
        expected = slowly(student, rows).tobytes()
        assert student.predict_proba(rows).tobytes() == expected
        columns = {name: [row[name] for row in rows] for name in reversed(rows[0])}
        assert student.predict_proba(columns).tobytes() == expected
        cells = np.array([[row[name] for name in ORDER] for row in rows], dtype=object)
        assert student.predict_proba(cells).tobytes() == slowly(student, cells).tobytes()
        lists = cells.tolist()
        assert student.predict_proba(lists).tobytes() == slowly(student, lists).tobytes()
        check_row(student, rows[0])


@pytest.mark.parametrize(
    "table",
    [
        {"town": np.array(["Oslo", "1"]), "age": np.array([1, 2]), "kind": ["a", "b"]},
        {"town": [1, 2.5], "age": np.array([0.1, 9], dtype=np.float32), "kind": ("a", "b")},
        {"town": np.array([0.1, 2.5], dtype=np.float32), "age": [1, 2], "kind": ["a", "b"]},
        {"town": [1, 2], "age": pd.Series([1, None]), "kind": pd.Categorical(["a", "b"])},
        {"town": ["Oslo"], "age": [True], "kind": ["a"], "more": [[1, 2]]},
        {"town": "Oslo", "age": 3, "kind": "a", "more": None},
        [],
        [{"town": 1, "age": 3, "kind": "a"}, {"town": 2**53 + 1, "age": 3.5, "kind": "b"}],
        np.array([["Oslo", "3", "a"]]),
        np.array([[1.0, 2.0, 2.5]]),
        np.array([[1.0, 2.0, 2.5]], dtype=np.float32),
        np.ma.array([[1.0, 2.0, 2.5]], mask=[[True, True, False]]),
        [("Oslo", 3, "a"), ["1", None, "b"]],
        np.empty((0, 3), dtype=object),
        pd.DataFrame({"town": ["Oslo"], "age": [1.5], "kind": ["a"]}),
    ],
    ids=str,
)
@pytest.mark.parametrize("family", FAMILIES)
def test_tables_of_every_form_are_read_as_the_schema_reads_them(family, table, requested):
    student = requested[0][family]
    assert student.predict_proba(table).tobytes() == slowly(student, table).tobytes()


@pytest.mark.parametrize(
    "table",
    [
        {"town": ["Oslo", "1"], "age": [1.0], "kind": ["a"]},
        {"town": ["Oslo"], "age": [1.0]},
        [{"town": "Oslo", "kind": "a"}],
        [{"town": "Oslo", "age": 3, "kind": "a"}, {"town": "Oslo", "kind": "b"}],
        {},
        [["Oslo", 3]],
        np.zeros((2, 2)),
    ],
    ids=str,
)
def test_what_is_no_table_is_refused_as_before(table, requested):
    student = requested[0]["boosted"]
    assert issubclass(outcome(slowly, student, table), DataError)
    assert outcome(student.predict_proba, table) is outcome(slowly, student, table)


def test_any_mapping_is_a_row(requested):
    student, frame = requested[0]["boosted"], requested[1]
    row = frame.to_dict("records")[3]
    expected = student.predict([row])[0]
    lazy = defaultdict(lambda: 1.0, row)
    assert student.predict_one(OrderedDict(row)) == expected
    assert student.predict_one(lazy) == expected
    assert student.predict_one({**row, "more": [1, 2]}) == expected
    del lazy["age"]
    with pytest.raises(DataError, match="lacks the columns 'age'"):
        student.predict_one(lazy)
    assert "age" not in lazy
    assert outcome(student.predict_one, MappingProxyType(row)) == outcome(
        lambda: student.predict([MappingProxyType(row)])[0].item()
    )


def test_mappings_for_a_student_of_arrays_are_read_by_position(wine, fit_student):
    X, y = wine
    student = fit_student("boosted", X, y)
    rows = [dict(zip("abcdefghijklm", row.tolist(), strict=True)) for row in X]
    assert [student.predict_one(row) for row in rows] == student.predict(X).tolist()
    assert student.predict_proba(rows).tobytes() == student.predict_proba(X).tobytes()
    turned = [rows[0], dict(reversed(rows[1].items()))]
    with pytest.raises(DataError, match="row 1 has the keys"):
        student.predict_proba(turned)
    with pytest.raises(DataError, match="got 12 columns, expected 13"):
        student.predict_one(dict.fromkeys("abcdefghijkl", 1.0))


def test_plain_rows_need_no_pandas(requested, tmp_path, in_fresh_process):
    students, frame = requested
    path = students["additive"].save(tmp_path / "s.hpmkd")
    rows = frame.head(5).astype(object).where(frame.notna(), None).to_dict("records")
    source = f"""
import sys, numpy as np
from hpmkd.student import Student
student = Student.load(sys.argv[1])
print([m for m in ("numba", "pandas", "sklearn", "xgboost", "scipy.optimize") if m in sys.modules])
rows = {rows!r}
print([student.predict_one(row) for row in rows])
print(student.predict(rows).tolist())
print(student.predict({{name: [row[name] for row in rows] for name in rows[0]}}).tolist())
print(student.predict(np.array([list(row.values()) for row in rows], dtype=object)).tolist())
print([m for m in ("pandas", "sklearn", "xgboost", "scipy.optimize") if m in sys.modules])
print([m for m in sys.modules if m.startswith("hpmkd.kernels._") and "_packed" not in m])
"""
    loaded, *answers, heavy, kernels = in_fresh_process(source, path).splitlines()
    assert loaded == heavy == "[]"
    assert answers == [str(students["additive"].predict(frame.head(5)).tolist())] * 4
    assert kernels == "[]"
