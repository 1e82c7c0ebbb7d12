"""The budget of a run, in models and in seconds, and the rest of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpmkd.errors import RecipeError
from hpmkd.execution.journal import Journal

if TYPE_CHECKING:
    from hpmkd.execution.counters import Counts
    from hpmkd.recipe.settings import BudgetSettings


@dataclass(frozen=True)
class Budget:
    """The budget of one run, which starts when it is made."""

    settings: BudgetSettings
    counts: Counts
    #: Knows how many seconds the run has taken, and what was decided by that: a resumed run decides
    #: as it did before.
    journal: Journal = field(default_factory=Journal)
    _questions: Iterator[int] = field(default_factory=itertools.count)

    @property
    def models(self) -> float:
        """Models that may still be trained; infinite without a bound."""
        return (self.settings.models or math.inf) - self.counts.models_trained

    @property
    def late(self) -> str | None:
        """Why nothing new should be started; None while there is time."""
        seconds = self.settings.seconds
        if not seconds:
            return None
        journal = self.journal
        late = journal.get_or_compute(
            f"late {next(self._questions)}", lambda: journal.seconds >= seconds
        )
        return f"the budget of {seconds:g} s is spent" if late else None

    @property
    def unused(self) -> str:
        """What is left of the models, to be put behind a sentence; empty without a bound."""
        left = self.left(0)
        if left is None:
            return ""
        return f"; {left} of {_models(self.settings.models)} left"

    @property
    def used(self) -> str:
        """How many models were trained so far, in brackets; empty without a bound.

        Not what is left: refits and controls follow the search, so that at the end of the run it
        would contradict what was trained in all.
        """
        bound = self.settings.models
        if not bound:
            return ""
        return f" ({self.counts.models_trained} of {_models(bound)} trained by then)"

    def left(self, reserved: int) -> int | None:
        """Return how many models may be trained if some are reserved; None without a bound."""
        return None if math.isinf(self.models) else max(0, int(self.models) - reserved)

    def reserve(self, wanted: int) -> int:
        """Return how many models are reserved, of so many wanted: half of all at most."""
        return min(wanted, self.settings.models // 2) if self.settings.models else wanted

    def refusal(self, models: int) -> str | None:
        """Return why so many further models may not be trained; None if they may."""
        if self.late:
            return self.late
        return f"it takes {_models(models)}{self.unused}" if models > self.models else None

    def too_small(self, models: int, n_splits: int) -> RecipeError:
        """Build the error for a budget below what one stage takes."""
        return RecipeError(
            f"budget.models: got {self.settings.models}; expected at least {models}, which is "
            f"what one student takes with {n_splits} selection "
            f"split{'s' * (n_splits > 1)}; raise it (--budget-models), or 0 for no bound"
        )


def _models(n: int) -> str:
    return f"{n} model{'s' * (n != 1)}"
