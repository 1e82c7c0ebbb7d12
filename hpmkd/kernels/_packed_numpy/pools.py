"""A whole pool: rows in, probabilities out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels._packed_numpy.fusing import fuse
from hpmkd.kernels._packed_numpy.students import Student, read_student
from hpmkd.kernels._packed_numpy.sums import Floats, Words


class Pool(NamedTuple):
    """The words of a pool, read."""

    n_columns: int
    n_classes: int
    members: list[Student]
    numbers: Floats

    def probabilities(self, rows: NDArray[Any]) -> Floats:
        """Return the probabilities (n, K) of rows (n, d)."""
        found = (member.probabilities(rows) for member in self.members)
        return fuse(found, self.numbers, len(self.members))


def read_pool(words: Words) -> Pool:
    """Read a pool from its words; it keeps them."""
    n_classes, n_members = int(words[1]), int(words[2])
    starts = words[int(words[3]) :][: n_members + 1].tolist()
    numbers = words.view(np.float64)[int(words[4]) :][: 3 * n_members + n_classes + 2]
    members = [
        read_student(words[start:stop]) for start, stop in zip(starts, starts[1:], strict=False)
    ]
    return Pool(int(words[0]), n_classes, members, numbers)
