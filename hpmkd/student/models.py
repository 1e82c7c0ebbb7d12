"""Fitted models: an encoded matrix in, probabilities out."""

from __future__ import annotations

from hpmkd.student.additive_model import AdditiveModel
from hpmkd.student.linear_model import LinearModel
from hpmkd.student.pooled_model import PooledModel
from hpmkd.student.trees_model import TreesModel

FittedModel = LinearModel | TreesModel | AdditiveModel | PooledModel
