"""The ways to serve a student: the files of each target, and the process that answers by them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
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
    student: hpmkd.Student, rows: Rows, folder: Path, runtime: Path
) -> tuple[list[Target], dict[str, str]]:
    """Write a student for every target, and return those; of those that fail, why.

    Parameters
    ----------
    student : Student
    rows : Rows
        What the targets answer.
    folder : Path
        Where all is written.
    runtime : Path
        Where hpmkd-runtime is installed.
    """
    rows.write(folder)
    student.save(folder / "student.hpmkd")
    found = [
        _by_student("hpmkd, numba", student, folder, runtime, "hpmkd", "numba"),
        _by_student("hpmkd, C kernel", student, folder, runtime, "hpmkd", "c"),
        _by_student("hpmkd-runtime", student, folder, runtime, "hpmkd_runtime", "c"),
    ]
    missing = {}
    for name, make in EXPORTS.items():
        try:
            found.append(make(student, folder))
        except (ExportError, FileNotFoundError) as error:
            missing[name] = str(error)
    return found, missing


def _by_student(
    name: str, student: hpmkd.Student, folder: Path, runtime: Path, module: str, kernels: str
) -> Target:
    environment = ["env", f"HPMKD_KERNELS={kernels}", f"PYTHONPATH={runtime}"]
    command = [*environment, sys.executable, str(PROBES / "student.py"), f"{module}.student"]
    needs = "NumPy" if module == "hpmkd_runtime" else "hpmkd"
    return Target(name, folder, student.n_bytes, command, needs)


def _onnx(student: hpmkd.Student, folder: Path, inputs: str) -> Target:
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
    compiler = "gcc -std=c99 -O2 -ffp-contract=off compiled.c -o compiled -lm"
    subprocess.run(compiler.split(), cwd=folder, check=True)
    size = path.stat().st_size
    return Target("C, compiled", folder, size, ["./compiled", "cells.bin"], "nothing")


def _sql(student: hpmkd.Student, folder: Path, dialect: str) -> Target:
    path = folder / f"{dialect}.sql"
    hpmkd.export(student, "sql", path, settings={"dialect": dialect})
    command = [sys.executable, str(PROBES / "sql.py"), dialect, path.name]
    return Target(f"SQL, {dialect}", folder, path.stat().st_size, command, dialect)


EXPORTS: dict[str, Callable[[hpmkd.Student, Path], Target]] = {
    "C": _c,
    "Python": _python,
    "JavaScript": _js,
    "ONNX": partial(_onnx, inputs="columns"),
    "ONNX of one input": partial(_onnx, inputs="matrix"),
    "SQL of SQLite": partial(_sql, dialect="sqlite"),
    "SQL of DuckDB": partial(_sql, dialect="duckdb"),
}
