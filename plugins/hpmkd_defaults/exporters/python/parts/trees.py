"""Trees for many rows by NumPy, read from the comparisons of the functions for one row."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

from hpmkd_defaults.exporters.python.parts.student import numpy

# ------------------------------------------------------------------------- trees for many rows


class Asked:
    """Stands for a cell: notes what a tree compares it with, and answers as it was given."""

    def __init__(self, name: str, answers: tuple[bool, ...], noted: list[Any]) -> None:
        self.name, self.answers, self.noted = name, answers, noted

    def answer(self, below: bool, threshold: float) -> bool:
        """Note a comparison; beyond the given answers, it is True."""
        self.noted.append((self.name, below, threshold))
        return len(self.noted) > len(self.answers) or self.answers[len(self.noted) - 1]

    def __lt__(self, threshold: float) -> bool:
        return self.answer(True, threshold)

    def __ge__(self, threshold: float) -> bool:
        return self.answer(False, threshold)


def nodes_of(
    tree: Callable[..., Any], names: tuple[str, ...], answers: tuple[bool, ...] = ()
) -> Any:
    """Return a tree as what it compares first, and what it does if so and if not; or as a leaf."""
    noted: list[Any] = []
    leaf = tree(*[Asked(name, answers, noted) for name in names])
    if len(noted) == len(answers):
        return numpy.array(leaf, dtype=numpy.float32)
    then, otherwise = (nodes_of(tree, names, (*answers, true)) for true in (True, False))
    return noted[len(answers)], then, otherwise


NODES: dict[Callable[..., Any], Any] = {}


def leaves_of(tree: Callable[..., Any], cells: dict[str, Any], n: int) -> Any:
    """Return the leaf of each row, float32 of shape (n,), or (C, n) if it holds several values."""
    if tree not in NODES:
        NODES[tree] = nodes_of(tree, tuple(signature(tree).parameters))
    leaves: Any = None
    waiting = [(NODES[tree], numpy.arange(n))]
    while waiting:
        node, rows = waiting.pop()
        if not isinstance(node, tuple):
            leaves = numpy.empty((*node.shape, n), numpy.float32) if leaves is None else leaves
            leaves[..., rows] = node[..., None]
            continue
        (name, below, threshold), then, otherwise = node
        values = cells[name][rows]
        true = values < threshold if below else values >= threshold
        waiting += [(then, rows[true]), (otherwise, rows[~true])]
    return leaves


def add_trees(margins: Any, trees: list[Any], cells: dict[str, Any]) -> Any:
    """Add trees to margins (C, n) of float32: each to its own margin, or to all if that is None."""
    for tree, at in trees:
        own = slice(None) if at is None else at
        margins[own] += leaves_of(tree, cells, margins.shape[1])
    return margins


def rounded(cells: Any) -> Any:
    """Round cells to float32."""
    with numpy.errstate(over="ignore"):
        return cells.astype(numpy.float32).astype(float)


def start_many(margins: list[float], n: int) -> Any:
    """Return margins to which trees are added, (C, n) of float32."""
    return numpy.repeat(numpy.array(margins, dtype=numpy.float32)[:, None], n, axis=1)
