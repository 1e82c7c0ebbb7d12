"""The kernel of packed students in C: the headers that answer for a student, as one text."""

from __future__ import annotations

import re
from functools import cached_property
from importlib.resources import files

import numpy as np

from hpmkd.student import PooledModel, Student
from hpmkd.student.packed.content import (
    LEAF_WIDTH,
    LINEAR,
    N_CELLS,
    N_TREES,
    NETWORK,
    TREES,
    Words,
)
from hpmkd.student.packed.pool import member_words
from hpmkd.student.packed.sorted_trees import SORTED
from hpmkd.student.packed.words import pack_pool, pack_words

#: Behind the words of a student, where the roots of four trees may stand: a compiler that sees the
#: table warns of those which a lone tree lacks, though the kernel does not look at them.
PADDING = 4
#: Parts of the kernel that only some students need, and the word of the header that marks them.
PARTS = {"LINEAR": LINEAR, "NETWORK": NETWORK, "TREES": TREES, "VECTORS": LEAF_WIDTH}

_INCLUDE = re.compile(r'#include "(\w+\.h)"\n')
_PART = re.compile(r"#ifndef HPMKD_NO_(\w+)\n(.*?)#endif\n", re.S)
_GUARD = re.compile(r"#ifndef (HPMKD_\w+_H)\n#define \1\n(.*)#endif\n", re.S)


class Kernel:
    """The parts of the kernel that a student needs.

    Parameters
    ----------
    student : Student

    Attributes
    ----------
    words : ndarray of shape (n_words,)
        Of the whole student, and :data:`PADDING` behind them.
    pooled : bool
        Whether they are those of a pool.

    Raises
    ------
    NotPackable
        The kernel cannot answer for it.
    """

    def __init__(self, student: Student) -> None:
        encoder, model = student.encoder, student.model
        order = np.arange(len(encoder.schema.features))
        self.pooled = isinstance(model, PooledModel)
        if isinstance(model, PooledModel):
            self._members = member_words(encoder, model, order, sort=True)
            words = pack_pool(self._members, model.pool, len(order))
        else:
            words = pack_words(encoder, model, order, sort=True)
            self._members = [words]
        self.words = np.append(words, np.zeros(PADDING, dtype=np.uint32))

    @property
    def needs_libm(self) -> bool:
        """Whether it needs the mathematical library."""
        return "NETWORK" in self._parts

    def n_singles(self) -> int:
        """Return how many floats a row needs room for, 1 at least, as in ``student.h``."""
        return max(1, *map(_n_singles, self._members))

    def text(self) -> str:
        """Return the headers in the order in which they include each other."""
        return _pasted("pool.h" if self.pooled else "student.h", self._parts, set()).strip() + "\n"

    @cached_property
    def _parts(self) -> set[str]:
        found = {name for name, at in PARTS.items() if any(words[at] for words in self._members)}
        return found | ({"SORTED"} if any(map(_is_sorted, self._members)) else set())


def _is_sorted(words: Words) -> bool:
    return bool(words[TREES] == SORTED)


def _n_singles(words: Words) -> int:
    network = int(words[NETWORK])
    if network:
        n_layers = int(words[network])
        return 2 * int(words[network + 1 : network + 2 + n_layers].max())
    return int(words[N_CELLS]) + int(words[LEAF_WIDTH]) + int(words[N_TREES]) * _is_sorted(words)


def _pasted(name: str, parts: set[str], seen: set[str]) -> str:
    """Return a header behind those that it includes, each once, with some of its parts."""
    if name in seen:
        return ""
    seen.add(name)
    text = files("hpmkd.kernels").joinpath("c", name).read_text("utf-8")
    text = _PART.sub(lambda part: part[2] if part[1] in parts else "", text)
    before = "".join(_pasted(each, parts, seen) for each in _INCLUDE.findall(text))
    return before + _GUARD.sub(r"\2", _INCLUDE.sub("", text)).strip() + "\n\n"
