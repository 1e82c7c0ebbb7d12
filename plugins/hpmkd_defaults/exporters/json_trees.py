"""Trees as nested conditions on raw columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpmkd.errors import ExportError
from hpmkd.student import TreesModel
from hpmkd.student.columns.schema import Column

#: Readers of JSON give up on what is nested deeper than a few hundred levels.
MAX_DEPTH = 200


def trees_of(model: TreesModel, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the trees of a model that looks at raw columns.

    Parameters
    ----------
    model : TreesModel
    columns : sequence of Column
        What it looks at.

    Returns
    -------
    list of dict
        ``margin``: which one the leaves add to; None if to all. ``root``: a node with
        ``column``, a condition, ``missing`` (``"yes"`` or ``"no"``), and the nodes ``yes`` and
        ``no``; or a leaf with what it would ``add``.

    Raises
    ------
    ExportError
        A tree is too deep to be nested.
    """
    nodes: list[dict[str, Any]] = [{}] * len(model.features)
    depths = np.zeros(len(nodes), dtype=int)
    whole = model.leaf_values.shape[1] > 1
    for at in range(len(nodes) - 1, -1, -1):  # children come after their parents
        left, right = int(model.left[at]), int(model.right[at])
        column = int(model.features[at])
        if column < 0:
            values = [short(value) for value in model.leaf_values[left]]
            nodes[at] = {"add": values if whole else values[0]}
            continue
        depths[at] = 1 + max(depths[left], depths[right])
        nodes[at] = {
            "column": columns[column].name,
            **_condition(columns[column], float(model.thresholds[at]), model.thresholds[at]),
            "missing": "yes" if model.missing_left[at] else "no",
            "yes": nodes[left],
            "no": nodes[right],
        }
    if depths.max(initial=0) > MAX_DEPTH:
        raise ExportError(
            f"a tree is {depths.max()} levels deep, and JSON that is nested deeper than "
            f"{MAX_DEPTH} is not read everywhere: use the exporter 'onnx'"
        )
    return [
        {"margin": None if whole else int(output), "root": nodes[root]}
        for root, output in zip(model.roots, model.outputs, strict=True)
    ]


def short(value: np.float32) -> float:
    """Return a float32 in as few digits as tell it from its neighbours."""
    return float(str(value))


def _condition(column: Column, threshold: float, rounded: np.float32) -> dict[str, Any]:
    """Return ``x < threshold`` of a number, or of the code of a category."""
    if column.kind == "number":
        infinite = "-Infinity" if threshold < 0 else "Infinity"
        return {"below": short(rounded) if math.isfinite(threshold) else infinite}
    count = len(column.categories)
    first = math.ceil(min(max(threshold, 0.0), count))
    if first <= count - first:
        return {"in": list(column.categories[:first])}
    return {"not_in": list(column.categories[first:])}
