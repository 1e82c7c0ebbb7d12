"""How much a member of a pool counts on each row, by what its own probabilities look like."""

from __future__ import annotations

import numpy as np

from hpmkd.kernels._packed_numpy.scalars import vexp
from hpmkd.kernels._packed_numpy.sums import Floats, add_in_order

N_FEATURES = 3
FARTHEST = 5.0  # standard deviations beyond which a feature means no more


def attention_of_rows(p: Floats, attention: Floats, m: int) -> Floats:
    """Return e to the scores (n,) of a member of probabilities (K, n).

    `attention` are centers, 1 / scales and the coefficients of member after member.
    """
    second, first = np.sort(p, axis=0)[-2:]
    squares = add_in_order(np.zeros(p.shape[1]), p * p)
    found = np.stack([first, first - second, 1.0 - squares])
    centers, inverses, *coefficients = attention.reshape(-1, N_FEATURES, 1)
    standard = np.minimum(np.maximum((found - centers) * inverses, -FARTHEST), FARTHEST)
    one, two, three = coefficients[m] * standard
    return vexp(one + two + three)
