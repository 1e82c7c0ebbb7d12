"""Fitted students: raw columns in, probabilities out, no pickle anywhere.

A :class:`Student` is an encoder, a model of flat arrays, and the labels. Stages make one with
``Student(inputs.encoder, model, inputs.classes)``, where the model is a :class:`LinearModel` or
a :class:`TreesModel`, the latter most easily by :func:`pack_booster` or
:func:`pack_sklearn_tree`.
"""

from __future__ import annotations

from hpmkd.student.encoders import TreeEncoder, fit_encoder
from hpmkd.student.fitted import Student
from hpmkd.student.linear_encoder import LinearEncoder
from hpmkd.student.models import LinearModel, TreesModel
from hpmkd.student.packing import pack_booster, pack_sklearn_tree
from hpmkd.student.schema import Schema

__all__ = [
    "LinearEncoder",
    "LinearModel",
    "Schema",
    "Student",
    "TreeEncoder",
    "TreesModel",
    "fit_encoder",
    "pack_booster",
    "pack_sklearn_tree",
]
