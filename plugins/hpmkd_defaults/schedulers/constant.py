"""Temperature and alpha as configured, in every round."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from hpmkd.values import Softening

if TYPE_CHECKING:
    from hpmkd.values import Configuration, TrainingState, Trial


class ConstantScheduler:
    """The softening that a configuration asks for, from the first round to the last."""

    varies: ClassVar[bool] = False

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return the configuration's own temperature and alpha."""
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial: Trial) -> None:
        """Learn nothing."""
