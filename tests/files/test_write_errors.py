"""Errors of writing give the reason, and what to do."""

from __future__ import annotations

import pytest

from hpmkd.errors import RunFolderError
from hpmkd.files import explain_write_errors, file_above


def test_a_file_where_a_folder_is_expected_is_named(tmp_path):
    table = tmp_path / "wine.csv"
    table.touch()
    said = f"^cannot write {table / 'a' / 'b'}: {table} is a file, not a folder; choose another"
    with pytest.raises(RunFolderError, match=said), explain_write_errors(table / "a" / "b"):
        (table / "a").mkdir(parents=True)


def test_what_the_system_says_is_passed_on(tmp_path):
    with (
        pytest.raises(RunFolderError, match=r"No space left on device; make room$"),
        explain_write_errors(tmp_path / "x", "make room"),
    ):
        raise OSError(28, "No space left on device")


def test_files_are_found_above(tmp_path):
    (tmp_path / "f").touch()
    assert file_above(tmp_path / "none" / "x") is None
    assert file_above(tmp_path) is None
    assert file_above(tmp_path / "f") == file_above(tmp_path / "f" / "x" / "y") == tmp_path / "f"


def test_a_name_that_is_too_long_is_said_so(tmp_path):
    path = tmp_path / ("x" * 300) / "file"
    assert file_above(path) is None
    said = r"File name too long; choose another --out$"
    with pytest.raises(RunFolderError, match=said), explain_write_errors(path):
        path.mkdir(parents=True)
