"""The kernel of packed students in C: the headers that answer for a student, as one text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from hpmkd.student.packed.content import Words
from hpmkd.student.packed.pool import PackedPool
from hpmkd.student.packed.student import PackedStudent

#: Parts of the kernel that only some students need, and the word of the header that says so.
PARTS = {"LINEAR": 21, "NETWORK": 22, "TREES": 3, "VECTORS": 23}

_INCLUDE = re.compile(r'#include "(\w+\.h)"\n')
_PART = re.compile(r"#ifndef HPMKD_NO_(\w+)\n(.*?)#endif\n", re.S)
_GUARD = re.compile(r"#ifndef (HPMKD_\w+_H)\n#define \1\n(.*)#endif\n", re.S)


class Kernel:
    """What of the kernel a student needs.

    Parameters
    ----------
    packed : PackedStudent or PackedPool

    Attributes
    ----------
    words : ndarray of shape (n_words,)
        Of the whole student.
    pooled : bool
        Whether they are those of a pool.
    """

    def __init__(self, packed: PackedStudent | PackedPool) -> None:
        self.words, self.pooled = packed.words, packed.pooled
        self._members = list(_members(self.words)) if self.pooled else [self.words]

    @property
    def takes_roots(self) -> bool:
        """Whether it needs the mathematical library."""
        return any(words[PARTS["NETWORK"]] for words in self._members)

    def n_singles(self) -> int:
        """Return how many floats a row needs room for, 1 at least, as ``student.h`` says."""
        return max(1, *map(_n_singles, self._members))

    def text(self) -> str:
        """Return the headers in the order in which they include each other."""
        lacking = {part for part, at in PARTS.items() if not any(w[at] for w in self._members)}
        return _pasted("pool.h" if self.pooled else "student.h", lacking, set()).strip() + "\n"


def _members(words: Words) -> Iterator[Words]:
    """Yield the words of each member of a pool."""
    at = int(words[3])
    starts = words[at : at + int(words[2]) + 1].tolist()
    for first, behind in zip(starts, starts[1:], strict=False):
        yield words[first:behind]


def _n_singles(words: Words) -> int:
    at = int(words[PARTS["NETWORK"]])
    if not at:
        return int(words[5]) + int(words[PARTS["VECTORS"]])
    return 2 * int(words[at + 1 : at + 2 + int(words[at])].max())


def _pasted(name: str, lacking: set[str], seen: set[str]) -> str:
    """Return a header behind those that it includes, each once, without the lacking parts."""
    if name in seen:
        return ""
    seen.add(name)
    text = files("hpmkd.kernels").joinpath("c", name).read_text("utf-8")
    text = _PART.sub(lambda part: "" if part[1] in lacking else part[2], text)
    before = "".join(_pasted(each, lacking, seen) for each in _INCLUDE.findall(text))
    return before + _GUARD.sub(r"\2", _INCLUDE.sub("", text)).strip() + "\n\n"
