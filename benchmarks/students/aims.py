"""The aims of the benchmark, what was measured, and by how much one is missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from benchmarks.common.pages import table
from benchmarks.students.choices import HALF, SHORT
from benchmarks.students.compare import RIVAL, Draws

TREES, VECTOR = "best of trees hard", "best of boosters hard"


@dataclass(frozen=True)
class Aim:
    """One aim.

    Parameters
    ----------
    what : str
        In words.
    measured : callable
        From the draws of 2,000 rows to the figure.
    most : float
        What it may be.
    form : str
        How both are written.
    """

    what: str
    measured: Callable[[Draws], float]
    most: float
    form: str = "+.1%"

    def row(self, draws: Draws) -> list[str]:
        """Return a line of the table."""
        value = self.measured(draws)
        missed = value - self.most
        verdict = "not measured" if pd.isna(value) else "reached"
        if missed > 0:
            verdict = f"**missed** by {format(missed, self.form).lstrip('+')}"
        return [self.what, f"≤ {self.most:{self.form}}", f"{value:{self.form}}", verdict]


def pair(what: str, arm: str, mean: float, median: float) -> list[Aim]:
    """Return the aims of an arm against the rival: mean and median over sets."""
    return [
        Aim(f"{what}: mean", lambda draws: draws.relative(arm, RIVAL).mean(), mean),
        Aim("… median", lambda draws: draws.relative(arm, RIVAL).median(), median),
    ]


def bytes_beside_trees(arm: str) -> Callable[[Draws], float]:
    """Return a function to the size of an arm relative to that of K trees, the mean over sets."""
    return lambda draws: draws.ratio(arm, TREES, "bytes")[draws.multiclass].mean()


def row_time(column: str) -> Callable[[Draws], float]:
    """Return a function to a row time relative to that of K trees, the mean over sets."""
    return lambda draws: (draws.row_times()[column] / draws.row_times().trees_us).mean()


def size(arm: str) -> Callable[[Draws], float]:
    """Return a function to the size of an arm relative to the rival's, the mean over sets."""
    return lambda draws: draws.ratio(arm, RIVAL, "bytes").mean()


AIMS = [
    *pair("best single student, made rows", "best of made", -0.03, -0.02),
    *pair("pool of three, made rows", "pool of made", -0.06, -0.03),
    *pair("pool of three, real rows", "pool of real", -0.08, -0.04),
    Aim(
        "K > 2: vector leaves against K trees",
        lambda draws: draws.relative(VECTOR, TREES)[draws.multiclass].mean(),
        -0.03,
    ),
    Aim("… bytes", bytes_beside_trees(VECTOR), 1 / 3, ".2f"),
    Aim("… bytes, leaves in float16", bytes_beside_trees(HALF), 1 / 3, ".2f"),
    Aim("… bytes of the first rounds as good", bytes_beside_trees(SHORT), 1 / 3, ".2f"),
    Aim("… row time", row_time("vector_us"), 1 / 3, ".2f"),
    Aim("… row time of the first rounds as good", row_time("short_us"), 1 / 3, ".2f"),
    Aim("single, made rows: bytes against the rival's UBJ", size("best of made"), 0.1, ".3f"),
    Aim("pool, made rows: bytes", size("pool of made"), 0.25, ".3f"),
]


def aims(draws: Draws) -> str:
    """Return every aim, what was measured, and whether it is reached."""
    header = ["log loss relative to the rival's, unless it says otherwise", "aim", "measured", ""]
    return table(header, [aim.row(draws) for aim in AIMS])
