"""The growth of cost: the exponents of the proposal's complexity formula, fitted to runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from benchmarks.claims.pairs import ARMS, of_students

#: By arm, the setting by which it trains more models.
CHANGED = {"standard": "sampler.trials", "proposal": "sampler.configs"}


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """Return b of cost = a · size^b by least squares of the logarithms, and its standard error.

    Raises
    ------
    ValueError
        If there are fewer than three sizes: then there is no error to estimate.
    """
    if len(sizes) < 3:
        raise ValueError(f"got {len(sizes)} sizes; expected 3 or more")
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(costs, float))
    x = x - x.mean()
    slope = float(x @ (y - y.mean()) / (x @ x))
    rest = y - y.mean() - slope * x
    error = float(np.sqrt(rest @ rest / (len(x) - 2) / (x @ x)))
    return slope, error


def _of(found: list[dict], arm: str, changed: str | None, most: int) -> list[dict]:
    """Return the runs of an arm in which one setting differs, or only the rows."""
    own = [each for each in found if each["arm"] == arm]
    if changed is None:
        return [each for each in own if not each["changed"]]
    return [each for each in own if each["most"] == most and set(each["changed"]) <= {changed}]


def growth(found: list[dict], rows_of_changes: int) -> pd.DataFrame:
    """Return exponents of the CPU seconds of students, of teachers and of the whole run.

    Parameters
    ----------
    found : list of dict
        Runs on the set that was grown.
    rows_of_changes : int
        Rows, test rows included, of the runs whose settings were changed.
    """
    of_rows = [
        _line(arm, "training rows m", _of(found, arm, None, 0), lambda it: it["rows"])
        for arm in ARMS
    ]
    of_models = [
        _line(
            arm,
            f"models, by {name}",
            _of(found, arm, name, rows_of_changes),
            lambda it: it["models"],
        )
        for arm, name in CHANGED.items()
    ]
    return pd.DataFrame([each for each in (*of_rows, *of_models) if each])


def _line(
    arm: str, what: str, runs: list[dict], size: Callable[[dict], float]
) -> dict[str, str] | None:
    runs = sorted(runs, key=size)
    sizes = [size(each) for each in runs]
    if len({*sizes}) < 3:
        return None
    line = {"method": arm, "grown": what, "from – to": f"{sizes[0]:,} – {sizes[-1]:,}"}
    for name, cost in (
        ("students", of_students),
        ("teachers", lambda each: each["phases"]["teachers"]),
        ("whole run", lambda each: each["cpu"]),
    ):
        slope, error = exponent(sizes, [cost(each) for each in runs])
        line[name] = f"{slope:.2f} ± {error:.2f}"
    return line
