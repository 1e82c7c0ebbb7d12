"""The statements of docs/exporters-c.md on the file are true."""

from __future__ import annotations

import re
from pathlib import Path

from hpmkd.student.packed.sorted_trees import MOST_LEAVES
from hpmkd.testing.students import known_student
from hpmkd_defaults.exporters.c.file import to_c, to_header
from hpmkd_defaults.exporters.parity_rows import N_ROWS

PAGE = (Path(__file__).parents[4] / "docs" / "exporters-c.md").read_text("utf-8")


def test_the_functions_are_those_of_the_header():
    found = to_header(known_student("tree", "wine", mixed=True), "student")
    shown = re.search(r"```c\n(#define STUDENT_COLUMNS.*?)```", PAGE, re.S)[1]
    assert re.findall(r"^\w.*;$", shown, re.M) == re.findall(r"^(?!typedef)\w.*;$", found, re.M)


def test_the_numbers_are_those_of_the_file():
    found = to_c(known_student("tree", "wine", mixed=True), "student")
    for name in ("LONGEST_CELL", "MOST_CELLS"):
        limit = int(re.search(rf"#define STUDENT_{name} (\d+)", found)[1])
        assert f"{limit:,}" in PAGE
        assert f"-DSTUDENT_{name}=" in PAGE
    assert f"{N_ROWS:,} rows made for" in PAGE
    assert f"at most {MOST_LEAVES} leaves" in PAGE
