"""Attention of a pool: how much a member counts on a row, by its own probabilities there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.student.file.arrays import finite, owned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray

#: What a score looks at: the largest probability of a member, how far its second is from it, and
#: the Gini impurity 1 - sum_k p_k^2 of all.
FEATURES = ("max probability", "margin", "impurity")
#: Standard deviations beyond which a feature means no more.
FARTHEST = 5.0
#: Of a score: so that no power of e overflows, and no weight vanishes.
LARGEST_SCORE = 300.0
# Wide of anything that is fitted, and narrow enough that nothing overflows.
_LARGEST, _SMALLEST_SCALE = 1e6, 1e-12


@dataclass(frozen=True, eq=False)
class PoolAttention:
    """Weights of each row's own, of M members.

    With s_m the calibrated probabilities of member m on a row and phi its three features, the
    largest of s_m, that less the second, and 1 - sum_k s_mk^2::

        z_f = (phi_f - center_f) / scale_f, moved to -5 or 5 if it lies beyond
        score_m = sum_f coefficients_mf z_f

    and the weight of the member on the row is its own weight times exp(score_m), divided by
    the sum over the members: a softmax of scores that start from the logarithms of the weights.

    Parameters
    ----------
    center, scale : array of shape (3,)
        Of each feature; centers in [-1e6, 1e6], scales in [1e-12, 1e6].
    coefficients : array of shape (M, 3)
        Of each member; no score may pass 300.

    Raises
    ------
    ValueError
        A shape or a value is not as described.
    """

    center: FloatArray
    scale: FloatArray
    coefficients: FloatArray

    def __post_init__(self) -> None:
        for name, ndim in (("center", 1), ("scale", 1), ("coefficients", 2)):
            values = owned(getattr(self, name), np.float64, ndim, name)
            finite(values, name)
            object.__setattr__(self, name, values)
            if values.shape[-1] != len(FEATURES):
                raise ValueError(
                    f"the {name} of attention has shape {values.shape}, expected "
                    f"{len(FEATURES)} features: {', '.join(FEATURES)}"
                )
        if np.abs(self.center).max() > _LARGEST:
            raise ValueError(f"a center of attention is not within {_LARGEST:g} of 0")
        if not _SMALLEST_SCALE <= self.scale.min() <= self.scale.max() <= _LARGEST:
            raise ValueError(
                f"the scales of attention are {self.scale.tolist()}, expected "
                f"{_SMALLEST_SCALE:g} to {_LARGEST:g}"
            )
        score = FARTHEST * np.abs(self.coefficients).sum(axis=1).max(initial=0.0)
        if not score <= LARGEST_SCORE:
            raise ValueError(
                f"the coefficients of attention allow a score of {score:g}, expected "
                f"{LARGEST_SCORE:g} at most"
            )

    @property
    def n_members(self) -> int:
        """Number of members, M."""
        return len(self.coefficients)

    def numbers(self) -> NDArray[np.float64]:
        """Return the settings as the kernels take them, of shape (6 + 3 M,)."""
        return np.concatenate([self.center, 1 / self.scale, self.coefficients.ravel()])
