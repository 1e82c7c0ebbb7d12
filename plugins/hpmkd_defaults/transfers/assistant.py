"""Teacher assistant: a bigger, smoother student makes soft targets for a smaller one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from hpmkd.values import Previous, StageInputs


@dataclass(frozen=True)
class Assistant:
    """Targets from a bigger student (teacher assistant, Mirzadeh et al. 2020, section 3).

    On the rows with labels the soft target is the mean of the teacher's and of the
    predictions of assistants that had not seen the row; rows without labels get the
    assistant's alone. That was measured to make better single trees than either by itself.
    """

    teaches: ClassVar[bool] = True
    unseen: ClassVar[bool] = True

    def hand_over(self, inputs: StageInputs, previous: Previous) -> StageInputs:
        """Return inputs with the soft targets of teacher and assistant."""
        predicted, extra = previous.soft_targets, inputs.extra
        assert predicted is not None  # unseen = True asks for it
        if extra is not None and previous.extra_soft_targets is not None:
            extra = replace(extra, soft_targets=previous.extra_soft_targets)
        return replace(inputs, soft_targets=0.5 * (inputs.soft_targets + predicted), extra=extra)
