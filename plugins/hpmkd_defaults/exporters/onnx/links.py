"""From margins and members to probabilities and labels in an ONNX graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, ValueInfoProto, helper

from hpmkd.student import Pool
from hpmkd.student.models.pool import SMALLEST
from hpmkd_defaults.exporters.attention import refuse_attention
from hpmkd_defaults.exporters.onnx.columns import LABEL, PROBABILITIES
from hpmkd_defaults.exporters.onnx.graph import Graph

# Far beyond any margin, so that an overflowed one does not become inf - inf.
_LARGEST = 1e300

_LABEL_TYPES = {
    "b": TensorProto.BOOL,
    "i": TensorProto.INT64,
    "f": TensorProto.DOUBLE,
    "U": TensorProto.STRING,
}


def probabilities(graph: Graph, margins: str, link: str) -> str:
    """Add a link; return the name of the probabilities, float64 of shape (n, K)."""
    if link == "sigmoid":
        # As a softmax, for what onnxruntime's Sigmoid returns near 0 has lost its digits, and
        # pools take logarithms.
        halves = graph.constant(np.array([[-0.5, 0.5]]), "link/halves")
        margins = graph.add("Mul", [margins, halves], "link/both")
    if link != "identity":
        limits = [graph.constant(np.array(end), "link/limit") for end in (-_LARGEST, _LARGEST)]
        finite = graph.add("Clip", [margins, *limits], "link/finite")
        return graph.add("Softmax", [finite], "link/probabilities", axis=1)
    axes = graph.constant(np.array([1], dtype=np.int64), "link/axes")
    sums = graph.add("ReduceSum", [margins, axes], "link/sums", keepdims=1)
    return graph.add("Div", [margins, sums], "link/probabilities")


def outputs(graph: Graph, value: str, classes: NDArray[Any]) -> list[ValueInfoProto]:
    """Add the outputs, and return what the graph declares of them.

    Labels of shape (n,), the first of equally probable ones, and float64 probabilities of
    shape (n, K).
    """
    labels = graph.constant(
        classes.astype(object) if classes.dtype.kind == "U" else classes, "classes/labels"
    )
    best = graph.add("ArgMax", [value], "classes/best", axis=1, keepdims=0)
    graph.output("Gather", [labels, best], LABEL)
    graph.output("Identity", [value], PROBABILITIES)
    label_type = _LABEL_TYPES[classes.dtype.kind]
    return [
        helper.make_tensor_value_info(LABEL, label_type, ["rows"]),
        helper.make_tensor_value_info(PROBABILITIES, TensorProto.DOUBLE, ["rows", len(classes)]),
    ]


def pooled(graph: Graph, predicted: Sequence[str], pool: Pool) -> str:
    """Fuse probabilities of M members, float64 of shape (n, K); return the name of the result.

    Raises
    ------
    UnsupportedStudentError
        The pool has attention.
    """
    refuse_attention(pool, "onnx")
    smallest = graph.constant(np.array(SMALLEST), "pool/smallest")
    softened = [
        _softened(graph, graph.add("Max", [each, smallest], "pool/raised"), float(temperature))
        for each, temperature in zip(predicted, pool.temperatures, strict=True)
    ]
    parts = []
    if pool.share > 0:
        parts.append(_weighted(graph, softened, pool.share * pool.weights))
    if pool.share < 1:
        floored = [graph.add("Max", [each, smallest], "pool/floored") for each in softened]
        logs = [graph.add("Log", [each], "pool/log") for each in floored]
        offsets = graph.constant(pool.offsets, "pool/offsets")
        logits = graph.add("Add", [_weighted(graph, logs, pool.exponents), offsets], "pool/logits")
        product = graph.add("Softmax", [logits], "pool/product", axis=1)
        parts.append(_times(graph, product, 1 - pool.share))
    mean = graph.add("Sum", parts, "pool/mean")
    return _softened(graph, mean, pool.final_temperature)


def _softened(graph: Graph, value: str, temperature: float) -> str:
    """Raise probabilities to 1 / temperature and normalise them; zeros stay zeros."""
    if temperature == 1:
        return value
    logs = graph.add("Log", [value], "pool/log")
    return graph.add("Softmax", [_times(graph, logs, 1 / temperature)], "pool/softened", axis=1)


def _weighted(graph: Graph, values: Sequence[str], weights: Iterable[float]) -> str:
    """Add values, each times its weight."""
    parts = [_times(graph, *pair) for pair in zip(values, weights, strict=True)]
    return graph.add("Sum", parts, "pool/sum")


def _times(graph: Graph, value: str, factor: float) -> str:
    """Multiply a value with a number."""
    return graph.add("Mul", [value, graph.constant(np.array(factor), "pool/factor")], "pool/part")
