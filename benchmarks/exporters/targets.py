"""What a student is served by: the files of each target, and the process that answers by them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import hpmkd
from hpmkd.errors import ExportError

if TYPE_CHECKING:
    from benchmarks.exporters.probe import Rows

PROBES = Path(__file__).parent / "probes"


class Target(NamedTuple):
    """A way to serve a student.

    Parameters
    ----------
    name : str
    folder : Path
        Where the process runs.
    size : int
        Bytes of the file.
    command : list of str
        Of the process, see :mod:`benchmarks.exporters.probe`.
    needs : str
        What is installed beside the file.
    """

    name: str
    folder: Path
    size: int
    command: list[str]
    needs: str


def targets_of(
    student: hpmkd.Student, rows: Rows, folder: Path
) -> tuple[list[Target], dict[str, str]]:
    """Write a student for every target, and return those; of those that fail, why."""
    rows.write(folder)
    student.save(folder / "student.hpmkd")
    found, missing = [], {}
    for make in MAKERS:
        try:
            found.append(make(student, folder))
        except (ExportError, FileNotFoundError) as error:
            missing[make.__name__.removeprefix("_")] = str(error)
    return found, missing


def _hpmkd_numba(student: hpmkd.Student, folder: Path) -> Target:
    return _by_student("hpmkd, numba", student, folder, "hpmkd", "numba")


def _hpmkd_c(student: hpmkd.Student, folder: Path) -> Target:
    return _by_student("hpmkd, C kernel", student, folder, "hpmkd", "c")


def _hpmkd_runtime(student: hpmkd.Student, folder: Path) -> Target:
    return _by_student("hpmkd-runtime", student, folder, "hpmkd_runtime", "c")


def _by_student(
    name: str, student: hpmkd.Student, folder: Path, module: str, kernels: str
) -> Target:
    if kernels == "c" and find_spec("hpmkd_runtime") is None:
        raise FileNotFoundError("it is not installed: pip install ./plugins/hpmkd-runtime")
    command = ["env", f"HPMKD_KERNELS={kernels}", sys.executable, str(PROBES / "student.py")]
    needs = "NumPy" if module == "hpmkd_runtime" else "hpmkd"
    return Target(name, folder, student.n_bytes, [*command, f"{module}.student"], needs)


def _onnx(student: hpmkd.Student, folder: Path) -> Target:
    return _by_onnx(student, folder, "columns")


def _onnx_matrix(student: hpmkd.Student, folder: Path) -> Target:
    return _by_onnx(student, folder, "matrix")


def _by_onnx(student: hpmkd.Student, folder: Path, inputs: str) -> Target:
    path = folder / f"{inputs}.onnx"
    hpmkd.export(student, "onnx", path, settings={"inputs": inputs})
    name = "ONNX" if inputs == "columns" else "ONNX, one input"
    command = [sys.executable, str(PROBES / "onnx_graph.py"), path.name]
    return Target(name, folder, path.stat().st_size, command, "ONNX Runtime")


def _python(student: hpmkd.Student, folder: Path) -> Target:
    path = hpmkd.export(student, "python", folder / "exported.py")
    command = [sys.executable, "-S", str(PROBES / "python_file.py"), str(folder)]
    return Target("Python", folder, path.stat().st_size, command, "Python")


def _js(student: hpmkd.Student, folder: Path) -> Target:
    path = hpmkd.export(student, "js", folder / "exported.mjs")
    shutil.copy(PROBES / "node.mjs", folder)
    size = path.stat().st_size
    return Target("JavaScript", folder, size, ["node", "node.mjs"], "Node.js or a browser")


def _c(student: hpmkd.Student, folder: Path) -> Target:
    path = hpmkd.export(student, "c", folder / "exported.c")
    shutil.copy(PROBES / "compiled.c", folder)
    compiled = [
        "gcc",
        "-std=c99",
        "-O2",
        "-ffp-contract=off",
        "compiled.c",
        "-o",
        "compiled",
        "-lm",
    ]
    subprocess.run(compiled, cwd=folder, check=True)
    size = path.stat().st_size
    return Target("C, compiled", folder, size, ["./compiled", "cells.bin"], "nothing")


def _by_sql(student: hpmkd.Student, folder: Path, dialect: str) -> Target:
    path = folder / f"{dialect}.sql"
    hpmkd.export(student, "sql", path, settings={"dialect": dialect})
    command = [sys.executable, str(PROBES / "sql.py"), dialect, path.name]
    return Target(f"SQL, {dialect}", folder, path.stat().st_size, command, dialect)


def _sqlite(student: hpmkd.Student, folder: Path) -> Target:
    return _by_sql(student, folder, "sqlite")


def _duckdb(student: hpmkd.Student, folder: Path) -> Target:
    return _by_sql(student, folder, "duckdb")


MAKERS: tuple[Callable[[hpmkd.Student, Path], Target], ...] = (
    *(_hpmkd_numba, _hpmkd_c, _hpmkd_runtime, _c, _python, _js),
    *(_onnx, _onnx_matrix, _sqlite, _duckdb),
)
