"""The file by itself: what it needs, what it defines, what it answers to."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
from glob import glob
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hpmkd.testing.datasets import dated, real_problem
from hpmkd.testing.students import fitted_student, known_student, odd_student
from hpmkd_defaults.exporters.python.parity import run_source
from hpmkd_defaults.exporters.python.source import to_python

STANDARD = {
    *("__future__", "array", "collections.abc", "csv", "datetime", "decimal", "inspect", "math"),
    *("numbers", "numpy", "operator", "re", "sys", "typing"),
}


def sources():
    frame, target = dated()
    yield to_python(odd_student("pooled"))  # has all parts but those of moments
    yield to_python(fitted_student("additive", frame, target))
    yield to_python(known_student("tree", "wine", False))


def test_python_3_8_reads_it_and_it_needs_the_standard_library_alone():
    for source in sources():
        tree = ast.parse(source, feature_version=(3, 8))
        nodes = list(ast.walk(tree))
        imported = {
            name.name for node in nodes if isinstance(node, ast.Import) for name in node.names
        }
        imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        assert imported <= STANDARD
        assert "\t" not in source
        assert all(line.isprintable() for line in source.split("\n"))


def test_every_name_in_it_is_known(tmp_path):
    for at, source in enumerate(sources()):
        (tmp_path / f"student_{at}.py").write_text(source, "utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A student, its file, and rows as CSV."""
    frame, target = dated()
    student = fitted_student("pooled", frame, np.where(target, "yes", "no"))
    folder = tmp_path_factory.mktemp("python")
    (folder / "student.py").write_text(to_python(student), "utf-8")
    frame.to_csv(folder / "rows.csv", index=False)
    return student, folder


def run(folder, rows, python=sys.executable):
    """Answer rows on a command line, without NumPy, every warning an error."""
    command = [python, "-I", "-S", "-W", "error", str(folder / "student.py")]
    return subprocess.run(command, input=rows.encode(), capture_output=True, check=False)


def test_a_csv_file_is_answered_without_numpy(written):
    student, folder = written
    done = run(folder, (folder / "rows.csv").read_text("utf-8"))
    assert done.returncode == 0, done.stderr.decode()
    table = pd.read_csv(folder / "rows.csv")
    answers = pd.read_csv(io.BytesIO(done.stdout))
    assert list(answers) == ["prediction", "p_no", "p_yes"]
    assert answers["prediction"].tolist() == student.predict(table).tolist()
    np.testing.assert_allclose(answers.iloc[:, 1:], student.predict_proba(table), atol=1e-12)


def test_a_row_that_cannot_be_read_is_an_error_that_names_its_line(written):
    done = run(written[1], "x,when,job,until\n1,2024-03-01,a,\n1,soon,a,\n")
    assert done.returncode == 1
    assert done.stdout.decode().count("\n") == 2
    assert done.stderr.decode().startswith("line 3: column 'when' holds 'soon', expected a date")


HEADER = "x,when,job,until"


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("x,when\n1,2024-03-01\n", "line 1: columns are lacking: 'job', 'until'"),
        ("", "line 0: the file is empty"),
        (f"{HEADER},x\n", "line 1: column 'x' appears twice"),
        (f"{HEADER}\n1,2024-03-01,a\n", "line 2: there are 3 cells, expected 4"),
        (f"{HEADER}\n\n1,5,2024-03-01,a,\n", "line 3: there are 5 cells, expected 4"),
        (f'{HEADER}\n1,2024-03-01,a,"\n', "line 2: unexpected end of data"),
    ],
)
def test_a_file_that_is_no_table_is_refused(written, rows, complaint):
    done = run(written[1], rows)
    assert (done.returncode, done.stdout.count(b"\n")) == (1, HEADER in rows and ",x" not in rows)
    assert done.stderr.decode().startswith(complaint)


def test_a_file_may_be_named(written):
    folder = written[1]
    command = [sys.executable, "-I", "-S", str(folder / "student.py")]
    named = subprocess.run([*command, str(folder / "rows.csv")], capture_output=True, check=True)
    assert named.stdout == run(folder, (folder / "rows.csv").read_text("utf-8")).stdout
    lacking = subprocess.run([*command, "none.csv"], capture_output=True, text=True, check=False)
    assert lacking.returncode == 1
    assert lacking.stderr.startswith("cannot be read or written: ")
    (folder / "latin.csv").write_bytes(b"\xff")
    other = subprocess.run([*command, str(folder / "latin.csv")], capture_output=True, check=False)
    assert other.stderr.startswith(b"the file is not UTF-8")


def oldest():
    """The path of a Python 3.8, or None."""
    for path in (*glob(f"{Path.home()}/.pyenv/versions/3.8*/bin/python"), "python3.8"):
        if (
            shutil.which(path)
            and not subprocess.run([path, "--version"], capture_output=True).returncode
        ):
            return path
    return None


OLDEST = oldest()


@pytest.mark.skipif(OLDEST is None, reason="needs Python 3.8, as python3.8 or of pyenv")
def test_python_3_8_runs_it(written):
    student, folder = written
    answers = run(folder, (folder / "rows.csv").read_text("utf-8"), OLDEST)
    assert answers.stderr.decode() == ""
    table, found = pd.read_csv(folder / "rows.csv"), pd.read_csv(io.BytesIO(answers.stdout))
    np.testing.assert_allclose(found.iloc[:, 1:], student.predict_proba(table), atol=1e-12)
    frame, _ = dated()
    zoned = frame.assign(when=frame["when"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    answers = run(folder, zoned.to_csv(index=False), OLDEST)
    assert pd.read_csv(io.BytesIO(answers.stdout)).equals(found)


@pytest.fixture(scope="module")
def mixed():
    student = known_student("boosted", "wine", True)
    return student, run_source(to_python(student)), real_problem("wine", mixed=True).table


def test_rows_come_in_many_forms(mixed):
    student, module, table = mixed
    expected = student.predict_proba(table)
    records = table.to_dict("records")
    forms = {
        "frame": table,
        "rows": records,
        "iterator": iter(records),
        "lists": [list(row.values()) for row in records],
        "columns": {name: table[name].tolist() for name in table},
        "arrays": {name: table[name].to_numpy() for name in reversed(table.columns)},
        "objects": table.to_numpy(dtype=object),
        "masked": {name: np.ma.array(table[name].to_numpy()) for name in table},
    }
    for form, rows in forms.items():
        found = module["predict_proba_many"](rows)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12, err_msg=form)
    assert [module["predict"](row) for row in records] == student.predict(table).tolist()


def test_no_rows_are_no_answers(mixed):
    _, module, table = mixed
    assert module["predict_proba_many"]([]).shape == (0, 3)
    assert module["predict_proba_many"](table.iloc[:0]).shape == (0, 3)


def test_more_rows_than_numpy_answers_at_a_time(mixed):
    student, module, table = mixed
    many = table.iloc[np.arange(10_000) % len(table)]
    found = module["predict_proba_many"](many)
    np.testing.assert_allclose(found, student.predict_proba(many), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (
            [{"column 0": "low"}],
            ValueError,
            "columns are lacking: 'column 1', 'column 2', .*see COLUMNS",
        ),
        ({"column 0": ["low"]}, ValueError, "columns are lacking: 'column 1'"),
        ([[1, 2]], ValueError, "a row has 2 cells, expected 6: see COLUMNS"),
        (np.ones((3, 2)), ValueError, "a row of the array has 2 cells, expected 6"),
        (["low"], TypeError, "a row is a str, expected a dict"),
        ({f"column {j}": ["1"] * (1 + j) for j in range(6)}, ValueError, "differ in length"),
        ({f"column {j}": 1.0 for j in range(6)}, TypeError, "column 'column 0' is 1.0, expected"),
    ],
)
def test_rows_of_another_form_are_refused(mixed, rows, error, message):
    with pytest.raises(error, match=message):
        mixed[1]["predict_proba_many"](rows)
