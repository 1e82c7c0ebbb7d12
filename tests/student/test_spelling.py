"""What a text spells."""

from __future__ import annotations

import math

import pytest

from hpmkd.student.columns.spelling import aliases, decimal_point, number_of, spells_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5), ("01", 1), (" 7 ", 7), ("1e5", 1e5), ("-.5", -0.5), ("TRUE", 1), ("false", 0)],
)
def test_numbers_and_truth_values_are_read(text, number):
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "NA", "nan", "NULL", " ", "None", "#N/A"])
def test_missing_cells_are_nan(text):
    assert math.isnan(number_of(text))


@pytest.mark.parametrize("text", ["1_000", "A1", "?", "1,5", "yes", "0x1F"])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="could not convert"):
        number_of(text)


@pytest.mark.parametrize("text", ["01", "-007", "TRUE", "NA", "", "1_000", "x"])
def test_codes_truth_values_and_missing_cells_are_no_numbers(text):
    assert not spells_number(text)


@pytest.mark.parametrize("text", ["0", "0.5", "-3", "1e-3", "10"])
def test_what_spells_a_number(text):
    assert spells_number(text)


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        (["01", "A1"], {"1": "01", "1.0": "01"}),
        (["1", "01"], {}),  # 1 is a level, and 1.0 may stand for both
        (["1"], {"1.0": "1"}),
        (["1e5"], {"100000": "1e5", "100000.0": "1e5"}),
        (["1.50"], {"1.5": "1.50"}),
        (["TRUE", "maybe"], {"True": "TRUE"}),
        (["TRUE", "true"], {}),
        (["True"], {}),
        (["NA", "inf", "1_000", "x"], {}),
    ],
)
def test_a_number_stands_for_the_one_level_that_spells_it(levels, found):
    assert aliases(levels) == found


def test_decimal_commas():
    assert decimal_point("1,5") == "1.5"
    assert [decimal_point(text) for text in ("1,5,2", "x,y", "1.5")] == ["1,5,2", "x,y", "1.5"]
