"""The compiled file gives the student's bits, for every family and for all that a row may hold."""

from __future__ import annotations

import subprocess

import pytest

from hpmkd.student.packed.sorted_trees import SORTED
from hpmkd.student.packed.trees import WALKED
from hpmkd_defaults.exporters.c.file import kernel_of, to_c
from hpmkd_defaults.exporters.c.parity import as_csv, read_answers
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.parity_rows import probe_rows
from tests.plugins.exporters.c.cases import CASES, student_of
from tests.plugins.exporters.c.compiling import PROGRAM, answers, compiled, tool

#: Compilers take turns: each sees every family.
COMPILERS = ("gcc", "clang")


def given(student, n_rows=2_000):
    """Return probe rows, as a frame and as CSV."""
    rows = probe_rows(student, n_rows)
    return rows, as_csv(student, rows)


def asked(student, program, n_rows=2_000):
    """Return rows, and the labels and probabilities that a program gives them."""
    rows, text = given(student, n_rows)
    return rows, *read_answers(student, answers(program, text))


@pytest.mark.parametrize("at", range(len(CASES)), ids=[" ".join(case) for case in CASES])
def test_the_bits_of_the_student(at, tmp_path):
    student = student_of(*CASES[at])
    content = to_c(student, "student")
    level = "-O2" if "trees" in CASES[at] else "-O1"
    program = compiled(content, tmp_path, PROGRAM, level, compiler=COMPILERS[at % 2])
    rows, labels, probabilities = asked(student, program)
    check_answers(student, rows, labels, probabilities, "the program")
    assert probabilities.tobytes() == student.predict_proba(rows).tobytes()
    assert labels.tolist() == student.predict(rows).tolist()


@pytest.mark.parametrize("form", ["lone", "lone vectors"])
def test_a_lone_tree_compiles_without_a_warning(form, tmp_path):
    """Four walk at a time; gcc sees the table, and asks where the other three are."""
    student = student_of("trees", form)
    program = compiled(to_c(student, "student"), tmp_path, PROGRAM, "-O3", "-fsanitize=address")
    rows, _, probabilities = asked(student, program)
    assert probabilities.tobytes() == student.predict_proba(rows).tobytes()


@pytest.mark.parametrize("compiler", COMPILERS)
def test_optimised_and_for_this_processor(compiler, tmp_path):
    student = student_of("pooled", "times")
    flags = ("-O3", "-march=native", "-ffp-contract=off")
    program = compiled(to_c(student, "student"), tmp_path, PROGRAM, *flags, compiler=compiler)
    rows, _, probabilities = asked(student, program)
    assert probabilities.tobytes() == student.predict_proba(rows).tobytes()


def test_the_forms_of_trees_are_those_that_the_cases_say():
    forms = {form: kernel_of(student_of("trees", form)).words[3] for form in ("sorted", "walked")}
    assert forms == {"sorted": SORTED, "walked": WALKED}
    assert kernel_of(student_of("trees", "sorted vectors")).words[3] == SORTED
    assert kernel_of(student_of("trees", "perfect")).words[3] < WALKED


@pytest.mark.parametrize(
    ("family", "parts"),
    [
        ("linear", {"linear"}),
        ("tree", {"sum_of_trees"}),
        ("network", {"network", "linear"}),  # whose columns are scaled as those of a linear part
        ("additive", {"linear", "sum_of_trees"}),
        ("pooled", {"linear", "sum_of_trees", "network", "fuse_member"}),
    ],
)
def test_a_file_holds_what_its_student_needs(family, parts):
    content = to_c(student_of(family, "wine mixed"), "student")
    every = ("linear", "sum_of_trees", "network", "fuse_member", "add_sorted")
    assert {part for part in every if f"void hpmkd_{part}(" in content
            or f"float hpmkd_{part}(" in content} == parts  # fmt: skip
    assert "read_moment" not in content
    assert "read_moment" in to_c(student_of(family, "days"), "student")


@pytest.mark.parametrize("family", ["additive", "network"])
def test_only_networks_need_the_mathematical_library(family, tmp_path):
    made = compiled(to_c(student_of(family, "wine mixed"), "student"), tmp_path, "-O1", "-c")
    listed = subprocess.run([tool("nm"), "-u", made], capture_output=True, text=True).stdout
    needed = set(listed.split()) - {"U", "_GLOBAL_OFFSET_TABLE_"}
    assert needed <= {"memcpy", "memcmp", "memset", "__stack_chk_fail"} | (
        {"sqrtf"} if family == "network" else set()
    )


def test_the_same_bits_where_the_high_byte_comes_first(tmp_path):
    """On an IBM mainframe, emulated."""
    packages = "qemu-user gcc-s390x-linux-gnu libc6-dev-s390x-cross"
    emulator = tool("qemu-s390x", packages)
    cross = tool("s390x-linux-gnu-gcc", packages)
    student = student_of("pooled", "times")
    flags = (PROGRAM, "-O1", "-static", "-ffp-contract=off")
    program = compiled(to_c(student, "student"), tmp_path, *flags, compiler=cross)
    rows, text = given(student, 200)
    _, probabilities = read_answers(student, answers(emulator, text, program))
    assert probabilities.tobytes() == student.predict_proba(rows).tobytes()


SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.mark.parametrize("family", ["pooled", "trees"])
def test_sanitizers_find_nothing(family, tmp_path):
    """A pool of all families, with dates; trees that are sorted, whose leaves hold vectors."""
    student = student_of(family, "sorted vectors" if family == "trees" else "times")
    program = compiled(to_c(student, "student"), tmp_path, PROGRAM, *SANITIZERS)
    rows, _, probabilities = asked(student, program)
    assert probabilities.tobytes() == student.predict_proba(rows).tobytes()


def test_valgrind_finds_nothing(tmp_path):
    student = student_of("pooled", "odd names")
    program = compiled(to_c(student, "student"), tmp_path, PROGRAM, "-g", "-O1")
    valgrind = [tool("valgrind"), "-q", "--error-exitcode=9", "--track-origins=no", program]
    done = subprocess.run(valgrind, input=given(student, 50)[1], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
