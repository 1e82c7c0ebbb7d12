"""Margins of a small network."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels._packed_numpy.linear import (
    Scaled,
    codes_of,
    missing_of,
    numbers_of,
    read_scaled,
)
from hpmkd.kernels._packed_numpy.scalars import LARGEST_INPUT
from hpmkd.kernels._packed_numpy.sums import Floats, Singles, Words, add_in_order, parts

_ONE, _THREE = np.float32(1.0), np.float32(3.0)


class PackedNetwork(NamedTuple):
    """Scaled columns, and the layers upon them."""

    columns: Scaled
    layers: list[tuple[Singles, Singles]]  # weights (a, b) and biases (b,)


def read_network(words: Words) -> PackedNetwork | None:
    """Read a network from the words of a student; None if it has none."""
    at = int(words[22])
    if at == 0:
        return None
    floats, n_layers = words.view(np.float32), int(words[at])
    sizes = words[at + 1 :][: n_layers + 1].tolist()
    place, layers = at + n_layers + 2, []
    for a, b in pairwise(sizes):
        biases = place + a * b
        layers.append((floats[place:biases].reshape(a, b), floats[biases : biases + b]))
        place = biases + b
    return PackedNetwork(read_scaled(words, 0), layers)


def network_margins(rows: NDArray[Any], network: PackedNetwork) -> Floats:
    """Return the margins (n, C) of rows (n, d)."""
    values = squash(_encoded(rows, network.columns))
    for at, (weights, biases) in enumerate(network.layers):
        if at:
            values = np.where(values > 0, values, np.float32(0))
        start = np.repeat(biases[np.newaxis], len(rows), axis=0)
        values = add_layer(values, weights, start).T
    return values.T.astype(np.float64)


def _encoded(rows: NDArray[Any], columns: Scaled) -> Floats:
    """Return all columns (d, n) that a network reads: numbers, indicators, a level each."""
    parts = [numbers_of(rows, columns), missing_of(rows, columns).astype(np.float64)]
    for code, levels in zip(codes_of(rows, columns), columns.levels, strict=True):
        parts.append((code == np.arange(levels[0])[:, np.newaxis]).astype(np.float64))
    return np.concatenate(parts)


def squash(values: Floats) -> Singles:
    """Return u / sqrt(1 + (u / 3)²) in float32, as ``_predict.squash`` writes it."""
    bounded = np.where(values > -LARGEST_INPUT, values, -LARGEST_INPUT)
    u = np.minimum(bounded, LARGEST_INPUT).astype(np.float32)
    third = u / _THREE
    return np.asarray(u / np.sqrt(_ONE + third * third))


def add_layer(inputs: Singles, weights: Singles, start: Singles) -> Singles:
    """Return `start` (n, b) plus inputs (a, n) times weights (a, b), four inputs at a time.

    In the order of ``_predict.add_layer``.
    """
    total, whole = start, len(inputs) - len(inputs) % 4
    values, layer = inputs[:, :, np.newaxis], weights[:, np.newaxis]
    for part in parts(whole, start.size, multiple=4):
        x0, x1, x2, x3 = (values[part][k::4] * layer[part][k::4] for k in range(4))
        total = add_in_order(total, (x0 + x1) + (x2 + x3))
    return add_in_order(total, values[whole:] * layer[whole:])
