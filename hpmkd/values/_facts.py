"""Facts about a data set, and results of configurations on it: never its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.values._fitting import TrainingState
    from hpmkd.values._search import Configuration


@dataclass(frozen=True)
class DataFacts:
    """A classification problem in a few numbers, by which components choose.

    Parameters
    ----------
    n_rows, n_columns, n_classes : int
        Rows that can be trained on, raw columns, classes.
    balance : float
        Entropy of the shares of the classes over that of equal shares, in [0, 1].
    noise : float or None
        Share of rows that the teachers, who have not seen them, get wrong, in [0, 1]; None as
        long as no teacher has predicted.
    regime : str or None
        What the teachers had seen: self, external or leaking; None likewise.
    digest : str
        Distinguishes data sets, whatever the order of its rows and their division
        into training and test; empty if not needed.
    """

    n_rows: int
    n_columns: int
    n_classes: int
    balance: float = 1.0
    noise: float | None = None
    regime: str | None = None
    digest: str = ""


@dataclass(frozen=True)
class Outcome:
    """The result of a configuration on a data set.

    Parameters
    ----------
    facts : DataFacts
        Of the data set.
    configuration : Configuration
        What was evaluated: on all training rows, by itself (no ``after``). Temperature and
        alpha are those its scheduler set, on average over the rounds; the temperature
        is 1 where alpha is 0.
    regret : float
        Its log loss minus the least of its stage in that run, on the selection rows, in nats;
        0 for the best. Failed trials have none.
    rank : float
        Share of the other trials of its stage in that run that did better, in [0, 1].
    state : TrainingState or None
        The last state that its scheduler received in the fit.
    is_default : bool
        Whether its hyperparameters are the defaults of its stage for that data: what any others
        must beat.
    """

    facts: DataFacts
    configuration: Configuration
    regret: float
    rank: float
    state: TrainingState | None = None
    is_default: bool = False
