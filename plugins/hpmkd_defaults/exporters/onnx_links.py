"""From margins to probabilities and labels in an ONNX graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, ValueInfoProto, helper

from hpmkd_defaults.exporters.onnx_graph import Graph
from hpmkd_defaults.exporters.onnx_names import LABEL, PROBABILITIES

# Far beyond any margin, so that an overflowed one does not become inf - inf.
_LARGEST = 1e300

_LABEL_TYPES = {
    "b": TensorProto.BOOL,
    "i": TensorProto.INT64,
    "f": TensorProto.DOUBLE,
    "U": TensorProto.STRING,
}


def probabilities(graph: Graph, margins: str, link: str) -> str:
    """Add a link.

    Parameters
    ----------
    graph : Graph
    margins : str
        float64 of shape (n, C).
    link : str
        ``"softmax"``, ``"sigmoid"`` or ``"identity"``.

    Returns
    -------
    str
        Name of the probabilities, float64 of shape (n, K).
    """
    if link == "sigmoid":
        negative = graph.add("Neg", [margins], "link/negative")
        both = graph.join([negative, margins], "link/both")
        return graph.add("Sigmoid", [both], "link/probabilities")
    if link == "softmax":
        limits = [graph.constant(np.array(end), "link/limit") for end in (-_LARGEST, _LARGEST)]
        finite = graph.add("Clip", [margins, *limits], "link/finite")
        return graph.add("Softmax", [finite], "link/probabilities", axis=1)
    axes = graph.constant(np.array([1], dtype=np.int64), "link/axes")
    sums = graph.add("ReduceSum", [margins, axes], "link/sums", keepdims=1)
    return graph.add("Div", [margins, sums], "link/probabilities")


def outputs(graph: Graph, value: str, classes: NDArray[Any]) -> list[ValueInfoProto]:
    """Add the outputs.

    Parameters
    ----------
    graph : Graph
    value : str
        The probabilities.
    classes : ndarray of shape (K,)
        Labels, of any type that a student may have.

    Returns
    -------
    list
        What the graph declares: labels of shape (n,), the first of equally probable ones,
        and float64 probabilities of shape (n, K).
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
