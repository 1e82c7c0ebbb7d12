"""The program of the file reads CSV as hpmkd predict does, and answers with the same lines."""

from __future__ import annotations

import math
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.errors import HpmkdError
from hpmkd.student import Schema, Student
from hpmkd.student.columns.moments import NO_MOMENT, moment_of
from hpmkd.student.columns.spelling import number_of
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.c.file import to_c
from tests.plugins.exporters.c.compiling import PROGRAM, answers, compiled


@pytest.fixture(scope="module")
def student(people):
    """A student on numbers, texts, categories, truth values and dates."""
    rows = people.drop(columns="bought").astype({"size": object})
    rows["since"] = np.datetime64("2021-03-01T10:00", "us") + np.arange(150) * np.timedelta64(7, "h")
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
        (f"{HEADER}\n\n1,two,Oslo,S,True,\n", "line 3: column 'children' holds 'two', expected a nu"),
        (f"{HEADER}\n1,0x2,Oslo,S,True,\n", "line 2: column 'children' holds '0x2', expected a num"),
        (f"{HEADER}\n1,2,Oslo,S,True,1.5.2022\n", "line 2: column 'since' holds '1.5.2022', expec"),
        (f'{HEADER}\n1,2,"Oslo,S,True,\n', "line 3: the file ends within quotes"),
        (f"{HEADER}\n1,2,{'x' * 2**20}x,S,True,\n", "line 2: a cell has more than 1048576 bytes"),
        (b"\xef\xbf\xbf", "line 1: the file is not UTF-8"),
    ],
    ids="empty twice lacking short long text hex date quote longest mark".split(),
)
def test_what_cannot_be_read_is_refused_by_line_and_column(program, student, text, message, tmp_path):
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
    rows = pd.DataFrame({"a": np.linspace(0, 1, 60), "": ["01", "TRUE"] * 30, "NA": ["x", "?"] * 30})
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


DRIVER = """
#define main unused
#include "student.c"
#undef main
int main(int n, char **arguments)
{
    double value;
    (void)unused, (void)n;
    input = stdin;
    while (read_cell() != END_OF_FILE) {
        const int known = *arguments[1] == 'd' ? read_date(&value) : read_number(&value);
        if (known)
            printf("%.17g\\n", value);
        else
            puts("none");
        line++;
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A program that reads cells, a line each, as numbers or as dates."""
    folder = tmp_path_factory.mktemp("cells")
    (folder / "student.c").write_text(to_c(fitted_student("tree", *dated()), "student"))
    flags = (PROGRAM, f"-I{folder}", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=all")
    return compiled(DRIVER, folder, *flags, name="driver")


def read(reader, kind, texts):
    lines = answers(reader, "".join(f'"{text}"\n' for text in texts).encode(), kind).decode().split()
    return [None if line == "none" else float(line) for line in lines]


def same(found, expected):
    return found == expected or (None not in (found, expected) and found != found and expected != expected)


def test_numbers_are_read_as_python_reads_them(reader):
    rng = np.random.default_rng(0)
    texts = "1 -1.5e3 +.5 5. 1e 1e+ 0x10 1_0 inf -Infinity INF nan -nan +NaN NA true TRUE False".split()
    texts += "1e999 -1e999 1e-400 --1 infinit n/a <NA> 1.#IND e5 . + - 1_2 nan(1) 00012 None".split()
    texts += [" 1 ", "\t2 ", " NA ", " true", "1 2", "#N/A N/A"]
    texts += ["".join(rng.choice(list("0123456789.eE+- infaNx"), rng.integers(1, 7))) for _ in range(3000)]
    texts += [repr(float(x)) for x in rng.normal(size=500) * 10.0 ** rng.integers(-300, 300, 500)]

    def known(text):
        try:
            return number_of(text)
        except ValueError:
            return None

    for text, found in zip(texts, read(reader, "numbers", texts), strict=True):
        assert same(found, known(text)), text


def known_moment(text):
    try:
        moment = moment_of(text)
    except NO_MOMENT:
        return None
    if moment is None:
        return math.nan
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400 + since.seconds + since.microseconds / 10**6


def test_dates_are_read_as_python_reads_them(reader):
    rng = np.random.default_rng(0)
    texts = [
        *("2024-02-29", "2023-02-29", "0001-01-01", "0000-01-01", "9999-12-31T23:59:59.999999"),
        *("0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "2024-13-01", "2024-04-31", " NA "),
        *("2024-03-01T", "2024-03-01T24:00", "2024-03-01T12:60", "2024-03-01t12:00", "20240301"),
        *("2024-03-01T12:30:45.1234567", "2024-03-01 12", "2024-03-01T1230Z", "2024-03-01T12:30z"),
        *("2024-03-01T12:30+0200", "2024-03-01T12:30+02", "2024-03-01T12:30+24:00", "2024-3-1"),
        *("2024-03-01T12:30+23:59:59", "2024-03-01  12:30", "2024-03-01T12:3045", "2024-W01-1"),
        *("", "NaN", " 2024-03-01", "2024-03-01 ", "2024-03-01T12:30:45,5", "-024-03-01", "2024"),
    ]
    for _ in range(2_000):
        seconds = int(rng.integers(0, 3_652_059 * 86_400))
        moment = datetime(1, 1, 1) + timedelta(0, seconds, int(rng.integers(10**6)))
        precision = rng.choice(["hours", "minutes", "seconds", "milliseconds", "microseconds"])
        text = moment.isoformat(str(rng.choice(["T", " "])), str(precision))
        texts.append(text + str(rng.choice(["", "Z", "+02:00", "-05:30", "+0545", "-11"])))
    for text, found in zip(texts, read(reader, "dates", texts), strict=True):
        assert same(found, known_moment(text)), text
