"""Several answers made into one in an ONNX graph, in float64 as the student computes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hpmkd.student import Pool
from hpmkd.student.models.pool import SMALLEST
from hpmkd_defaults.exporters.onnx_graph import Graph


def pooled(graph: Graph, predicted: Sequence[str], pool: Pool) -> str:
    """Add what a pool does.

    Parameters
    ----------
    graph : Graph
    predicted : sequence of M str
        Probabilities of the members, float64 of shape (n, K).
    pool : Pool
        Of M members.

    Returns
    -------
    str
        Name of the fused probabilities, float64 of shape (n, K).
    """
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
