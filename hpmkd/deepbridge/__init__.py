"""The names that DeepBridge users know, on top of hpmkd: change the imports, keep the script.

>>> from hpmkd.deepbridge import AutoDistiller, DBDataset, ModelType
>>> ModelType.XGB.name
'XGB'

DeepBridge itself is never imported. ``docs/deepbridge.md`` lists what differs, and why.
"""

from __future__ import annotations

from hpmkd.deepbridge.auto_distiller import AutoDistiller
from hpmkd.deepbridge.dataset import DBDataset
from hpmkd.deepbridge.experiments.config import DistillationConfig
from hpmkd.deepbridge.experiments.runner import ExperimentRunner
from hpmkd.deepbridge.model_types import ModelType

__all__ = ["AutoDistiller", "DBDataset", "DistillationConfig", "ExperimentRunner", "ModelType"]
