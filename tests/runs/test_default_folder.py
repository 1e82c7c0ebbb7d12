"""Where a run goes whose user names no folder."""

from __future__ import annotations

import pytest

from hpmkd.runs.default_folder import LONGEST, next_folder


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("adult.csv", "adult-1"),
        ("data/adult.v2.parquet", "adult.v2-1"),
        ("adult.csv.gz", "adult-1"),
        (".csv", ".csv-1"),
        ("", "run-1"),
        ("x" * 300 + ".csv", "x" * LONGEST + "-1"),
    ],
)
def test_it_is_named_after_the_data(data, name, tmp_path):
    assert next_folder(data, tmp_path / "runs") == tmp_path / "runs" / name


def test_the_number_is_above_all_that_are_there(tmp_path):
    for each in ("adult-2", "adult-10", "adult-x", "adults-99", "my-adult-50", "adult-3-draft"):
        (tmp_path / each).mkdir()
    (tmp_path / "a+-7").touch()
    assert next_folder("adult.csv", tmp_path).name == "adult-11"
    assert next_folder("a+.csv", tmp_path).name == "a+-8"
