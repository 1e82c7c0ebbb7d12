"""Tables in files: what is read, and what is refused."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.table_files import CsvFormat, read_table
from hpmkd.errors import DataError, DataWarning

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None], "c": [0.5, np.nan, 1.5]})


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", lambda path: FRAME.to_csv(path, index=False)),
        ("T.CSV", lambda path: FRAME.to_csv(path, index=False)),
        ("t.csv.gz", lambda path: FRAME.to_csv(path, index=False)),
        ("t.txt", lambda path: FRAME.to_csv(path, index=False)),
        ("t.tsv", lambda path: FRAME.to_csv(path, index=False, sep="\t")),
        ("t.tsv.gz", lambda path: FRAME.to_csv(path, index=False, sep="\t")),
        ("t.v2.csv", lambda path: FRAME.to_csv(path, index=False)),
        ("t.parquet", FRAME.to_parquet),
        ("t.pq", FRAME.to_parquet),
    ],
)
def test_every_kind_of_file_reads_as_the_frame(tmp_path, name, write):
    write(tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / name), FRAME)
    pd.testing.assert_frame_equal(read_table(str(tmp_path / name)), FRAME)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"a,b,a\n1,2,3\n", "column names appear twice: a; rename or drop"),
        ("t.tsv", b"a\tb\ta\n1\t2\t3\n", "column names appear twice: a"),
        ("t.csv", b"", "the file is empty; expected a header"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("t.csv", bytes(range(256)) * 8, "cannot be read"),
        ("t.csv.gz", b"not gzip at all", "cannot be read"),
        ("t.parquet", b"not parquet at all", "cannot be read"),
        ("t.xlsx", b"PK", "unknown kind of file; expected .csv"),
        ("t", b"a,b\n1,2\n", "unknown kind of file"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", r"line 3 has 3 cells; expected 2, as the header"),
        ("t.csv", b"a,b\n1,2,\n3,4,\n", r"line 2 has 3 cells; expected 2, .*a comma at its end"),
        ("t.csv", b"a,b\n\n1,2,\n", r"line 3 has 3 cells"),
        ("t.csv", b"a,b,c\n1,2,3\n4,5\n", r"line 3 has 2 cells; expected 3, .*cut off"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:-9], "cannot be read"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as raised:
        read_table(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("name", ["none.csv", "none.tsv.gz", "none.parquet"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(DataError, match="no such file; give the path of a CSV or Parquet"):
        read_table(tmp_path / name)


@pytest.mark.parametrize("name", ["folder", "folder.csv", "folder.parquet"])
def test_a_folder_is_no_table(tmp_path, name):
    tmp_path.joinpath(name).mkdir()
    with pytest.raises(DataError, match=name):
        read_table(tmp_path / name)


def test_a_header_without_rows_is_an_empty_frame(tmp_path):
    tmp_path.joinpath("t.csv").write_text("a,b\n")
    assert read_table(tmp_path / "t.csv").shape == (0, 2)


def test_text_of_another_encoding_is_explained(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("größe,y\n1,ja\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.csv: cannot be read as text .*--encoding latin-1"):
        read_table(path)


def test_a_long_column_has_one_type(tmp_path):
    path = tmp_path / "long.csv"
    # pandas reads files of this size in several pieces.
    path.write_text("a,b\n" + "1,2\n" * 600_000 + "x,2\n")
    cells = read_table(path)["a"]
    assert {type(cell) for cell in (cells.iloc[0], cells.iloc[-1])} == {str}


def write(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    return path


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16", b"")]
)
def test_unicode_is_read_by_its_mark(tmp_path, encoding, mark):
    path = write(tmp_path, mark + "name,b\nJosé,1\nÅsa,2\n".encode(encoding))
    found = read_table(path)
    assert found.to_dict("list") == {"name": ["José", "Åsa"], "b": [1, 2]}


def test_another_encoding_is_read_by_its_name(tmp_path):
    path = write(tmp_path, "a,b\nJosé,1\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"give its encoding, e\.g\. --encoding latin-1"):
        read_table(path)
    assert read_table(path, CsvFormat(encoding="latin-1"))["a"].tolist() == ["José"]
    with pytest.raises(DataError, match="unknown encoding: klingon"):
        read_table(path, CsvFormat(encoding="klingon"))


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_another_separator_is_found_with_a_warning(tmp_path, sign, name, encoding):
    path = write(tmp_path, f"a{sign}b\n1{sign}x\n2{sign}y\n".encode(encoding))
    with pytest.warns(DataWarning, match=f"read with {name} between the columns"):
        found = read_table(path)
    assert found.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.filterwarnings("error")
def test_a_separator_that_is_given_is_not_looked_for(tmp_path):
    path = write(tmp_path, b"a;b\n1,5;x\n2;y\n")
    found = read_table(path, CsvFormat(";", decimal=","))
    assert found.to_dict("list") == {"a": [1.5, 2.0], "b": ["x", "y"]}


def test_a_decimal_comma_is_read_beside_text(tmp_path):
    path = write(tmp_path, b"a;b\n1,5;x\n?;y\n")
    found = read_table(path, CsvFormat(";", decimal=","))
    assert found["a"].tolist() == ["1.5", "?"]


@pytest.mark.parametrize(
    "wrong",
    [{"separator": ";;"}, {"separator": ""}, {"decimal": ";"}, {"separator": ",", "decimal": ","}],
)
def test_odd_formats_are_refused(wrong):
    with pytest.raises(DataError, match="got"):
        CsvFormat(**wrong)


@pytest.mark.parametrize("name", ["", "NA", "null"])
def test_a_column_without_a_name_is_read_as_any_other(tmp_path, name):
    path = write(tmp_path, f"a,{name}\n1,01\n2,x\n,NA\n".encode())
    known = name or "Unnamed: 1"
    assert read_table(path)[known].tolist() == ["01", "x", np.nan]
    assert read_table(path)["a"].tolist()[:2] == [1.0, 2.0]
    path.write_text(f"a,{name}\n1,01\n")
    assert read_table(path, texts={known: ()})[known].tolist() == ["01"]


def test_two_columns_called_na_are_refused(tmp_path):
    with pytest.raises(DataError, match="names appear twice: NA"):
        read_table(write(tmp_path, b"NA,NA\n1,2\n"))


def test_leading_zeros_are_those_of_a_code(tmp_path):
    path = write(tmp_path, b"zip,a,b\n00501,0.5,0\n10001,1,10\n")
    found = read_table(path)
    assert found["zip"].tolist() == ["00501", "10001"]
    assert found["a"].tolist() == [0.5, 1.0]
    assert found["b"].tolist() == [0, 10]


def test_short_lines_in_an_archive_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.csv.zip", "w") as archive:
        archive.writestr("t.csv", "a,b,c\n1,2,3\n4,5\n")
    with pytest.raises(DataError, match="line 3 has 2 cells; expected 3"):
        read_table(tmp_path / "t.csv.zip")


def test_a_point_beside_decimal_commas_is_refused(tmp_path):
    path = write(tmp_path, b"a;b\n4.282;0,1\n999;1,5\n")
    with pytest.raises(DataError, match=r"'a' holds '4\.282' beside decimal commas"):
        read_table(path, CsvFormat(";", decimal=","))


def test_text_stays_as_it_is_spelt(tmp_path):
    path = write(tmp_path, b"a,b,c\n01,TRUE,NA\n1.0,1e5,\nNA,,x\n")
    found = read_table(path, texts={"a": (), "b": (), "c": ("NA",)})
    assert found.to_dict("list") == {
        "a": ["01", "1.0", np.nan],
        "b": ["TRUE", "1e5", np.nan],
        "c": ["NA", np.nan, "x"],
    }


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n"])
def test_empty_cells_at_the_end_of_a_line_are_no_short_line(tmp_path, end):
    path = write(tmp_path, b'a,b,c\n1,"x\ny",\n2,,' + end)
    assert read_table(path)["c"].isna().tolist() == [True, True]
