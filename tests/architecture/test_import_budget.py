from __future__ import annotations

import pytest

from hpmkd.testing.students import known_student

HEAVY = ("numba", "sklearn", "xgboost", "optuna", "pandas", "scipy", "onnx", "onnxruntime")
RUN = """
import contextlib, io, sys
from hpmkd.cli import cli
with contextlib.redirect_stdout(io.StringIO()):
    cli({arguments!r}, standalone_mode=False)
"""


@pytest.mark.parametrize(
    "source",
    [
        "import hpmkd, sys; dir(hpmkd)",
        "from hpmkd import Offer, hookimpl; import sys",
        "from hpmkd import Registry; import sys; Registry.installed().require_sound()",
        RUN.format(arguments=["--help"]),
        RUN.format(arguments=["--version"]),
        RUN.format(arguments=["plugins"]),
        RUN.format(arguments=["recipe", "show", "hpm"]),
        RUN.format(arguments=["recipe", "list"]),
        RUN.format(arguments=["runs", "hpmkd"]),
        RUN.format(arguments=["distill", "--help"]),
        RUN.format(arguments=["predict", "--help"]),
        RUN.format(arguments=["evaluate", "--help"]),
        RUN.format(arguments=["demo", "--help"]),
        RUN.format(arguments=["export", "--help"]),
    ],
)
def test_what_needs_nothing_heavy_loads_nothing_heavy(in_fresh_process, source):
    loaded = f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    assert in_fresh_process(f"{source}\n{loaded}") == "[]"


#: What reading a student and answering need not: who fits, draws, writes and compiles does.
UNUSED = ("numba", "multiprocessing", "subprocess", "tempfile", "pathlib", "hpmkd.values")
UNUSED += ("hpmkd.contracts", "hpmkd.student.combine", "hpmkd.student.drift.sketch")


def test_a_student_that_answers_needs_numpy_and_little_else(in_fresh_process, tmp_path):
    known_student("tree", "wine", mixed=False).save(tmp_path / "s.hpmkd")
    source = (
        "import os, sys; os.environ['HPMKD_KERNELS'] = 'numpy'; import numpy\n"
        "before = set(sys.modules)\nfrom hpmkd.student import Student\n"
        "Student.load(sys.argv[1]).predict_proba(numpy.zeros((2, 6)))\n"
        f"print(sorted(set({UNUSED}) & set(sys.modules) - before))"
    )
    assert in_fresh_process(source, tmp_path / "s.hpmkd") == "[]"
