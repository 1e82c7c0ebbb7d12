"""Names of variables say what a column is, and are safe in source."""

from __future__ import annotations

import keyword

from hypothesis import given
from hypothesis import strategies as st

from hpmkd.student import Schema
from hpmkd.student.columns.calendar import Calendar
from hpmkd.student.columns.column import Column
from hpmkd.testing.students import ODD_NAMES
from hpmkd_defaults.exporters.python.variables import LONGEST_NAME, variables_of

names = st.lists(st.text(max_size=8) | st.sampled_from(ODD_NAMES), min_size=1, unique=True)


def named(columns):
    schema = Schema(tuple(Column(name, "number") for name in columns), named=True)
    return [cell.name for cell in variables_of(schema, {}).values()]


@given(names)
def test_names_are_unique_identifiers_and_no_words_of_python(columns):
    found = named(columns)
    assert len(set(found)) == len(columns)
    for name in found:
        assert name.isidentifier()
        assert name.isascii()
        assert len(name) <= LONGEST_NAME + 10
        assert not keyword.iskeyword(name)
        assert not keyword.issoftkeyword(name)
        assert not hasattr(__builtins__, name)


def test_names_keep_what_they_can():
    assert named(
        ["Age", "net income", "net-income", "1st", "tree_1", "class", "ÄÖ", "é", "array"]
    ) == [
        *("age", "net_income", "net_income_2", "cell_1st", "cell_tree_1", "class_2"),
        *("cell", "cell_2", "array_2"),
    ]


def test_parts_of_moments_have_names():
    when = Column("When", "datetime", calendar=Calendar(parts=("month",)))
    found = variables_of(Schema((when, Column("month of When", "number")), named=True), {})
    assert {key: cell.name for key, cell in found.items()} == {
        ("When", "moment"): "when",
        ("When", "month"): "month_of_when",
        ("When", "sine of month"): "sine_of_month_of_when",
        ("When", "cosine of month"): "cosine_of_month_of_when",
        ("month of When", ""): "month_of_when_2",
    }
    assert [cell.place for cell in found.values()] == [0, 1, 2, 3, 4]
