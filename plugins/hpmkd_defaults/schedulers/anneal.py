"""The teacher first, the labels in the end: alpha falls to 0 over the boosting rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hpmkd.values import Softening
from hpmkd_defaults.settings_types import Temperature

if TYPE_CHECKING:
    from hpmkd.values import Configuration, TrainingState, Trial


@dataclass(frozen=True)
class AnnealScheduler:
    """Alpha falls linearly from the configuration's own to 0, at a fixed temperature.

    Annealing distillation (Jafari et al. 2021, section 3) over boosting rounds. Stages
    without rounds read it once, at the start, and keep the configuration's alpha.

    Parameters
    ----------
    temperature : float
        Softening of the teacher in every round, > 0.
    stages : tuple of str
        The stages it acts on; others are fitted as configured. By default all.
    """

    temperature: Temperature = 2.0
    stages: tuple[str, ...] = ()
    varies: ClassVar[bool] = True

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return what is left of alpha once ``state.progress`` of the rounds are done."""
        if self.stages and configuration.stage not in self.stages:
            return Softening(configuration.temperature, configuration.alpha)
        return Softening(self.temperature, configuration.alpha * (1.0 - state.progress))

    def observe(self, trial: Trial) -> None:
        """Learn nothing: the schedule is fixed."""
