"""The cuts of each column: where models distinguish cells, and the range of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.tree import JointEncoder
from hpmkd.student.models.pool import PooledModel, tree_parts

if TYPE_CHECKING:
    from hpmkd.student.student import Student
    from hpmkd.values import FloatArray


def marks_of(student: Student) -> dict[str, FloatArray]:
    """Return what matters in each raw column: thresholds, and the training range.

    Of moments, what matters about the moment itself.
    """
    encoder = student.encoder
    features = encoder.schema.features
    marks: list[list[float]] = [[] for _ in features]
    linear = encoder.linear if isinstance(encoder, JointEncoder) else encoder
    if isinstance(linear, LinearEncoder):
        scaling = linear.scaling
        for i, j in enumerate(linear.number_places):
            marks[j] += [scaling.lows[i], scaling.highs[i], scaling.medians[i], scaling.centers[i]]
    if not isinstance(encoder, LinearEncoder):
        tree = encoder.tree if isinstance(encoder, JointEncoder) else encoder
        model = student.model
        members = model.members if isinstance(model, PooledModel) else (model,)
        for trees in tree_parts(members):
            split = trees.features >= 0
            for j, mark in zip(trees.features[split], trees.thresholds[split], strict=True):
                marks[tree.places[j]].append(float(mark) + tree.offsets[j])
    found = {
        feature.column.name: np.array(each, dtype=np.float64)
        for feature, each in zip(features, marks, strict=True)
        if feature.part in ("", "moment")
    }
    return {name: np.unique(each[np.isfinite(each)]) for name, each in found.items()}
