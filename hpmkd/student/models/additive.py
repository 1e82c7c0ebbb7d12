"""A linear margin plus trees: trees add what the margin cannot express."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import finite, owned
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.links import probabilities_of
from hpmkd.student.models.trees import TreesModel

if TYPE_CHECKING:
    from hpmkd.values import FloatArray


@dataclass(frozen=True, eq=False)
class AdditiveModel:
    """Trees on top of a linear margin: ``clip(X W + b, low, high) + trees``.

    A linear margin extrapolates, but the trees were grown on the margins that training saw:
    what lies outside their range is moved to its edge.

    Parameters
    ----------
    linear : LinearModel
        Reads the first columns of the matrix. W of shape (dl, C), b of shape (C,).
    low, high : array of shape (C,)
        Range of each linear margin, ``low <= high``. Finite, in float32.
    trees : TreesModel
        Reads the dt columns after those. C margins, base margin 0, the link of `linear`.

    Raises
    ------
    ValueError
        The parts do not match, or a value is not finite.

    Notes
    -----
    The linear margin is rounded to float32, and the trees are added to it one by one: the
    order and precision of an XGBoost booster whose base margin is the clipped linear one.
    """

    linear: LinearModel
    low: FloatArray
    high: FloatArray
    trees: TreesModel
    kind: ClassVar[str] = "additive"

    def __post_init__(self) -> None:
        n_margins = len(self.linear.intercept)
        for name in ("low", "high"):
            values = owned(getattr(self, name), np.float32, 1, name)
            finite(values, name)
            if len(values) != n_margins:
                raise ValueError(f"{name} has {len(values)} values for {n_margins} linear margins")
            object.__setattr__(self, name, values)
        if (self.low > self.high).any():
            raise ValueError("the range of a linear margin is empty: low is above high")
        if self.trees.link != self.linear.link or len(self.trees.base_margin) != n_margins:
            raise ValueError(
                f"trees of {len(self.trees.base_margin)} margins and the link "
                f"{self.trees.link!r} do not go with {n_margins} linear margins and the link "
                f"{self.linear.link!r}"
            )
        if self.trees.base_margin.any():
            raise ValueError("trees on top of a linear margin need a base margin of 0")

    @property
    def link(self) -> str:
        """``"sigmoid"`` (C = 1) or ``"softmax"`` (C = K)."""
        return self.linear.link

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return self.linear.n_classes

    @property
    def n_inputs(self) -> int:
        """Number of encoded columns that it needs, those of the trees behind the others."""
        return self.linear.n_inputs + self.trees.n_inputs

    @property
    def family(self) -> str:
        """What it is, in words."""
        return f"{self.linear.family} + {self.trees.family}"

    def margins(self, matrix: NDArray[Any]) -> NDArray[np.float32]:
        """Return margins of shape (n, C), float32.

        Parameters
        ----------
        matrix : ndarray of shape (n, dl + dt)
            The dl linear columns, complete, then the dt columns of the trees, which are read
            as float32 and may be NaN.
        """
        if matrix.ndim != 2 or matrix.shape[1] < self.n_inputs:
            raise ValueError(
                f"got a matrix of shape {matrix.shape}, expected (n, {self.n_inputs} or more)"
            )
        width = self.linear.n_inputs
        margins = self.start(matrix[:, :width])
        self.trees.add_to(margins, matrix[:, width:])
        return margins

    def start(self, matrix: NDArray[Any]) -> NDArray[np.float32]:
        """Return the clipped linear margins of shape (n, C), float32: where the trees start."""
        with np.errstate(over="ignore"):
            linear = self.linear.margins(matrix).astype(np.float32)
        # Rounding keeps the order: the same as clipping before it.
        return np.clip(linear, self.low, self.high, out=linear)

    def probabilities(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities of shape (n, K), float64, for a matrix of shape (n, dl + dt)."""
        return probabilities_of(self.margins(matrix), self.link)
