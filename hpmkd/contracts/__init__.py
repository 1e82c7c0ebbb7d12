"""What the engine expects of each component, and when it calls what.

A component is made once per run from its :class:`~hpmkd.values.Offer`. The docstring of
each contract describes the component's life: who calls it, how often, from which process.
``hpmkd.testing`` has a conformance suite for each.
"""

from __future__ import annotations

from hpmkd.contracts._services import BatchCache, Cache, Executor, Memory, Sampler
from hpmkd.contracts._students import (
    Encoder,
    Exporter,
    HyperparameterTrial,
    Predictor,
    Scheduler,
    Stage,
    StudentPath,
    Transfer,
)
from hpmkd.contracts._teachers import Augmenter, FittedFuser, Fuser, TeacherPanel

__all__ = [
    "Augmenter",
    "BatchCache",
    "Cache",
    "Encoder",
    "Executor",
    "Exporter",
    "FittedFuser",
    "Fuser",
    "HyperparameterTrial",
    "Memory",
    "Predictor",
    "Sampler",
    "Scheduler",
    "Stage",
    "StudentPath",
    "TeacherPanel",
    "Transfer",
]
