"""What passes between a stage and its scheduler in one fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.values import Softening

if TYPE_CHECKING:
    from hpmkd.contracts import Scheduler
    from hpmkd.values import Configuration, TrainingState, Trial


class RecordingScheduler:
    """A scheduler that records the last state and all softenings; made anew for every fit."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.state: TrainingState | None = None
        # By progress: a stage may request one round more than once.
        self._softenings: dict[float, Softening] = {}

    @property
    def varies(self) -> bool:
        """Whether it looks at the training state."""
        return self.scheduler.varies

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Forward, and record."""
        softening = self.scheduler.softening(configuration, state)
        self.state = state
        self._softenings[state.progress] = softening
        return softening

    def observe(self, trial: Trial) -> None:
        """Forward."""
        self.scheduler.observe(trial)

    @property
    def mean(self) -> Softening | None:
        """Mean alpha, and geometric mean of T, of the rounds; None if none was requested."""
        used = list(self._softenings.values())
        if not used:
            return None
        return Softening(
            _mean([each.temperature for each in used], np.log, np.exp),
            _mean([each.alpha for each in used]),
        )


def _mean(
    values: Sequence[float],
    there: Callable[[Any], Any] = np.asarray,
    back: Callable[[Any], Any] = float,
) -> float:
    """Return the mean on another scale; a value that never moved comes back as it is."""
    if len(set(values)) == 1:
        return values[0]
    return float(back(np.mean(there(values))))
