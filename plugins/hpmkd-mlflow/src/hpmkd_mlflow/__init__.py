"""Tracks the runs of hpmkd in MLflow.

This module is imported whenever plugins are looked for, so it imports nothing heavy: MLflow is
imported when a tracked run starts.
"""

from hpmkd_mlflow.environment import FromEnvironment
from hpmkd_mlflow.tracker import MLflowTracker

__all__ = ["MLflowTracker", "from_environment"]

#: What the entry point names: it tracks nothing unless the environment asks for it.
from_environment = FromEnvironment()
