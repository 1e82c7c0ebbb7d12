"""One linear margin per class: flat arrays and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import finite, owned
from hpmkd.student.models.links import check_link, probabilities_of

if TYPE_CHECKING:
    from hpmkd.values import FloatArray


@dataclass(frozen=True, eq=False)
class LinearModel:
    """One linear margin per class, or a single one for two classes.

    Parameters
    ----------
    coefficients : array of shape (d, C)
        C = 1 for two classes (the margin of the second), else C = K. Finite.
    intercept : array of shape (C,)
        Finite.
    link : str, optional
        ``"sigmoid"`` (C = 1) or ``"softmax"`` (C = K); by default what C implies.

    Raises
    ------
    ValueError
        The shapes do not agree, or a value is not finite.
    """

    coefficients: FloatArray
    intercept: FloatArray
    link: str = ""
    kind: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        for name, ndim in (("coefficients", 2), ("intercept", 1)):
            values = owned(getattr(self, name), np.float64, ndim, name)
            finite(values, name)
            object.__setattr__(self, name, values)
        if self.coefficients.shape[1] != len(self.intercept):
            raise ValueError(
                f"coefficients of shape {self.coefficients.shape} do not go with "
                f"{len(self.intercept)} intercepts"
            )
        if not self.link:
            object.__setattr__(self, "link", "sigmoid" if len(self.intercept) == 1 else "softmax")
        check_link(self.link, len(self.intercept))
        if self.link == "identity":
            raise ValueError("a linear margin is no probability: use 'sigmoid' or 'softmax'")

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return max(2, len(self.intercept))

    @property
    def family(self) -> str:
        """What it is, in words."""
        return "linear"

    @property
    def n_inputs(self) -> int:
        """Number of encoded columns that it reads, d."""
        return len(self.coefficients)

    def margins(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return margins of shape (n, C), float64, of a complete matrix of shape (n, d)."""
        from hpmkd.kernels import linear_margins

        if matrix.ndim != 2 or matrix.shape[1] != self.n_inputs:
            raise ValueError(f"got a matrix of shape {matrix.shape}, expected (n, {self.n_inputs})")
        if not len(matrix):
            return np.empty((0, len(self.intercept)))
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        return np.asarray(linear_margins(rows, self.coefficients, self.intercept))

    def probabilities(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities of shape (n, K), float64, for a matrix of shape (n, d)."""
        return probabilities_of(self.margins(matrix), self.link)
