"""A linear margin as a sum of terms in original units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hpmkd.student.columns.calendar import DAY
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.student import Student


@dataclass(frozen=True)
class Term:
    """What one encoded column adds to a margin.

    Parameters
    ----------
    name : str
        Such as ``age``, ``age is missing``, ``job=clerk``.
    coefficient : float
        Added where the column is 1; for numbers, per `scale` above `center`.
    center, scale : float or None
        Mean and standard deviation in training; None for columns of 0 and 1. Of moments, the
        mean is ISO 8601 text, and the deviation in days.
    """

    name: str
    coefficient: float
    center: float | str | None = None
    scale: float | None = None


def readable(student: Student) -> bool:
    """Return whether a student is a linear margin of raw columns."""
    return isinstance(student.encoder, LinearEncoder) and isinstance(student.model, LinearModel)


def margins(student: Student) -> list[dict[str, Any]]:
    """Return the margins of a readable student, the largest terms first.

    Parameters
    ----------
    student : Student
        A :func:`readable` one.

    Returns
    -------
    list of dict
        One per margin, a single one for two classes: ``label`` of the class whose margin it
        is, ``intercept`` (log odds, for two classes against the other), ``terms``.
    """
    assert isinstance(student.encoder, LinearEncoder), "readable"
    assert isinstance(student.model, LinearModel), "readable"
    weights, scaling = student.model.coefficients, student.encoder.scaling
    names = student.encoder.feature_names
    labels = student.classes.tolist()[-weights.shape[1] :]
    found = []
    for c, label in enumerate(labels):
        order = np.argsort(-np.abs(weights[:, c]), kind="stable").tolist()
        terms = []
        for j in order:
            units = _units(student.encoder, j) if j < scaling.n_columns else ()
            terms.append(Term(names[j], float(weights[j, c]), *units))
        intercept = float(student.model.intercept[c])
        found.append({"label": label, "intercept": intercept, "terms": terms})
    return found


def _units(encoder: LinearEncoder, at: int) -> tuple[float | str, float]:
    """Return center and scale of one of the numbers."""
    feature = encoder.schema.features[encoder.number_places[at]]
    center, scale = float(encoder.scaling.centers[at]), float(encoder.scaling.scales[at])
    calendar = feature.column.calendar
    if calendar is None or feature.part != "moment":
        return center, scale
    return calendar.text(round(center / DAY) * DAY), scale / DAY
