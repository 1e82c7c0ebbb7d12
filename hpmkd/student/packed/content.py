"""The buffer of a packed student while it is written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

HEADER_WORDS = 24
#: Words of the header, as :mod:`hpmkd.student.packed.words` describes them, that say which parts a
#: student has, 0 for none, and how large they are.
N_MARGINS, TREES, N_TREES, N_CELLS, LINEAR, NETWORK, LEAF_WIDTH = 1, 3, 4, 5, 21, 22, 23


class NotPackable(Exception):  # noqa: N818 - an answer, not a failure
    """An encoder and a model that do not fit the format."""


class Content:
    """The buffer of a packed student while it is written."""

    def __init__(self, order: NDArray[np.intp]) -> None:
        self.order = order
        self._header = np.zeros(HEADER_WORDS, dtype=np.uint32)
        self._parts: list[Words] = [self._header]
        self._length = HEADER_WORDS

    def set_header(self, word: int, value: int) -> None:
        """Write a word of the header."""
        self._header[word] = value

    def add(self, values: NDArray[np.generic]) -> int:
        """Append values, and return where they begin; float64 in pairs."""
        if values.dtype == np.float64 and self._length % 2:
            self.add(np.zeros(1, dtype=np.uint32))
        at = self._length
        stored = values if values.dtype in (np.float64, np.float32) else values.astype(np.uint32)
        self._parts.append(np.ascontiguousarray(stored).reshape(-1).view(np.uint32))
        self._length += len(self._parts[-1])
        return at // 2 if values.dtype == np.float64 else at

    def words(self) -> Words:
        """Return all of it, an even number of words, so that pairs can be read."""
        return np.concatenate([*self._parts, np.zeros(self._length % 2, dtype=np.uint32)])
