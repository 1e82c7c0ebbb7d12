"""A small network: one or two hidden layers on the columns that linear margins read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import finite, owned
from hpmkd.student.models.links import check_link, probabilities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import FloatArray

#: Hidden layers, and units of one, at most.
MAX_HIDDEN, MAX_WIDTH = 2, 4096
#: Largest weight and bias, beyond all that training reaches: no sum of float32 can overflow.
LARGEST_WEIGHT = 1e4


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """Layers of units: ``relu(relu(S W1 + b1) W2 + b2) W3 + b3``, or with one hidden layer.

    S is the encoded rows X, squashed to (-3, 3) by ``x / sqrt(1 + (x / 3)^2)``.

    Parameters
    ----------
    weights : sequence of 2 or 3 arrays of shapes (d, h1), (h1, h2), (h2, C)
        Of each layer; C = 1 for two classes (the margin of the second), else C = K. Sizes from
        1 up, those of hidden layers to 4096; values in [-1e4, 1e4], read as float32.
    biases : sequence of arrays of shapes (h1,), (h2,), (C,)
        Likewise.
    link : str, optional
        ``"sigmoid"`` (C = 1) or ``"softmax"`` (C = K); by default what C implies.

    Raises
    ------
    ValueError
        The shapes do not agree, or a value is not finite or too large.
    """

    weights: Sequence[FloatArray]
    biases: Sequence[FloatArray]
    link: str = ""
    kind: ClassVar[str] = "network"

    def __post_init__(self) -> None:
        for name, ndim in (("weights", 2), ("biases", 1)):
            given = enumerate(getattr(self, name), start=1)
            layers = tuple(owned(each, np.float32, ndim, f"{name}{at}") for at, each in given)
            for at, values in enumerate(layers, start=1):
                _check_values(values, f"{name}{at}")
            object.__setattr__(self, name, layers)
        self._check_shapes()
        if not self.link:
            object.__setattr__(self, "link", "sigmoid" if self.n_margins == 1 else "softmax")
        check_link(self.link, self.n_margins)
        if self.link == "identity":
            raise ValueError("a margin of a network is no probability: use 'sigmoid' or 'softmax'")

    def _check_shapes(self) -> None:
        """Refuse layers that do not fit on each other."""
        n_layers = len(self.weights)
        if n_layers != len(self.biases) or not 2 <= n_layers <= MAX_HIDDEN + 1:
            raise ValueError(
                f"got weights of {n_layers} and biases of {len(self.biases)} layers, expected "
                f"2 to {MAX_HIDDEN + 1} of both: those of the hidden layers, then of the margins"
            )
        inputs = [len(each) for each in self.weights]
        outputs = [each.shape[1] for each in self.weights]
        if inputs[1:] != outputs[:-1] or outputs != [len(each) for each in self.biases]:
            shapes = [each.shape for each in self.weights]
            raise ValueError(f"layers of the shapes {shapes} do not fit on each other")
        if min(outputs) < 1 or max(outputs[:-1]) > MAX_WIDTH:
            raise ValueError(f"a hidden layer has 1 to {MAX_WIDTH} units, got {outputs[:-1]}")

    @property
    def n_margins(self) -> int:
        """Margins per row, C."""
        return len(self.biases[-1])

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return max(2, self.n_margins)

    @property
    def n_inputs(self) -> int:
        """Number of encoded columns that it reads, d."""
        return len(self.weights[0])

    @property
    def family(self) -> str:
        """What it is, in words."""
        return f"network of {'-'.join(str(len(each)) for each in self.biases[:-1])} units"

    def margins(self, matrix: NDArray[Any]) -> NDArray[np.float32]:
        """Return margins of shape (n, C), float32, of a complete matrix of shape (n, d)."""
        from hpmkd.kernels import network_margins

        if matrix.ndim != 2 or matrix.shape[1] != self.n_inputs:
            raise ValueError(f"got a matrix of shape {matrix.shape}, expected (n, {self.n_inputs})")
        return np.asarray(network_margins(matrix, self.weights, self.biases))

    def probabilities(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities of shape (n, K), float64, for a matrix of shape (n, d)."""
        return probabilities_of(self.margins(matrix), self.link)


def _check_values(values: NDArray[Any], name: str) -> None:
    """Refuse NaN, infinities, and weights that training cannot reach."""
    finite(values, name)
    if values.size and np.abs(values).max() > LARGEST_WEIGHT:
        raise ValueError(f"{name} holds values beyond {LARGEST_WEIGHT:g}")
