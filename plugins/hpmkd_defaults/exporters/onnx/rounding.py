"""How far the float32 sums of its networks move the answers of a student."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels import network_inputs
from hpmkd.student import NetworkModel, PooledModel, Student

if TYPE_CHECKING:
    from hpmkd.student.models import FittedModel


def rounding(student: Student, rows: Any) -> float:
    """Return by how much a probability differs, at most, from one of sums in float64.

    A sum of float32 is off by some 1e-7 of the largest that was added, and large weights make
    that visible. It is measured and not bounded: a bound over all layers, whatever their
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
    """Return a model whose networks are summed in float64; the same one if it has none."""
    if isinstance(model, NetworkModel):
        return NetworkInDoubles(model.weights, model.biases, model.link)
    if isinstance(model, PooledModel):
        members = tuple(in_doubles(member) for member in model.members)
        changed = any(new is not old for new, old in zip(members, model.members, strict=True))
        return replace(model, members=members) if changed else model
    return model


class NetworkInDoubles(NetworkModel):
    """A network that reads what the other one reads, and sums its layers in float64."""

    def margins(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """Return margins of shape (n, C), float64, of a complete matrix of shape (n, d)."""
        value: NDArray[Any] = network_inputs(matrix).astype(np.float64)
        for at, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            value = (np.maximum(value, 0) if at else value) @ weights + biases
        return value
