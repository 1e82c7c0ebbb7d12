"""The accuracy that a student loses on rows that are noisier than its training rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Standard deviations of a column that are added to each cell, as Gaussian noise.
NOISE = (0.1, 0.3)
#: Shares of the cells that go missing.
MISSING = (0.1, 0.3)
#: Standard deviations by which one column is moved; the mean is over the columns.
SHIFT = 1.0
DRAWS = 3


def losses(student, X, X_test, y_test, seed: int) -> dict[str, float]:
    """Return accuracy on the clean test rows minus accuracy on harmed ones, by kind of harm.

    The columns of X, all numbers, say how wide a standard deviation is. Two students of one
    seed see the very same cells.
    """
    clean, spread = X_test.to_numpy(float), X.to_numpy(float).std(axis=0)
    rng = np.random.default_rng(1000 + seed)

    def accuracy(cells) -> float:
        # A column of whole numbers takes no noise.
        table = pd.DataFrame(cells, X_test.index, X_test.columns)
        return float((student.predict(table) == y_test).mean())

    best = accuracy(clean)
    found = {}
    for level in NOISE:
        drawn = [
            accuracy(clean + level * spread * rng.normal(size=clean.shape)) for _ in range(DRAWS)
        ]
        found[f"noise {level:g} sd"] = best - float(np.mean(drawn))
    for share in MISSING:
        drawn = [
            accuracy(np.where(rng.random(clean.shape) < share, np.nan, clean)) for _ in range(DRAWS)
        ]
        found[f"{share:.0%} missing"] = best - float(np.mean(drawn))
    moved = [
        accuracy(clean + SHIFT * spread * np.eye(clean.shape[1])[at])
        for at in range(clean.shape[1])
    ]
    found[f"a column + {SHIFT:g} sd"] = best - float(np.mean(moved))
    return found
