"""The libraries that run the script: how they are imported, where they are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.deepbridge.data import Rows
from benchmarks.rivals.isolated import Isolated, IsolationError, python_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: The line of the script that is another one for each library.
OURS = "from hpmkd.deepbridge import AutoDistiller, DBDataset, ModelType"
#: Versions for both wheels, where theirs leave the choice.
LIBRARIES = ("numpy==2.0.2", "pandas==2.2.2", "scikit-learn==1.8.0", "xgboost==3.2.0")
LIBRARIES += ("optuna==4.7.0",)
RUN_SECONDS = 600


@dataclass(frozen=True)
class Library:
    """A library that runs the script.

    Parameters
    ----------
    imports : str
        Takes the place of our line in the script.
    methods : sequence of str
        That it runs.
    environment : Isolated, optional
        Where it is installed; None for this interpreter.
    """

    imports: str
    methods: Sequence[str]
    environment: Isolated | None = None


OLD = Isolated("deepbridge-1.63", ("deepbridge==1.63.0", *LIBRARIES))
NEW = Isolated(
    "deepbridge-2.0",
    ("deepbridge==2.0.0", *LIBRARIES),
    # It declares torch, which no module of it imports.
    alone=("deepbridge-distillation==2.0.0",),
)
OLD_IMPORTS = """\
from deepbridge.core.db_data import DBDataset
from deepbridge.distillation import AutoDistiller
from deepbridge.utils.model_registry import ModelType"""
NEW_IMPORTS = """\
from deepbridge.core.db_data import DBDataset
from deepbridge.utils.model_registry import ModelType
from deepbridge_distillation import AutoDistiller"""
#: Its package of reports imports modules that the wheel does not contain: without it, all fails.
STAND_IN = """\
import sys
import types

reports = types.ModuleType("deepbridge.core.experiment.report.report_manager")
reports.ReportManager = lambda **options: None
sys.modules[reports.__name__] = reports
"""
THEIRS = ("legacy", "legacy+knowledge_distillation", "hpm", "auto")
LIBRARIES_BY_NAME = {
    "deepbridge 1.63.0": Library(OLD_IMPORTS, ("auto",), OLD),  # for every method
    "deepbridge-distillation 2.0.0": Library(NEW_IMPORTS, THEIRS, NEW),
    "deepbridge 1.63.0 mended": Library(STAND_IN + OLD_IMPORTS, THEIRS, OLD),
    "hpmkd": Library(OURS, ("standard", "hpm", "proposal", "auto")),
}


def script_of(library: Library) -> str:
    """Return the script with the imports of a library."""
    text = (HERE / "script.py").read_text("utf-8")
    before, found, after = text.partition(OURS)
    if not found:
        raise ValueError(f"script.py has no line {OURS!r}")
    return before + library.imports + after


def ran(library: Library, method: str, rows: Rows, shuffled: bool, folder: Path) -> dict[str, Any]:
    """Run the script in a process of its own, as the first run of its user; return its facts.

    Its student's predictions for the fresh rows are the entry ``predicted``; ``half_soft`` has
    those of a student that was requested by its configuration.
    """
    with tempfile.TemporaryDirectory() as name:
        exchange = Path(name)
        (exchange / "script.py").write_text(script_of(library), encoding="utf-8")
        given = rows.shuffled() if shuffled else rows.given
        given.to_csv(exchange / "given.csv", index=False)
        rows.fresh.to_csv(exchange / "fresh.csv", index=False)
        start = time.perf_counter()
        try:
            _call(library, exchange, method, folder)
            facts = json.loads((exchange / "facts.json").read_text("utf-8"))
        except IsolationError as error:
            facts = {"errors": {"process": str(error)}, "seconds": {}}
        facts["wall"] = round(time.perf_counter() - start, 2)
        files = {"predicted": exchange / "fresh.npy", "half_soft": exchange / "half_soft.npy"}
        return facts | {
            name: np.load(file) if file.exists() else None for name, file in files.items()
        }


def _call(library: Library, exchange: Path, method: str, folder: Path) -> None:
    environment = library.environment
    python = sys.executable if environment is None else str(python_of(environment, folder))
    # Neither memory nor cache of runs before this one.
    private = {"XDG_DATA_HOME": str(exchange / "data"), "XDG_CACHE_HOME": str(exchange / "cache")}
    variables = {**os.environ, **private}
    variables.pop("PYTHONPATH", None)
    if environment is None:
        variables["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'plugins'}"
    command = [python, "-P", str(HERE / "probe.py"), str(exchange), method]
    try:
        done = subprocess.run(
            command,
            env=variables,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise IsolationError(f"stopped after {RUN_SECONDS} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise IsolationError(lines[-1][:300])
