"""Names and numbers as people read them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.evaluation.shown import digits, duration, few, percent, ratio, size
from hpmkd.report.render.format import clean, rounded, short
from hpmkd.report.render.tables import Cell, cell, table


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (size(799), "0.8 KB"),
        (size(23_700_000), "23.7 MB"),
        (duration(0.4), "0.40 us"),
        (duration(1.25), "1.25 us"),
        (duration(2e6), "2.0 s"),
        (rounded(size(10_000)), "10 KB"),
        (rounded(duration(0.1)), "0.1 us"),
        (rounded("100 us"), "100 us"),
        (digits(0.8), "0.8000"),
        (digits(0.80834), "0.8083"),
        (few(0.5), "0.50"),
        (ratio(9.94), "9.9 ×"),
        (ratio(1056.2), "1,056 ×"),
        (percent(0.98765), "98.77%"),
        (size(None) + duration(None) + ratio(None) + percent(None), "––––"),
    ],
)
def test_numbers_have_their_units(shown, expected):
    assert shown == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a\nb\t c\x00", "a b c"),
        ("", "(empty)"),
        (" \u202e ", "(empty)"),
        (7, "7"),
        ('<b> & "', '<b> & "'),
    ],
)
def test_names_are_lines_of_what_can_be_printed(name, expected):
    assert clean(name) == expected


@given(st.text())
def test_short_names_fit_and_keep_both_ends(name):
    whole, cut = clean(name), short(name)
    assert len(cut) <= 24
    assert cut.isprintable()
    assert cut == whole or (whole.startswith(cut.split("…")[0]) and whole.endswith(cut[-8:]))


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_cell_holds_the_exact_number(value):
    assert json.loads(cell(value).exact) == value


def test_cells_of_other_things_hold_none():
    assert cell(None) == Cell("–")
    assert cell("a\nb") == Cell("a b")
    assert cell(True) == Cell("yes", "true")
    assert cell(4096) == Cell("4096", "4096")
    assert cell(4096, size) == Cell("4.1 KB", "4096")
    assert table("c", ["a"], [[1]]).rows == ((Cell("1", "1"),),)
