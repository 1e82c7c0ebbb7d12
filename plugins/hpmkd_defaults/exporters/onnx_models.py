"""Encoders and models of every kind in an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onnx import TensorProto

from hpmkd.errors import ExportError
from hpmkd.student import (
    AdditiveModel,
    JointEncoder,
    LinearEncoder,
    LinearModel,
    PooledModel,
    TreesModel,
)
from hpmkd_defaults.exporters.onnx_columns import Encoded, RawColumns
from hpmkd_defaults.exporters.onnx_graph import Graph
from hpmkd_defaults.exporters.onnx_linear import linear_columns, linear_margins
from hpmkd_defaults.exporters.onnx_links import probabilities
from hpmkd_defaults.exporters.onnx_pool import pooled
from hpmkd_defaults.exporters.onnx_trees import tree_margins


@dataclass(frozen=True)
class Matrices:
    """What models read: linear margins the one, trees the other, which may be the same."""

    linear: Encoded
    trees: Encoded


def encoded(graph: Graph, raw: RawColumns, encoder: Any) -> Matrices:
    """Add what an encoder does."""
    if isinstance(encoder, JointEncoder):
        return Matrices(linear_columns(graph, raw, encoder.linear), raw.floats)
    one = linear_columns(graph, raw, encoder) if isinstance(encoder, LinearEncoder) else raw.floats
    return Matrices(one, one)


def answers(graph: Graph, read: Matrices, model: Any) -> str:
    """Add a model and its link.

    Parameters
    ----------
    graph : Graph
    read : Matrices
    model : LinearModel, TreesModel, AdditiveModel or PooledModel

    Returns
    -------
    str
        Name of its probabilities, float64 of shape (n, K).

    Raises
    ------
    ExportError
        The model is of another kind.
    """
    if isinstance(model, PooledModel):
        predicted = [answers(graph, read, member) for member in model.members]
        return pooled(graph, predicted, model.pool)
    if isinstance(model, LinearModel):
        margins = linear_margins(graph, read.linear, model)
    elif isinstance(model, TreesModel):
        trees = tree_margins(graph, read.trees, model)
        margins = graph.cast(trees, TensorProto.DOUBLE, "margins/doubles")
    elif isinstance(model, AdditiveModel):
        linear = linear_margins(graph, read.linear, model.linear)
        both = _on_top(graph, linear, tree_margins(graph, read.trees, model.trees), model)
        margins = graph.cast(both, TensorProto.DOUBLE, "margins/doubles")
    else:
        raise ExportError(
            f"the exporter 'onnx' got a {type(model).__name__}, expected a model that is linear, "
            "of trees, both, or a pool of such"
        )
    return probabilities(graph, margins, model.link)


def _on_top(graph: Graph, linear: str, trees: str, model: AdditiveModel) -> str:
    """Add trees to linear margins that are clipped to their range, in float32."""
    value = graph.cast(linear, TensorProto.FLOAT, "margins/linear")
    for operator, limit in (("Max", model.low), ("Min", model.high)):
        edge = graph.constant(limit, "margins/limit")
        value = graph.add(operator, [value, edge], "margins/clipped")
    return graph.add("Add", [value, trees], "margins/sum")
