"""How much a member of a pool counts on a row, by what its own probabilities look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.scalars import vexp

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index

N_FEATURES = 3
FARTHEST = 5.0  # standard deviations beyond which a feature means no more


@kernel
def attention_of_row(p: Floats, r: Index, n_rows: Index, attention: Floats, m: Index) -> float:
    """Return e to the score of a member on one of the rows that `p` holds class after class.

    See :class:`hpmkd.student.models.pool_attention.PoolAttention`; `attention` are centers,
    1 / scales and the coefficients of member after member.
    """
    first, second, squares = 0.0, 0.0, 0.0
    for c in range(p.size // n_rows):
        x = p[c * n_rows + r]
        low = x if x < first else first
        second = low if low > second else second
        first = x if x > first else first
        squares += x * x
    own = (2 + m) * N_FEATURES
    score = attention[own] * _standard(first, attention, 0)
    score += attention[own + 1] * _standard(first - second, attention, 1)
    score += attention[own + 2] * _standard(1.0 - squares, attention, 2)
    return vexp(score)


@kernel
def _standard(value: float, attention: Floats, feature: Index) -> float:
    """Return a feature in standard deviations, within bounds."""
    z = (value - attention[feature]) * attention[N_FEATURES + feature]
    z = z if z > -FARTHEST else -FARTHEST
    return z if z < FARTHEST else FARTHEST
