"""The values that travel through a run: frozen, and read-only once made.

Axis letters used in every docstring: ``n`` rows, ``m`` rows without labels, ``d`` encoded
columns, ``K`` classes, ``C`` margins (K, or 1 for two classes), ``M`` teachers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.values._decisions import Decisions, Threshold
from hpmkd.values._facts import DataFacts, Outcome
from hpmkd.values._fitting import (
    ExtraRows,
    Fused,
    HeldOutRows,
    Previous,
    Softening,
    StageInputs,
    TrainingState,
)
from hpmkd.values._means import standard_error, weighted_mean
from hpmkd.values._offers import Hyperparameter, Offer, frozen_mapping
from hpmkd.values._search import After, Configuration, SearchSpace, Trial
from hpmkd.values._tasks import Lost

if TYPE_CHECKING:
    from hpmkd.values._offers import FloatArray as FloatArray
    from hpmkd.values._offers import IntArray as IntArray

__all__ = [
    "After",
    "Configuration",
    "DataFacts",
    "Decisions",
    "ExtraRows",
    "Fused",
    "HeldOutRows",
    "Hyperparameter",
    "Lost",
    "Offer",
    "Outcome",
    "Previous",
    "SearchSpace",
    "Softening",
    "StageInputs",
    "Threshold",
    "TrainingState",
    "Trial",
    "frozen_mapping",
    "standard_error",
    "weighted_mean",
]
