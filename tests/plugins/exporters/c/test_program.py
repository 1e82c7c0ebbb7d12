"""The program of the file reads CSV as hpmkd predict does, and answers with the same lines."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.errors import HpmkdError
from hpmkd.student import Schema, Student
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.c.file import to_c
from tests.plugins.exporters.c.compiling import PROGRAM, answers, compiled


@pytest.fixture(scope="module")
def student(people):
    """A student on numbers, texts, categories, truth values and dates."""
    rows = people.drop(columns="bought").astype({"size": object})
    rows["since"] = np.datetime64("2021-03-01T10:00", "us") + np.arange(150) * np.timedelta64(
        7, "h"
    )
    return fitted_student("additive", rows, people["bought"])


@pytest.fixture(scope="module")
def program(student, tmp_path_factory):
    return compiled(to_c(student, "student"), tmp_path_factory.mktemp("c"), PROGRAM, "-O1")


HEADER = "age,children,city,size,member,since"
LINES = (
    "41.5,2,Oslo,S,True,2022-01-01T12:30:00",
    ",,,,,",
    "NA,1,Nowhere,XL,false,2022-01-01",
    '"1e3","-2","Lima","M","TRUE","2022-06-30 23:59:59.123456+05:30"',
    "39.94999999999999,0,Pune,L,0,2024-02-29T00:00Z",
)


def predicted(student, text, tmp_path):
    """Return what hpmkd predict writes for a CSV file, or None if it refuses the file."""
    path, model = tmp_path / "new.csv", tmp_path / "student.hpmkd"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    student.save(model)
    result = CliRunner().invoke(cli, ["predict", str(model), str(path)])
    if result.exit_code:
        assert isinstance(result.exception, HpmkdError | SystemExit)
        return None
    return result.stdout


BODY = "\n".join(LINES) + "\n"
SHUFFLED = "city,note,since,age,member,size,children"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{BODY}",
        f"{HEADER}\r\n{BODY}".replace("\n", "\r\n").replace("\r\r", "\r"),
        b"\xef\xbb\xbf" + f"{HEADER}\n{BODY}".encode(),
        f"{HEADER}\n\n{BODY}\n\n",
        f"{HEADER}\n{BODY}".rstrip("\n"),
        f"{HEADER}\n",
        f'{SHUFFLED}\nOslo,"a ""b"", and\na line, more",2022-01-01,40,true,S,1\nLima,,,,,,\n',
        f'"{HEADER.replace(",", chr(34) + "," + chr(34))}"\n{BODY}',
    ],
    ids=["plain", "CRLF", "mark", "blank lines", "cut off", "no rows", "any order", "quotes"],
)
def test_the_lines_of_hpmkd_predict(student, program, text, tmp_path):
    given = text.encode() if isinstance(text, str) else text
    assert answers(program, given).decode() == predicted(student, text, tmp_path)


def test_a_file_is_named_or_comes_by_stdin(program, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(f"{HEADER}\n{BODY}")
    assert answers(program, b"", path) == answers(program, path.read_bytes())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file is empty: expected a line with the names"),
        (f"{HEADER},age\n", "line 1: column 'age' appears twice"),
        ("age,children,city,size,member\n", "line 1: there is no column 'since': expected all"),
        (f"{HEADER}\n{BODY}1,2,Oslo,S,True\n", "line 7: there are 5 cells, expected 6"),
        (f"{HEADER}\n1,2,Oslo,S,True,,\n", "line 2: there are 7 cells, expected 6"),
        (
            f"{HEADER}\n\n1,two,Oslo,S,True,\n",
            "line 3: column 'children' holds 'two', expected a nu",
        ),
        (
            f"{HEADER}\n1,0x2,Oslo,S,True,\n",
            "line 2: column 'children' holds '0x2', expected a num",
        ),
        (f"{HEADER}\n1,2,Oslo,S,True,1.5.2022\n", "line 2: column 'since' holds '1.5.2022', expec"),
        (f'{HEADER}\n1,2,"Oslo,S,True,\n', "line 3: the file ends within quotes"),
        (f"{HEADER}\n1,2,{'x' * 2**20}x,S,True,\n", "line 2: a cell has more than 1048576 bytes"),
        (b"\xef\xbf\xbf", "line 1: the file is not UTF-8"),
    ],
    ids=[
        *("empty", "twice", "lacking", "short", "long", "text", "hex", "date", "quote"),
        *("longest", "mark"),
    ],
)
def test_what_cannot_be_read_is_refused_by_line_and_column(
    program, student, text, message, tmp_path
):
    given = text.encode() if isinstance(text, str) else text
    done = subprocess.run([program], input=given, capture_output=True, text=False)
    assert (done.returncode, done.stderr.decode()[: len(message)]) == (3, message)
    if "bytes" not in message:
        assert predicted(student, text, tmp_path) is None


def test_a_wrong_call_is_refused(program, tmp_path):
    for arguments in ([tmp_path / "none.csv"], ["a", "b"], ["--help"]):
        done = subprocess.run([program, *arguments], capture_output=True)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.decode().startswith(("usage:", str(tmp_path)))


def test_output_that_cannot_be_written_is_an_error(program):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([program], input=f"{HEADER}\n{BODY}".encode(), stdout=full, stderr=-1)
    assert (done.returncode, done.stderr) == (7, b"the output cannot be written\n")


@pytest.mark.parametrize("labels", [["no", 'a "b",\nc'], [3, -5], [0.5, 2.0], [False, True]])
def test_labels_of_any_type(labels, tmp_path):
    rows = pd.DataFrame(
        {"a": np.linspace(0, 1, 60), "": ["01", "TRUE"] * 30, "NA": ["x", "?"] * 30}
    )
    rows = rows.rename(columns={"": "Unnamed: 1"})
    student = fitted_student("tree", rows, np.array(labels)[(rows["a"] > 0.4).to_numpy(int)])
    program = compiled(to_c(student, "student"), tmp_path, PROGRAM)
    text = "a,,NA\n" + "".join(f"{k / 7},0{k % 2},{'x?'[k % 2]}\n" for k in range(7))
    assert answers(program, text.encode()).decode() == predicted(student, text, tmp_path)


def test_texts_that_stand_for_missing_cells(tmp_path):
    rows = pd.DataFrame({"a": [1.0, 2, np.nan, 4] * 10, "b": ["", "NA", "x", None] * 10})
    known = fitted_student("tree", rows, np.isnan(rows["a"]))
    schema = Schema.fit(rows, missing={"a": ("?", "-1 °C")})
    student = Student(replace(known.encoder, schema=schema), known.model, known.classes)
    program = compiled(to_c(student, "student"), tmp_path, PROGRAM)
    text = "a,b\n?,x\n-1 °C,x\n,x\n-2,NA\n"
    assert answers(program, text.encode()).decode() == predicted(student, text, tmp_path)


def test_a_student_of_arrays_reads_columns_in_their_order(tmp_path):
    rng = np.random.default_rng(0)
    student = fitted_student("tree", rng.normal(size=(200, 2)), rng.integers(0, 2, 200))
    program = compiled(to_c(student, "student"), tmp_path, PROGRAM)
    for header in ("x0,x1", "x1,x0", "width,width"):
        text = f"{header}\n-2,2\n1,-1\n"
        assert answers(program, text.encode()).decode() == predicted(
            student, "a,b\n-2,2\n1,-1\n", tmp_path
        )
    refused = subprocess.run([program], input=b"a,b,c\n1,2,3\n", capture_output=True, check=False)
    assert refused.stderr == b"line 1: there are 3 columns, expected 2\n"
