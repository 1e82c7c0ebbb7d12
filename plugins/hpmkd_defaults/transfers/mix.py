"""The proposal's own rule: predictions of the previous stage join the soft targets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from hpmkd_defaults.settings_types import Share

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, Previous, StageInputs


@dataclass(frozen=True)
class Mix:
    """Mixes the soft predictions of the previous stage into the teacher's.

    Built to the letter of the proposal, for comparison: where the previous stage is the weaker
    student, as in logistic → tree → gbm → xgboost, it was measured to hurt.

    Parameters
    ----------
    share : float
        Of the previous stage in the soft target, in (0, 1].
    """

    share: Share = 0.3
    teaches: ClassVar[bool] = True
    unseen: ClassVar[bool] = True

    def hand_over(self, inputs: StageInputs, previous: Previous) -> StageInputs:
        """Return inputs whose soft targets are mixed, on rows with and without labels."""
        predicted, extra = previous.soft_targets, inputs.extra
        assert predicted is not None  # unseen = True asks for it
        if extra is not None and previous.extra_soft_targets is not None:
            mixed = self._mixed(extra.soft_targets, previous.extra_soft_targets)
            extra = replace(extra, soft_targets=mixed)
        return replace(
            inputs, soft_targets=self._mixed(inputs.soft_targets, predicted), extra=extra
        )

    def _mixed(self, teacher: FloatArray, student: FloatArray) -> FloatArray:
        mixed: FloatArray = (1.0 - self.share) * teacher + self.share * student
        return mixed
