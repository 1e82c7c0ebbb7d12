"""Fitted students: raw columns in, probabilities out, no pickle anywhere.

A :class:`Student` is an encoder, a model of flat arrays, and the labels. Stages make one with
``Student(inputs.encoder, model, inputs.classes)``, where the model is a :class:`LinearModel`, a
:class:`NetworkModel`, a :class:`TreesModel` (most easily by :func:`pack_booster` or
:func:`pack_sklearn_tree`), or an :class:`AdditiveModel` of a linear one and
trees; :func:`add` puts trees on top of a linear student.
:func:`pool_students` makes one student of several: a :class:`PooledModel` fused by a
:class:`Pool`.

A name's module is imported at the first access to it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.student.columns.schema import Schema
    from hpmkd.student.combine import add, join_trees, pool_students
    from hpmkd.student.encoders import fit_encoder
    from hpmkd.student.encoders.linear import LinearEncoder
    from hpmkd.student.encoders.tree import JointEncoder, TreeEncoder
    from hpmkd.student.explain.example import example_row
    from hpmkd.student.models.additive import AdditiveModel
    from hpmkd.student.models.convert import joined, pack_booster, pack_sklearn_tree, strictly_below
    from hpmkd.student.models.linear import LinearModel
    from hpmkd.student.models.network import NetworkModel
    from hpmkd.student.models.pool import Pool, PooledModel
    from hpmkd.student.models.pool_attention import PoolAttention
    from hpmkd.student.models.trees import TreesModel
    from hpmkd.student.student import Student

__all__ = [
    "AdditiveModel",
    "JointEncoder",
    "LinearEncoder",
    "LinearModel",
    "NetworkModel",
    "Pool",
    "PoolAttention",
    "PooledModel",
    "Schema",
    "Student",
    "TreeEncoder",
    "TreesModel",
    "add",
    "example_row",
    "fit_encoder",
    "join_trees",
    "joined",
    "pack_booster",
    "pack_sklearn_tree",
    "pool_students",
    "strictly_below",
]

_HOMES = {
    "columns.schema": ("Schema",),
    "combine": ("add", "join_trees", "pool_students"),
    "encoders": ("fit_encoder",),
    "encoders.linear": ("LinearEncoder",),
    "encoders.tree": ("JointEncoder", "TreeEncoder"),
    "explain.example": ("example_row",),
    "models.additive": ("AdditiveModel",),
    "models.convert": ("joined", "pack_booster", "pack_sklearn_tree", "strictly_below"),
    "models.linear": ("LinearModel",),
    "models.network": ("NetworkModel",),
    "models.pool": ("Pool", "PooledModel"),
    "models.pool_attention": ("PoolAttention",),
    "models.trees": ("TreesModel",),
    "student": ("Student",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    # Who only predicts needs neither what fits students nor what puts them together.
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULE_OF[name]}")
    return getattr(module, name)
