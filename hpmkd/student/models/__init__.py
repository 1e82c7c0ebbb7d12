"""Fitted models: an encoded matrix in, probabilities out."""

from __future__ import annotations

from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.network import NetworkModel
from hpmkd.student.models.pool import PooledModel
from hpmkd.student.models.trees import TreesModel

FittedModel = LinearModel | NetworkModel | TreesModel | AdditiveModel | PooledModel
