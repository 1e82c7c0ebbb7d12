"""A whole student: rows in, margins or probabilities out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels._packed_numpy import links
from hpmkd.kernels._packed_numpy.linear import PackedLinear, linear_margins, read_linear
from hpmkd.kernels._packed_numpy.network import PackedNetwork, network_margins, read_network
from hpmkd.kernels._packed_numpy.sums import Floats, Words
from hpmkd.kernels._packed_numpy.trees import Trees, add_trees, read_trees


class UnpackedStudent(NamedTuple):
    """The words of a student, read."""

    n_columns: int
    n_margins: int
    link: int
    linear: PackedLinear | None
    network: PackedNetwork | None
    trees: Trees | None

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return 2 if self.link == links.SIGMOID else self.n_margins

    def margins(self, rows: NDArray[Any]) -> Floats:
        """Return the margins (n, C) of rows (n, d)."""
        found = None
        if self.linear is not None:
            found = linear_margins(rows, self.linear)
        if self.network is not None:
            found = network_margins(rows, self.network)
        if self.trees is not None:
            return add_trees(rows, self.trees, found).astype(np.float64)
        return np.zeros((len(rows), self.n_margins)) if found is None else found

    def probabilities(self, rows: NDArray[Any]) -> Floats:
        """Return the probabilities (n, K) of rows (n, d)."""
        return links.probabilities(self.margins(rows), self.link)


def read_student(words: Words) -> UnpackedStudent:
    """Read a student from its words; it keeps them."""
    return UnpackedStudent(
        n_columns=int(words[0]),
        n_margins=int(words[1]),
        link=int(words[2]),
        linear=read_linear(words),
        network=read_network(words),
        trees=read_trees(words),
    )
