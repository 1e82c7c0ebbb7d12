"""Rivals that need an environment of their own: made once, run in a process of its own.

Rows go there as files, probabilities of the test rows and a few figures come back. What cannot be
installed, or fails, is a line with its error; a benchmark never stops for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.students.data import Problem
from hpmkd.student.encoders.sklearn import TableEncoder

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Isolated:
    """A program in an environment.

    Parameters
    ----------
    name : str
        Of the folder that holds the environment.
    requirements : sequence of str
        What pip installs there, with no more than a minute or two.
    script : str
        Beside this file; empty where a benchmark has a program of its own.
    alone : sequence of str
        What pip installs without its dependencies, after the others.
    """

    name: str
    requirements: Sequence[str]
    script: str = ""
    alone: Sequence[str] = ()


ISOLATED = {
    "autogluon distill": Isolated(
        "autogluon", ["autogluon.tabular[lightgbm,xgboost]==1.6.3"], "isolated_autogluon.py"
    ),
    "deepbridge": Isolated(
        "deepbridge", ["deepbridge-distillation==2.0.0"], "isolated_deepbridge.py"
    ),
}
INSTALL_SECONDS, RUN_SECONDS = 1800, 900


class IsolationError(Exception):
    """An environment that could not be made, or a program that failed in it: the last output."""


def python_of(program: Isolated, folder: Path) -> Path:
    """Return the interpreter of a program's environment, which is made if it is missing."""
    environment = folder / "environments" / program.name
    python = environment / "bin" / "python"
    ready = environment / "installed"
    if not ready.exists():
        _call([sys.executable, "-m", "venv", str(environment)], INSTALL_SECONDS)
        pip = [str(python), "-m", "pip", "install", "-q"]
        _call([*pip, *program.requirements], INSTALL_SECONDS)
        if program.alone:
            _call([*pip, "--no-deps", *program.alone], INSTALL_SECONDS)
        ready.touch()
    return python


def isolated(program: Isolated, problem: Problem, folder: Path) -> tuple[np.ndarray, dict]:
    """Return a program's probabilities of the test rows, and its figures.

    Raises
    ------
    IsolationError
        With the last line that it wrote.
    """
    python = python_of(program, folder)
    with tempfile.TemporaryDirectory() as name:
        exchange = Path(name)
        _write(problem, exchange)
        _call([str(python), "-P", str(HERE / program.script), name], RUN_SECONDS)
        facts = json.loads((exchange / "facts.json").read_text("utf-8"))
        return np.load(exchange / "test.npy").astype(np.float64), facts


def _write(problem: Problem, folder: Path) -> None:
    """Write the rows raw, as CSV, and encoded, as arrays."""
    training, test = problem.training, problem.test
    training.table.assign(label=training.labels).to_csv(folder / "training.csv", index=False)
    test.table.to_csv(folder / "test.csv", index=False)
    encoder = TableEncoder("tree").fit(training.table)
    np.savez(
        folder / "encoded.npz",
        training=encoder.transform(training.table),
        labels=training.labels,
        test=encoder.transform(test.table),
    )


def _call(command: list[str], seconds: int) -> None:
    """Run a command on one thread, without the variables of this process's environment."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise IsolationError(f"stopped after {seconds} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise IsolationError(lines[-1][:200])
