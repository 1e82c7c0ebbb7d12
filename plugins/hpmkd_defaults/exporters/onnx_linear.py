"""Linear margins in an ONNX graph, in float64 as the student computes them."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from hpmkd.student import LinearEncoder, LinearModel
from hpmkd_defaults.exporters.onnx_columns import Encoded, RawColumns
from hpmkd_defaults.exporters.onnx_graph import Graph


def linear_columns(graph: Graph, raw: RawColumns, encoder: LinearEncoder) -> Encoded:
    """Add what a linear encoder does.

    Parameters
    ----------
    graph : Graph
    raw : RawColumns
        Of the encoder's schema.
    encoder : LinearEncoder

    Returns
    -------
    Encoded
        float64 of shape (n, d): scaled numbers, indicators, one-hot levels.
    """
    parts = []
    if raw.numbers is not None:
        parts += _scaled(graph, raw.numbers, encoder)
    for j, codes in raw.codes.items():
        levels = min(len(encoder.schema.columns[j].categories), encoder.max_levels)
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
    weights = np.empty_like(model.coefficients)
    weights[list(encoded.order)] = model.coefficients
    named = graph.constant(weights, "linear/coefficients")
    start = graph.constant(model.intercept, "linear/intercept")
    return graph.add("Gemm", [value, named, start], "linear/margins")


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
