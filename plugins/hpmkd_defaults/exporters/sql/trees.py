"""Trees as CASE expressions, added one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from hpmkd.student import TreeEncoder, TreesModel
from hpmkd_defaults.exporters.sql.cells import CellReader, first_code, is_whole
from hpmkd_defaults.exporters.sql.expressions import Sql, join, sql
from hpmkd_defaults.exporters.thresholds import exact_bounds

#: Years are the largest whole numbers that are compared.
_WHOLE = 10**6


class _Cases(NamedTuple):
    """A CASE in the making: its branches, what else there is, and how deep others nest in it."""

    branches: tuple[Sql, ...]
    rest: Sql
    depth: int


def tree_margins(
    cells: CellReader, encoder: TreeEncoder, model: TreesModel, starts: Sequence[Sql]
) -> list[Sql]:
    """Return margins, float32 where the database has it, with all trees added to their starts."""
    width = model.leaf_values.shape[1]
    conditions = _Conditions(cells, encoder, model)

    def scalar(leaf: int) -> str:
        return cells.dialect.single(model.leaf_values[leaf, 0])

    terms: list[list[Sql]] = [[] for _ in starts]
    for root, output in zip(model.roots, model.outputs, strict=True):
        if width == 1:
            terms[output].append(_tree(model, root, conditions, scalar))
            continue
        place = cells.subqueries.define("n", _tree(model, root, conditions, str))
        for c, own in enumerate(terms):
            own.append(_chosen(cells, model, root, place, c))
    return [
        cells.subqueries.add_up("m", start, own) for start, own in zip(starts, terms, strict=True)
    ]


def _chosen(cells: CellReader, model: TreesModel, root: int, place: Sql, margin: int) -> Sql:
    """Return what the leaf of a tree adds to one of several margins."""
    leaves = sorted(_leaves(model, root))
    write = cells.dialect.single
    cases = " ".join(
        f"WHEN {leaf} THEN {write(model.leaf_values[leaf, margin])}" for leaf in leaves[:-1]
    )
    last = write(model.leaf_values[leaves[-1], margin])
    return sql(f"CASE {{}} {cases} ELSE {last} END", place) if cases else Sql(last)


def _leaves(model: TreesModel, root: int) -> list[int]:
    """Return the leaves of a tree, rows of the leaf values."""
    waiting, found = [int(root)], []
    while waiting:
        node = waiting.pop()
        left, right = int(model.left[node]), int(model.right[node])
        if model.features[node] < 0:
            found.append(left)
        else:
            waiting += [left, right]
    return found


def _tree(model: TreesModel, root: int, conditions: _Conditions, leaf: Callable[[int], str]) -> Sql:
    """Return one tree.

    Of two sides, the one in which more is nested comes last: the branches of its CASE follow those
    of this one. So a tree of n leaves is nested log2(n) deep at most, however deep it is: parsers
    of older databases have small stacks.
    """
    order, waiting = [], [int(root)]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if model.features[node] >= 0:
            waiting += [int(model.left[node]), int(model.right[node])]
    made: dict[int, _Cases] = {}
    for node in reversed(order):
        left, right = int(model.left[node]), int(model.right[node])
        if model.features[node] < 0:
            made[node] = _Cases((), Sql(leaf(left)), 0)
            continue
        yes, no = made.pop(left), made.pop(right)
        first, last = (yes, no) if yes.depth <= no.depth else (no, yes)
        condition = conditions.of(node, first is yes)
        branch = sql("WHEN {} THEN {}", condition, _written(first))
        depth = max(last.depth, first.depth + 1)
        made[node] = _Cases((branch, *last.branches), last.rest, depth)
    return _written(made[int(root)])


def _written(cases: _Cases) -> Sql:
    if not cases.branches:
        return cases.rest
    return sql("CASE {} ELSE {} END", join(" ", cases.branches), cases.rest)


class _Conditions:
    """The conditions of the nodes of a model; NULL, which is not true, goes to the other side."""

    def __init__(self, cells: CellReader, encoder: TreeEncoder, model: TreesModel) -> None:
        self._cells = cells
        self._model = model
        self._features = encoder.features
        offsets = np.append(encoder.offsets, 0.0)[model.features]  # leaves look at none
        self._bounds = exact_bounds(model.thresholds, offsets)

    def of(self, node: int, left: bool) -> Sql:
        """Return when a row goes to the left, or to the right, of a node."""
        feature = self._features[self._model.features[node]]
        column = self._cells.column(feature)
        if feature.kind == "category":
            bound = str(first_code(feature, float(self._model.thresholds[node])))
        elif is_whole(feature):
            bound = str(int(np.ceil(np.clip(self._bounds[node], -_WHOLE, _WHOLE))))
        else:
            bound = self._cells.dialect.double(float(self._bounds[node]))
        missing = " OR {} IS NULL" if bool(self._model.missing_left[node]) == left else ""
        sign = "<" if left else ">="
        return sql(f"{{}} {sign} {bound}{missing}", column, *([column] if missing else []))
