"""One run on few rows, and the truth about its verdict on many fresh ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

import hpmkd
from benchmarks.common import runs
from benchmarks.common.datasets import load
from hpmkd.data.probabilities import row_losses

#: Fresh rows at most; a set has as many as are left.
FRESH = 20_000
#: The test is a quarter of the training rows, or so many, in turns: what a user has.
SHARE, MOST_TEST = 0.25, 1000
#: The engine's own difference on the test rows, computed here again, may differ by this.
SAME = 1e-6


class Rows(NamedTuple):
    """Numbers of the rows of a set that do one thing each."""

    training: np.ndarray
    test: np.ndarray
    fresh: np.ndarray


def divided(labels: np.ndarray, rows: int, seed: int) -> Rows:
    """Draw training, test and fresh rows, class by class."""
    n_test = int(SHARE * rows) if seed % 2 == 0 else MOST_TEST
    first, others = train_test_split(
        np.arange(len(labels)), train_size=rows + n_test, stratify=labels, random_state=seed
    )
    training, test = train_test_split(
        first, train_size=rows, stratify=labels[first], random_state=seed
    )
    return Rows(training, test, others[:FRESH])


def judged(name: str, rows: int, seed: int) -> dict[str, Any]:
    """Run the default recipe; return its verdict, and that of the fresh rows.

    Raises
    ------
    LookupError
        If the control that is looked up is not the one that the verdict compares with.
    """
    table, labels = load(name)
    parts = divided(labels, rows, seed)
    X, X_test, X_fresh = (table.iloc[part].reset_index(drop=True) for part in parts)
    y, y_test, y_fresh = (labels[part] for part in parts)
    found = hpmkd.distill(
        X, y, X_test=X_test, y_test=y_test, settings=runs.FIRST_RUN, seed=seed, workers=1
    )
    shipped, control, verdict = found.student, runs.control(found), found.verdict
    seen = _differences(shipped, control, X_test, y_test).mean()
    if abs(seen - verdict.delta_log_loss) > SAME:
        raise LookupError(
            f"the verdict has {verdict.delta_log_loss:.6f}, shipped student and control differ by "
            f"{seen:.6f}: benchmarks.common.runs.control found another control"
        )
    fresh = _differences(shipped, control, X_fresh, y_fresh)
    return {
        "outcome": verdict.outcome,
        "delta": verdict.delta_log_loss,
        "interval": list(verdict.interval),
        "truth": float(fresh.mean()),
        "error": float(fresh.std(ddof=1) / np.sqrt(len(fresh))),
        "n": [len(part) for part in parts],
        "ships": "pool" if runs.is_pool(shipped) else "single",
        "chosen": found.chosen,
    }


def _differences(shipped: Any, control: Any, table: Any, labels: np.ndarray) -> np.ndarray:
    """Return log losses of the shipped student minus those of the control, row by row."""
    if shipped is control:
        return np.zeros(len(labels))
    losses = [row_losses(each.predict_proba(table), labels) for each in (shipped, control)]
    return losses[0] - losses[1]
