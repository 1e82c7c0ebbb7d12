"""Records the exchange of a stage and its scheduler in the fits of one trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.values import Softening

if TYPE_CHECKING:
    from hpmkd.contracts import Scheduler
    from hpmkd.values import Configuration, TrainingState, Trial


class RecordingScheduler:
    """A scheduler that records the last state and what was used; made for every trial."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.state: TrainingState | None = None
        self._fits = 0
        # By fit and progress: a stage may request one round more than once.
        self._used: dict[tuple[int, float], Softening] = {}

    @property
    def varies(self) -> bool:
        """Whether it looks at the training state."""
        return self.scheduler.varies

    def begin_fit(self) -> None:
        """Separate the rounds that follow from those of the fits before."""
        self._fits += 1
        self.state = None

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Forward, and record."""
        softening = self.scheduler.softening(configuration, state)
        self.state = state
        self._used[self._fits, state.progress] = softening
        return softening

    def observe(self, trial: Trial) -> None:
        """Forward."""
        self.scheduler.observe(trial)

    @property
    def mean(self) -> Softening | None:
        """Mean alpha, and geometric mean of T, of all rounds; None if none was requested.

        At alpha = 0 there is no teacher, and so no T; where all rounds are so, T is 1.
        """
        used = list(self._used.values())
        if not used:
            return None
        temperatures = [each.temperature for each in used if each.alpha > 0] or [1.0]
        return Softening(_mean(temperatures, np.log, np.exp), _mean([each.alpha for each in used]))


def _mean(
    values: Sequence[float],
    there: Callable[[Any], Any] = np.asarray,
    back: Callable[[Any], Any] = float,
) -> float:
    """Return the mean on another scale; a value that never moved comes back as it is."""
    if len(set(values)) == 1:
        return values[0]
    return float(back(np.mean(there(values))))
