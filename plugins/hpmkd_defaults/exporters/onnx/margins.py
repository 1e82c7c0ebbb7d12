"""Margins in an ONNX graph: linear ones and networks in float64, sums of trees in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from hpmkd.student import LinearEncoder, LinearModel, NetworkModel, TreesModel
from hpmkd_defaults.exporters.onnx.columns import Encoded, RawColumns
from hpmkd_defaults.exporters.onnx.graph import ML, Graph

if TYPE_CHECKING:
    from hpmkd.values import IntArray

#: Beyond it a network reads any cell as this, as its kernels do.
LARGEST_INPUT = 1e4


def linear_columns(graph: Graph, raw: RawColumns, encoder: LinearEncoder) -> Encoded:
    """Add the columns of a linear encoder, float64: numbers, indicators, one-hot levels."""
    parts = []
    if raw.numbers is not None:
        parts += _scaled(graph, raw.numbers, encoder)
    for j, codes in raw.codes.items():
        levels = min(len(encoder.schema.features[j].categories), encoder.max_levels)
        known = graph.constant(np.arange(levels, dtype=np.float32)[np.newaxis], "linear/levels")
        # NaN, a missing or unknown cell, equals nothing.
        hot = graph.add("Equal", [codes, known], "linear/is_level")
        parts.append(graph.cast(hot, TensorProto.DOUBLE, "linear/one_hot"))
    value = graph.join(parts, "linear/columns")
    return Encoded(value, tuple(range(encoder.n_outputs)), double=True)


def linear_margins(graph: Graph, encoded: Encoded, model: LinearModel) -> str:
    """Add the margins of a linear model, float64 of shape (n, C); return their name."""
    value = encoded.value
    if not encoded.double:
        value = graph.cast(value, TensorProto.DOUBLE, "linear/doubles")
    named = graph.constant(_in_order(model.coefficients, encoded), "linear/coefficients")
    start = graph.constant(model.intercept, "linear/intercept")
    return graph.add("Gemm", [value, named, start], "linear/margins")


def network_margins(graph: Graph, encoded: Encoded, model: NetworkModel) -> str:
    """Add the margins of a network, float64 of shape (n, C); return their name.

    The student adds float32 in an order of its own, which ``Gemm`` leaves to the runtime, and
    older runtimes approximate roots of float32. In float64 all give the same to 1e-12, and what
    is left is the rounding of the student (:mod:`~hpmkd_defaults.exporters.onnx.rounding`). Its
    weights stay float32 in the file.
    """
    value = _squashed(graph, encoded)
    first, *others = model.weights
    weights = [_in_order(first, encoded), *others]
    for at, (layer, biases) in enumerate(zip(weights, model.biases, strict=True)):
        value = graph.add("Relu", [value], "network/units") if at else value
        named, start = (
            graph.cast(graph.constant(each, f"network/{name}"), TensorProto.DOUBLE, "network/wide")
            for each, name in ((layer, "weights"), (biases, "biases"))
        )
        value = graph.add("Gemm", [value, named, start], "network/sums")
    return value


def _squashed(graph: Graph, encoded: Encoded) -> str:
    """Add what a network reads of its columns, float64."""
    value = encoded.value
    if not encoded.double:
        value = graph.cast(value, TensorProto.DOUBLE, "network/doubles")
    limits = [graph.constant(np.array(x), "network/limit") for x in (-LARGEST_INPUT, LARGEST_INPUT)]
    value = graph.add("Clip", [value, *limits], "network/clipped")
    three, one = (graph.constant(np.array(x), "network/part") for x in (3.0, 1.0))
    third = graph.add("Div", [value, three], "network/third")
    square = graph.add("Mul", [third, third], "network/square")
    root = graph.add("Sqrt", [graph.add("Add", [square, one], "network/sum")], "network/root")
    return graph.add("Div", [value, root], "network/squashed")


def _in_order(weights: NDArray[Any], encoded: Encoded) -> NDArray[Any]:
    """Return weights, a row per column, in the order of the columns of the matrix."""
    ordered = np.empty_like(weights)
    ordered[list(encoded.order)] = weights
    return ordered


def _scaled(graph: Graph, numbers: str, encoder: LinearEncoder) -> list[str]:
    """Add imputing, clipping and standardising; return the columns and their indicators."""
    scaling = encoder.scaling
    missing = graph.add("IsNaN", [numbers], "linear/is_missing")
    medians = graph.constant(scaling.medians, "linear/medians")
    value = graph.add("Where", [missing, medians, numbers], "linear/imputed")
    for operator, name in (("Max", "lows"), ("Min", "highs")):
        limit = graph.constant(getattr(scaling, name), f"linear/{name}")
        value = graph.add(operator, [value, limit], "linear/clipped")
    scales = graph.constant(scaling.scales, "linear/scales")
    centers = graph.constant(scaling.centers / scaling.scales, "linear/centers")
    # Divided first, as the student does: the difference of huge numbers may overflow.
    value = graph.add("Div", [value, scales], "linear/divided")
    parts = [graph.add("Sub", [value, centers], "linear/scaled")]
    if scaling.indicated.any():
        shown = graph.constant(np.flatnonzero(scaling.indicated), "linear/indicated")
        chosen = graph.add("Gather", [missing, shown], "linear/was_missing", axis=1)
        parts.append(graph.cast(chosen, TensorProto.DOUBLE, "linear/indicators"))
    return parts


def tree_margins(graph: Graph, encoded: Encoded, model: TreesModel) -> str:
    """Add the margins of some trees, float32 of shape (n, C); return their name.

    As in the student: ``x < threshold`` in float32, missing cells by their side.
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
    rounds otherwise. `order` is where in the matrix each column is.
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
