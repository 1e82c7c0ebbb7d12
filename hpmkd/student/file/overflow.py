"""Whether a student always returns numbers: for no cells may a sum become inf - inf.

Sums of trees cannot: each adds finite leaves to one margin. Nor can networks, whose inputs are
squashed and whose weights are bounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.models.linear import LinearModel

#: Beyond all that training reaches, and far enough below the largest float for any order of adding.
LARGEST_MARGIN = 1e300


def check_scaling(encoder: LinearEncoder) -> None:
    """Refuse an encoder whose scaled cells could overflow.

    Raises
    ------
    ValueError
        A scale is too small for the range of its column.
    """
    bad = np.flatnonzero(~np.isfinite(_largest_cells(encoder)))
    if len(bad):
        scale = encoder.scaling.scales[bad[0]]
        raise ValueError(
            f"the scale {scale:g} is too small for the range of its column: scaled cells overflow"
        )


def check_margins(encoder: LinearEncoder, model: LinearModel) -> None:
    """Refuse coefficients by which a margin could overflow.

    Raises
    ------
    ValueError
        A margin could be larger than 1e300.
    """
    largest = np.ones(encoder.n_outputs)  # of indicators and levels
    largest[: encoder.scaling.n_columns] = _largest_cells(encoder)
    with np.errstate(over="ignore", invalid="ignore"):
        margins = np.abs(model.intercept) + largest @ np.abs(model.coefficients)
    if not (margins <= LARGEST_MARGIN).all():
        raise ValueError(
            f"the coefficients are so large that a margin could exceed {LARGEST_MARGIN:g}"
        )


def _largest_cells(encoder: LinearEncoder) -> NDArray[np.float64]:
    """Return the largest size of each scaled column: cells are clipped to their range before."""
    scaling = encoder.scaling
    with np.errstate(over="ignore", invalid="ignore"):
        edges = np.stack([scaling.lows, scaling.highs]) / scaling.scales
        return np.asarray(np.abs(edges - scaling.centers / scaling.scales).max(axis=0))
