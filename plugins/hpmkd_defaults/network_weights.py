"""The weights of a small network in training: where they lie, and how they start."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import n_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hpmkd.values import FloatArray

    Singles = NDArray[np.float32]

#: Rows of a step of Adam, and steps that the average of the weights reaches back to.
BATCH, HORIZON = 32, 300
#: The weights of the margins start at this share of those of a hidden layer: near the prior.
SMALL_START = 0.3


def layer_sizes(n_columns: int, hidden: Sequence[int], n_classes: int) -> list[int]:
    """Return the sizes d, h1, …, C of the layers; two classes have one margin, that of class 1."""
    return [n_columns, *map(int, hidden), n_classes if n_classes > 2 else 1]


def start_state(sizes: Sequence[int], shares: FloatArray, random: np.random.Generator) -> Singles:
    """Return the state of :func:`hpmkd.kernels.network_epoch` before the first step.

    Parameters
    ----------
    sizes : sequence of int
        Of the layers.
    shares : ndarray of shape (K,)
        Of the classes, above 0: the margins start at their logs.
    random : Generator
        Draws the weights (He et al. 2015).

    Returns
    -------
    ndarray of shape (4, P), float32
    """
    state = np.zeros((4, n_parameters(sizes)), dtype=np.float32)
    weights, biases = layers_of(state[0], sizes)
    for layer in weights:
        drawn = random.standard_normal(layer.shape, dtype=np.float32)
        layer[:] = drawn * np.float32(np.sqrt(2.0 / max(1, len(layer))))
    weights[-1][:] *= np.float32(SMALL_START)
    logits = np.log(shares)
    biases[-1][:] = logits if sizes[-1] > 1 else logits[1:] - logits[:1]
    state[3] = state[0]
    return state


def layers_of(flat: Singles, sizes: Sequence[int]) -> tuple[list[Singles], list[Singles]]:
    """Return weights and biases of each layer, as views of the flat parameters (P,)."""
    weights, biases, at = [], [], 0
    for a, b in pairwise(sizes):
        weights.append(flat[at : at + a * b].reshape(a, b))
        biases.append(flat[at + a * b : at + (a + 1) * b])
        at += (a + 1) * b
    return weights, biases
