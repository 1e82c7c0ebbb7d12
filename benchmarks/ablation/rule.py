"""What a difference over data sets means for a part of the method; stated before any number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: A share of CPU or of bytes that counts.
COUNTS = 0.05
#: Nats of log loss that count; the mean has to be beyond its standard error as well.
LEAST = 0.0005
#: Fewer sets have no standard error.
LEAST_SETS = 2

TOO_FEW = "too few sets"


@dataclass(frozen=True)
class Difference:
    """An arm less the one it is compared with.

    Parameters
    ----------
    losses : Series
        Differences in log loss by set, means of the draws; above 0 the arm is worse.
    cpu, size : Series
        CPU and bytes of the arm over those of the other, by set.
    """

    losses: pd.Series
    cpu: pd.Series
    size: pd.Series

    @property
    def mean(self) -> float:
        """Mean over sets."""
        return float(self.losses.mean()) if len(self.losses) else float("nan")

    @property
    def median(self) -> float:
        """Median over sets."""
        return float(self.losses.median()) if len(self.losses) else float("nan")

    @property
    def error(self) -> float:
        """Standard error of the mean over sets; NaN of one set."""
        return standard_error(self.losses)

    @property
    def sign(self) -> int:
        """1 where the arm is worse, by more than one standard error, -1 where it is better."""
        return beyond(self.losses, LEAST)

    @property
    def known(self) -> bool:
        """Whether there are sets enough."""
        return len(self.losses) >= LEAST_SETS


def standard_error(values: pd.Series) -> float:
    """Return that of the mean; NaN of one value."""
    n = len(values)
    return float(values.std(ddof=1) / np.sqrt(n)) if n >= LEAST_SETS else float("nan")


def beyond(values: pd.Series, least: float) -> int:
    """Return the sign of a mean that is further from 0 than its error and than what counts."""
    mean = values.mean()
    return int(np.sign(mean)) if abs(mean) > max(standard_error(values), least) else 0


def stays(found: Difference, guards: str) -> tuple[str, str]:
    """Return whether a part stays in the default, and why.

    Parameters
    ----------
    found : Difference
        The default without the part, less the default.
    guards : str
        What the part guards against; empty for nothing.
    """
    if not found.known:
        return TOO_FEW, ""
    if found.sign > 0:
        return "stays", "log loss"
    if found.sign < 0:
        return "leaves", "better without it"
    cpu, size = (beyond(each - 1, COUNTS) for each in (found.cpu, found.size))
    if cpu > 0:
        return "stays", "saves CPU"
    costs_cpu, costs_bytes = cpu < 0, size < 0
    if not costs_cpu and size > 0:
        return "stays", "saves bytes"
    if guards and not costs_cpu and not costs_bytes:
        return "stays", f"guards against {guards}"
    costs = [name for name, true in (("CPU", costs_cpu), ("bytes", costs_bytes)) if true]
    return "leaves", f"costs {' and '.join(costs)}" if costs else "makes no difference"


def pays(found: Difference) -> str:
    """Return whether adding a part pays.

    Parameters
    ----------
    found : Difference
        The default with the part, less the default.
    """
    if not found.known:
        return TOO_FEW
    if found.sign:
        return "hurts" if found.sign > 0 else "pays"
    return "cheaper" if beyond(found.cpu - 1, COUNTS) < 0 else "no difference"
