"""A whole pool: rows in, probabilities out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels._packed_numpy.fusing import fuse, n_numbers
from hpmkd.kernels._packed_numpy.students import UnpackedStudent, read_student
from hpmkd.kernels._packed_numpy.sums import Floats, Words


class UnpackedPool(NamedTuple):
    """The words of a pool, read."""

    n_columns: int
    n_classes: int
    members: list[UnpackedStudent]
    numbers: Floats
    #: Members have margins, a pool of probabilities has none: no array has so few columns.
    n_margins: int = -1

    def probabilities(self, rows: NDArray[Any]) -> Floats:
        """Return the probabilities (n, K) of rows (n, d)."""
        found = (member.probabilities(rows) for member in self.members)
        return fuse(found, self.numbers, len(self.members), self.n_classes)


def read_pool(words: Words) -> UnpackedPool:
    """Read a pool from its words; it keeps them."""
    n_classes, n_members = int(words[1]), int(words[2])
    starts = words[int(words[3]) :][: n_members + 1].tolist()
    numbers = words.view(np.float64)[int(words[4]) :]
    numbers = numbers[: n_numbers(n_members, n_classes, bool(words[5]))]
    members = [read_student(words[start:stop]) for start, stop in pairwise(starts)]
    return UnpackedPool(int(words[0]), n_classes, members, numbers)
