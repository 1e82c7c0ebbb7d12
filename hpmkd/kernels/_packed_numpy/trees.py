"""The leaves in which rows end, and what they add to the margins."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels._packed_numpy.cells import CellsPlan, cells_of, cells_plan
from hpmkd.kernels._packed_numpy.sums import (
    Floats,
    Places,
    Singles,
    Words,
    add_in_order,
    parts,
)

_HALF, _LOW_HALF = np.uint32(16), np.uint32(0xFFFF)


class PerfectTrees(NamedTuple):
    """Trees of one depth D, each of N = 2**D - 1 tests and 2**D leaves."""

    columns: Places  # (T, N)
    thresholds: Singles  # (T, N, 1)
    first_leaf: Places  # (T, 1), as words
    depth: int

    @property
    def n_tests(self) -> int:
        """How many cells are compared in a tree."""
        return int(2**self.depth - 1)

    def leaves(self, trees: Any, cells: Singles) -> Places:
        """Return the words (t, n) of the leaves of some trees."""
        below = cells[self.columns[trees]] < self.thresholds[trees]
        bits = _bits(self.depth)
        passed = np.bitwise_or.reduce(np.multiply(below, bits, dtype=bits.dtype), axis=1)
        return np.asarray(_leaf_of(self.depth)[passed] + self.first_leaf[trees])


class WalkedTrees(NamedTuple):
    """Trees of any shape, walked node by node."""

    roots: Places  # (T, 1)
    words: Words

    @property
    def n_tests(self) -> int:
        """How many values a step needs of a tree."""
        return 8

    def leaves(self, trees: Any, cells: Singles) -> Places:
        """Return the words (t, n) of the leaves of some trees."""
        roots, thresholds = self.roots[trees], self.words.view(np.float32)
        n = cells.shape[1]
        flat, row = cells.ravel(), np.arange(n)
        at = np.repeat(roots + 3, n, axis=1)
        while True:
            node = self.words[at]
            cell = flat[(node & _LOW_HALF).astype(np.intp) * n + row]
            child = (node >> _HALF) + (~(cell < thresholds[at + 1])).view(np.uint8)
            to = roots + 3 * child.astype(np.intp)
            if np.array_equal(to, at):
                return at + 2
            at = to


class Trees(NamedTuple):
    """All trees of a student, and where their sums start."""

    plan: CellsPlan
    shapes: PerfectTrees | WalkedTrees
    order: Places  # (R, C): of each margin the trees; what is filled up is -1
    starts: Singles | None  # (C,): the base margins, unless they stand on linear ones
    limits: Singles | None  # (2, C): lowest and highest linear margins
    width: int  # values of a leaf; 0 if it is one itself
    words: Words


def read_trees(words: Words) -> Trees | None:
    """Read the trees of a student from its words; None if it has none."""
    form, n_margins, width = int(words[3]), int(words[1]), int(words[23])
    if form == 0:
        return None
    floats = words.view(np.float32)
    limits = floats[int(words[12]) :][: 2 * n_margins].reshape(2, n_margins)
    firsts = words[int(words[7]) :][: n_margins + 1].astype(np.intp)
    n_trees = int(words[4])
    order = np.arange(n_trees)[:, np.newaxis] if width else _in_rounds(firsts)
    return Trees(
        plan=cells_plan(words),
        shapes=_walked(words, n_trees) if form == 5 else _perfect(words, n_trees, form),
        order=order,
        starts=None if words[12] else floats[int(words[10]) :][:n_margins],
        limits=limits if words[12] else None,
        width=width,
        words=words,
    )


def _in_rounds(firsts: Places) -> Places:
    """Return the trees round by round, one for each margin; -1 where a margin has no more."""
    counts = np.diff(firsts)
    rounds = np.arange(counts.max(initial=0))[:, np.newaxis]
    return np.where(rounds < counts, firsts[:-1] + rounds, -1)


def _perfect(words: Words, n_trees: int, depth: int) -> PerfectTrees:
    n_tests, at = 2**depth - 1, int(words[8])
    size = 3 * n_tests + 1
    table = words[at : at + n_trees * size].reshape(n_trees, size)
    thresholds = table[:, n_tests : 2 * n_tests].copy().view(np.float32)
    first_leaf = at + 2 * n_tests + size * np.arange(n_trees)
    return PerfectTrees(
        columns=table[:, :n_tests].astype(np.intp),
        thresholds=thresholds[:, :, np.newaxis],
        first_leaf=first_leaf[:, np.newaxis],
        depth=depth,
    )


def _walked(words: Words, n_trees: int) -> WalkedTrees:
    roots = words[int(words[8]) :][:n_trees].astype(np.intp)
    return WalkedTrees(roots[:, np.newaxis], words)


def add_trees(rows: NDArray[Any], trees: Trees, linear: Floats | None) -> Singles:
    """Return the margins (n, C), float32, of rows (n, d): trees on top of where they start."""
    cells, n = cells_of(rows, trees.plan), len(rows)
    if trees.limits is None:
        assert trees.starts is not None, "either starts or limits are there"
        total = np.repeat(trees.starts[:, np.newaxis], n, axis=1)
    else:
        assert linear is not None, "what limits are of"
        low, high = trees.limits[:, :, np.newaxis]
        total = linear.T.astype(np.float32)
        total = np.where(total < low, low, total)
        total = np.where(total > high, high, total)
    floats = trees.words.view(np.float32)
    n_rounds, n_together = trees.order.shape
    size = n * n_together * max(trees.shapes.n_tests, trees.width)
    for rounds in parts(n_rounds, size):
        order = trees.order[rounds]
        leaves = trees.shapes.leaves(order.ravel(), cells)
        if trees.width:
            total = _add_vectors(total, leaves, trees.words)
            continue
        values = floats[leaves].reshape(*order.shape, n)
        absent = order < 0
        if absent.any():
            values[absent] = -0.0  # which changes nothing that it is added to
        total = add_in_order(total, values)
    return total.T


def _add_vectors(total: Singles, leaves: Places, words: Words) -> Singles:
    """Add leaves (t, n) that hold a value per margin to sums (C, n)."""
    floats, margins = words.view(np.float32), np.arange(len(total))[:, np.newaxis]
    starts = words[leaves].astype(np.intp)[:, np.newaxis]
    return add_in_order(total, floats[starts + margins])


@cache
def _bits(depth: int) -> NDArray[Any]:
    """Return a bit for each test of a tree, (N, 1)."""
    n_tests = 2**depth - 1
    return (1 << np.arange(n_tests)).astype(f"u{1 if n_tests <= 8 else 2}")[:, np.newaxis]


@cache
def _leaf_of(depth: int) -> Places:
    """Return the leaf, 0 … 2**D - 1, by the bits of the tests that are passed."""
    n_tests = 2**depth - 1
    passed = np.arange(2**n_tests)
    at = np.zeros_like(passed)
    for _ in range(depth):
        at = 2 * at + 2 - (passed >> at & 1)
    return np.asarray(at - n_tests)
