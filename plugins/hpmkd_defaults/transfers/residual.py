"""Boosting starts from the margins of the previous stage, and learns only what they leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from hpmkd.values import Previous, StageInputs


@dataclass(frozen=True)
class Residual:
    """Starts from the margins of the previous stage; both become one student.

    Margins of a linear student hardly overfit, so those of the rows that it was fitted on
    will do; margins of a tree do overfit, and no stage takes them.
    """

    teaches: ClassVar[bool] = False
    unseen: ClassVar[bool] = False

    def hand_over(self, inputs: StageInputs, previous: Previous) -> StageInputs:
        """Return inputs that start from the student of the previous stage."""
        return replace(inputs, start=previous)
