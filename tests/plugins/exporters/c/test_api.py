"""The functions of the file, from C++, from Python, and two files in one program."""

from __future__ import annotations

import ctypes
import math
import runpy
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hpmkd.testing.students import known_student, odd_student
from hpmkd_defaults.exporters.c.file import to_c, to_header
from tests.plugins.exporters.c.compiling import STRICT, answers, compiled, tool

EXAMPLE = Path(__file__).parents[4] / "examples" / "c_by_ctypes.py"


def library(student, folder, *flags):
    path = compiled(to_c(student, "student"), folder, "-fPIC", "-shared", *flags)
    loaded = ctypes.CDLL(str(path))
    loaded.student_category.restype = ctypes.c_double
    for name in ("label", "column"):
        getattr(loaded, f"student_{name}").restype = ctypes.c_void_p
        getattr(loaded, f"student_{name}_length").restype = ctypes.c_size_t
    return loaded


@pytest.fixture(scope="module")
def odd():
    return odd_student("tree")


@pytest.fixture(scope="module")
def loaded(odd, tmp_path_factory):
    return library(odd, tmp_path_factory.mktemp("c"))


def text_of(loaded, name, at):
    address = getattr(loaded, f"student_{name}")(at)
    length = getattr(loaded, f"student_{name}_length")(at)
    if address is None:
        assert length == 0
        return None
    found = ctypes.string_at(address, length + 1)
    assert found[-1:] == b"\0"
    return found[:-1].decode()


def test_labels_and_names_whatever_they_hold(odd, loaded):
    labels, names = odd.classes.tolist(), odd.encoder.schema.names
    assert [text_of(loaded, "label", at) for at in range(-1, len(labels) + 1)] == [
        None,
        *labels,
        None,
    ]
    assert [text_of(loaded, "column", at) for at in range(-1, len(names) + 1)] == [
        None,
        *names,
        None,
    ]


def test_codes_of_categories_whatever_they_hold(odd, loaded):
    def code(column, text):
        content = text.encode()
        return loaded.student_category(column, content, ctypes.c_size_t(len(content)))

    for at, column in enumerate(odd.encoder.schema.columns[:3]):
        for text, expected in column.codes.items():
            assert code(at, text) == expected
        for text in ("", "x", "x" * 9_999, "x" * 10_001, "nobody", "A-", "A-Ba", "\x00\x00"):
            assert math.isnan(code(at, text)) == (text not in column.codes)
    assert all(math.isnan(code(at, "1")) for at in (-1, 2, 10**6))


@pytest.mark.parametrize("problem", ["breast_cancer", "wine"])
def test_a_code_is_that_of_the_largest_probability(problem, tmp_path):
    student = known_student("pooled", problem, mixed=True)
    loaded = library(student, tmp_path)
    rng = np.random.default_rng(0)
    out = np.empty(len(student.classes))
    for cells in np.column_stack([rng.integers(0, 3, 50), rng.normal(size=(50, 5)) * 10]):
        loaded.student_probabilities(
            cells.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p)
        )
        assert loaded.student_code(cells.ctypes.data_as(ctypes.c_void_p)) == out.argmax()
        assert out.tobytes() == student.packed.probabilities(cells).tobytes()


CALLER = """
#include <cstdio>
#include "first.h"
#include "second.h"
int main()
{
    const double cells[FIRST_COLUMNS] = {};
    double out[FIRST_CLASSES > SECOND_CLASSES ? FIRST_CLASSES : SECOND_CLASSES];
    first_probabilities(cells, out);
    second_probabilities(cells, out);
    std::printf("%s %s\\n", first_label(first_code(cells)), second_label(second_code(cells)));
}
"""


@pytest.mark.parametrize(("cc", "cxx"), [("gcc", "g++"), ("clang", "clang++")])
def test_two_students_in_a_program_of_cpp(cc, cxx, tmp_path):
    students = {"first": known_student("tree", "wine", mixed=True),
                "second": known_student("linear", "breast_cancer", mixed=True)}  # fmt: skip
    objects, codes = [], []
    for name, student in students.items():
        content = to_c(student, name)
        objects.append(compiled(content, tmp_path, "-c", compiler=cc, name=name))
        (tmp_path / f"{name}.h").write_text(to_header(student, name), "utf-8")
        codes.append(student.classes[student.packed.code(np.zeros(6, student.packed.dtype))])
    (tmp_path / "main.cpp").write_text(CALLER)
    program = tmp_path / "main"
    command = [tool(cxx), "-std=c++11", *STRICT, tmp_path / "main.cpp", *objects, "-o", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert answers(program).decode().split() == codes


def test_the_source_goes_with_its_header(tmp_path):
    student = known_student("network", "wine", mixed=True)
    content = (
        to_header(student, "student") + to_c(student, "student") + to_header(student, "student")
    )
    compiled(content, tmp_path, "-c")


def test_fast_mathematics_are_refused(tmp_path):
    source = tmp_path / "student.c"
    source.write_text(to_c(known_student("tree", "wine", mixed=True), "student"))
    command = [tool("gcc"), "-ffast-math", "-c", source, "-o", tmp_path / "student.o"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "compile without -ffast-math" in done.stderr


def test_the_example_runs(capsys, monkeypatch):
    tool("cc", "gcc")
    runpy.run_path(str(EXAMPLE))
    assert len(capsys.readouterr().out.splitlines()) == 5
