"""What a run may cost, in models and in seconds, and what is left of it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.counts import Counts
    from hpmkd.recipe_settings import BudgetSettings


@dataclass(frozen=True)
class Budget:
    """The budget of one run, which starts when it is made.

    Parameters
    ----------
    settings : BudgetSettings
        The bounds.
    counts : Counts
        Knows how many models were trained.
    """

    settings: BudgetSettings
    counts: Counts
    _started: float = field(default_factory=time.monotonic)

    @property
    def models(self) -> float:
        """Models that may still be trained; infinite without a bound."""
        return (self.settings.models or math.inf) - self.counts.models_trained

    @property
    def out_of_time(self) -> bool:
        """Whether nothing new should be begun."""
        seconds = self.settings.seconds
        return seconds > 0 and time.monotonic() - self._started >= seconds

    def left(self, kept: int) -> int | None:
        """Return how many models may be trained if some are kept; None without a bound."""
        return None if math.isinf(self.models) else max(0, int(self.models) - kept)

    def kept(self, wanted: int) -> int:
        """Return how many models are kept for later, of so many wanted: half of all at most."""
        return min(wanted, self.settings.models // 2) if self.settings.models else wanted

    def spent(self, models: float) -> str | None:
        """Return why so many further models may not be trained; None if they may."""
        if self.out_of_time:
            return f"the budget of {self.settings.seconds:g} s is spent"
        if models > self.models:
            return f"the budget of {self.settings.models} models is spent"
        return None
