"""Sums of trees in an ONNX graph, in float32 as the student computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from hpmkd.student import TreesModel
from hpmkd_defaults.exporters.onnx_columns import Encoded
from hpmkd_defaults.exporters.onnx_graph import ML, Graph

if TYPE_CHECKING:
    from hpmkd.values import IntArray


def tree_margins(graph: Graph, encoded: Encoded, model: TreesModel) -> str:
    """Add the margins of some trees, float32 of shape (n, C).

    Parameters
    ----------
    graph : Graph
    encoded : Encoded
        What the trees read, rounded to float32 here if need be.
    model : TreesModel
        Thresholds are compared as the student compares them: ``x < threshold`` in float32,
        missing values by their side.

    Returns
    -------
    str
        Name of the margins.
    """
    value = encoded.value
    if encoded.double:
        value = graph.cast(value, TensorProto.FLOAT, "trees/floats")
    return graph.add(
        "TreeEnsembleRegressor",
        [value],
        "trees/margins",
        domain=ML,
        n_targets=len(model.base_margin),
        aggregate_function="SUM",
        post_transform="NONE",
        **ensemble(model, encoded.order),
    )


def ensemble(model: TreesModel, order: tuple[int, ...]) -> dict[str, Any]:
    """Return nodes and leaves of trees as attributes of a ``TreeEnsembleRegressor``.

    The base margin is a first tree of one leaf: runtimes add ``base_values`` last, which
    rounds otherwise.

    Parameters
    ----------
    model : TreesModel
    order : tuple of int
        Where in the matrix each column is.

    Returns
    -------
    dict
        Lists, one entry per node or per leaf and margin.
    """
    trees = _tree_of_nodes(model)
    nodes = np.argsort(trees, kind="stable")  # a root stays before its children
    places = _places(trees, nodes)
    leaf = model.features < 0
    left, right = np.where(leaf, 0, model.left), np.where(leaf, 0, model.right)
    columns = np.array(order, dtype=np.int64)[np.where(leaf, 0, model.features)]
    modes = np.where(leaf, "LEAF", "BRANCH_LT")
    first = {"treeids": 0, "nodeids": 0, "featureids": 0, "values": 0.0}
    side = "missing_value_tracks_true"
    first |= {"truenodeids": 0, "falsenodeids": 0, side: 0}
    rest = {
        "treeids": trees + 1,
        "nodeids": places,
        "featureids": np.where(leaf, 0, columns),
        "values": np.where(leaf, np.float32(0), model.thresholds),
        "truenodeids": np.where(leaf, 0, places[left]),
        "falsenodeids": np.where(leaf, 0, places[right]),
        side: np.where(leaf, 0, model.missing_left),
    }
    found = {f"nodes_{name}": [first[name], *rest[name][nodes].tolist()] for name in first}
    found["nodes_modes"] = ["LEAF", *modes[nodes].tolist()]
    return found | _leaves(model, trees, places, nodes[leaf[nodes]])


def _tree_of_nodes(model: TreesModel) -> IntArray:
    """Return the tree that each node belongs to; children come after their parents."""
    trees = np.empty(len(model.features), dtype=np.int64)
    trees[model.roots] = np.arange(model.n_trees)
    for node in np.flatnonzero(model.features >= 0).tolist():
        trees[model.left[node]] = trees[model.right[node]] = trees[node]
    return trees


def _places(trees: IntArray, nodes: IntArray) -> IntArray:
    """Return the place of each node in its tree, counted from 0, the root."""
    starts = np.searchsorted(trees[nodes], np.arange(trees.max(initial=-1) + 1))
    places = np.empty(len(trees), dtype=np.int64)
    places[nodes] = np.arange(len(nodes)) - starts[trees[nodes]]
    return places


def _leaves(
    model: TreesModel, trees: IntArray, places: IntArray, leaves: IntArray
) -> dict[str, list[Any]]:
    """Return what each leaf adds to which margin, the base margin first."""
    n_margins, width = len(model.base_margin), model.leaf_values.shape[1]
    every = np.arange(n_margins)
    whole = width == n_margins
    targets: NDArray[Any] = (
        np.tile(every, len(leaves)) if whole else model.outputs[trees[leaves]].astype(np.int64)
    )
    weights = model.leaf_values[model.left[leaves]].ravel()
    return {
        "target_treeids": [0] * n_margins + np.repeat(trees[leaves] + 1, width).tolist(),
        "target_nodeids": [0] * n_margins + np.repeat(places[leaves], width).tolist(),
        "target_ids": every.tolist() + targets.tolist(),
        "target_weights": model.base_margin.tolist() + weights.tolist(),
    }
