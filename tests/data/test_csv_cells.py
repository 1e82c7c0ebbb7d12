"""Text in a CSV: nothing that a spreadsheet runs, and nothing that is lost."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.data.csv_cells import escape_cell, escape_cells

#: What docs/predict.md says to take off again.
APOSTROPHE = r"^'(?='*[=+\-@\t\r\n＝＋－＠])"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "=cmd|'/c calc'!A1", "+A1", "-A1", "-1+A1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"],
)
def test_text_that_would_run_gets_an_apostrophe(text):
    assert escape_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "cell",
    [
        "-1",
        "+1",
        "-.5",
        "-1.",
        "+1e-5",
        "-2.5E+10",
        "yes",
        "",
        "'tis",
        " =1",
        "a=b",
        -1,
        -0.5,
        None,
    ],
)
def test_numbers_and_other_text_stay(cell):
    assert escape_cell(cell) is cell


@given(st.text(alphabet="'=+-@\t\r1e.a", max_size=6))
def test_what_was_escaped_is_found_again_and_runs_nothing(text):
    written = escape_cell(text)
    assert re.sub(APOSTROPHE, "", written) == text
    if written[:1] in [*"=+-@\t\r"]:
        assert float(written) == float(text)


def test_the_cells_and_columns_of_a_frame():
    frame = pd.DataFrame({"name": ["=x", "y", None], "-n": [-1, 2, 3], "b": [True, False, True]})
    escaped = escape_cells(frame)
    assert escaped.columns.tolist() == ["name", "'-n", "b"]
    assert escaped.to_csv(index=False) == "name,'-n,b\n'=x,-1,True\ny,2,False\n,3,True\n"
    assert frame["name"].tolist()[:2] == ["=x", "y"]
