"""The page on progress tells of every event, with its fields."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np

import hpmkd
from hpmkd import hookspecs

PAGE = (Path(__file__).parents[2] / "docs" / "progress.md").read_text("utf-8")
START, END = "<!-- table of events: checked by tests/cli/test_progress_docs.py -->", "<!-- end"


def test_the_table_is_that_of_the_hooks():
    table = PAGE.partition(START)[2].partition(END)[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, flags=re.M)
    documented = {f"hpmkd_{event}": re.findall(r"`(\w+)`", fields) for event, fields in rows}
    hooks = {
        name: list(inspect.signature(hook).parameters)
        for name, hook in vars(hookspecs).items()
        if name.startswith("hpmkd_") and name.endswith("ed")
    }
    assert documented == hooks


def test_the_example_of_an_observer_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    settings = {"sampler.trials": 1, "reference.name": "quick", "memory": "none"}

    def distill(rows, labels, *, observers):
        return hpmkd.distill(
            rows, labels, observers=observers, teacher="quick", student="tree", settings=settings
        )

    code = code.replace("hpmkd.distill(", "distill(")
    exec(code, {"X": X, "y": (X[:, 0] > 0).astype(int), "distill": distill})
    assert capsys.readouterr().out.startswith("0 0.")
