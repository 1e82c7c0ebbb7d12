"""Benchmarks take hours and are not run here; that they can start is little enough to ask."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"


def test_every_benchmark_can_be_imported():
    names = sorted(path.stem for path in FOLDER.glob("*.py"))
    assert "chain" in names
    code = f"import importlib; [importlib.import_module(name) for name in {names}]"
    path = os.pathsep.join([str(FOLDER), *sys.path])
    command = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
