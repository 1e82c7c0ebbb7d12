"""How far the float32 arithmetic of its networks moves the answers of a student."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student import NetworkModel, PooledModel, Student
from hpmkd_defaults.exporters.onnx.margins import LARGEST_INPUT

if TYPE_CHECKING:
    from hpmkd.student.models import FittedModel


def rounding(student: Student, rows: Any) -> float:
    """Return by how much a probability differs, at most, from one that is computed in float64.

    A sum of float32 is off by some 1e-7 of the largest that was added, and large weights make
    that visible. It is measured and not bounded: a bound over all layers, for any
    inputs, would be hundreds of times too wide to notice anything.

    Parameters
    ----------
    student : Student
    rows : DataFrame
        n raw rows.

    Returns
    -------
    float
        0 if there is no network in the student.
    """
    model = in_doubles(student.model)
    if model is student.model:
        return 0.0
    exact = model.probabilities(student.encoder.transform(rows))
    return float(np.abs(exact - student.predict_proba(rows)).max(initial=0.0))


def in_doubles(model: FittedModel) -> FittedModel:
    """Return a model whose networks compute in float64; the same one if it has none."""
    if isinstance(model, NetworkModel):
        return _wide(model)
    if not isinstance(model, PooledModel):
        return model
    if not any(isinstance(member, NetworkModel) for member in model.members):
        return model
    wide = [_wide(each) if isinstance(each, NetworkModel) else each for each in model.members]
    return replace(model, members=tuple(wide))


def _wide(model: NetworkModel) -> NetworkInDoubles:
    return NetworkInDoubles(model.weights, model.biases, model.link)


class NetworkInDoubles(NetworkModel):
    """A network of the same weights that computes in float64."""

    def margins(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """Return margins of shape (n, C), float64, of a complete matrix of shape (n, d)."""
        clipped = np.clip(np.asarray(matrix, np.float64), -LARGEST_INPUT, LARGEST_INPUT)
        value: NDArray[Any] = clipped / np.sqrt(1 + (clipped / 3) ** 2)
        for at, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            value = (np.maximum(value, 0) if at else value) @ weights + biases
        return value
