"""Fitted students: raw columns in, probabilities out, no pickle anywhere.

A :class:`Student` is an encoder, a model of flat arrays, and the labels. Stages make one with
``Student(inputs.encoder, model, inputs.classes)``, where the model is a :class:`LinearModel`, a
:class:`TreesModel` (most easily by :func:`pack_booster` or :func:`pack_sklearn_tree`), or an
:class:`AdditiveModel` of both; :func:`add` puts trees on top of a linear student.
:func:`pool_students` makes one student of several: a :class:`PooledModel` fused by a
:class:`Pool`.
"""

from __future__ import annotations

from hpmkd.student.adding import add, join_trees
from hpmkd.student.additive_model import AdditiveModel
from hpmkd.student.encoders import fit_encoder
from hpmkd.student.fitted import Student
from hpmkd.student.joint_encoder import JointEncoder
from hpmkd.student.linear_encoder import LinearEncoder
from hpmkd.student.linear_model import LinearModel
from hpmkd.student.packing import pack_booster, pack_sklearn_tree, strictly_below
from hpmkd.student.pool import Pool
from hpmkd.student.pooled_model import PooledModel
from hpmkd.student.pooling import pool_students
from hpmkd.student.schema import Schema
from hpmkd.student.tree_encoder import TreeEncoder
from hpmkd.student.trees_model import TreesModel

__all__ = [
    "AdditiveModel",
    "JointEncoder",
    "LinearEncoder",
    "LinearModel",
    "Pool",
    "PooledModel",
    "Schema",
    "Student",
    "TreeEncoder",
    "TreesModel",
    "add",
    "fit_encoder",
    "join_trees",
    "pack_booster",
    "pack_sklearn_tree",
    "pool_students",
    "strictly_below",
]
