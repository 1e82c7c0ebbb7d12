"""Tracks the runs of hpmkd in MLflow, and keeps students there as models.

This module is imported whenever plugins are looked for, so it imports nothing heavy: MLflow is
imported when a tracked run starts, or a model is saved or loaded.
"""

from hpmkd_mlflow.answers import signature_of
from hpmkd_mlflow.environment import FromEnvironment
from hpmkd_mlflow.model import load_model, log_model, save_model
from hpmkd_mlflow.tracker import MLflowTracker

__all__ = [
    "MLflowTracker",
    "from_environment",
    "load_model",
    "log_model",
    "save_model",
    "signature_of",
]

#: The entry point's plugin: it tracks nothing unless the environment turns it on.
from_environment = FromEnvironment()
