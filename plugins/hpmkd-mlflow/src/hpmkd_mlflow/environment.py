"""Tracks the runs of a process whose environment names a store or an experiment of MLflow."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hpmkd import hookimpl
from hpmkd_mlflow.tracker import MLflowTracker, tracked_here

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.values import DataFacts, Trial

#: Either turns tracking on; both mean the same as in MLflow.
VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME")
#: With "true", the student of a tracked run is logged as a model.
STUDENT_VARIABLE = "HPMKD_MLFLOW_LOG_STUDENT"


class FromEnvironment:
    """An observer that is there whenever the distribution is installed.

    One object receives the events of all runs of a process. Simultaneous runs have threads of
    their own, so that each thread has its own tracker.
    """

    def __init__(self) -> None:
        self._here = threading.local()

    # Last, so that a tracker that was handed to this run has begun already.
    @hookimpl(trylast=True)
    def hpmkd_run_started(self, facts: DataFacts, recipe: Mapping[str, Any]) -> None:
        """Start tracking if the environment turns it on and no tracker has this run yet."""
        wanted = any(map(os.environ.get, VARIABLES)) and not tracked_here()
        keep = os.environ.get(STUDENT_VARIABLE, "").lower() in ("true", "1")
        self._here.tracker = MLflowTracker(log_student=keep) if wanted else None
        if self._tracker is not None:
            self._tracker.hpmkd_run_started(facts, recipe)

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int) -> None:
        """Pass it on."""
        if self._tracker is not None:
            self._tracker.hpmkd_phase_advanced(phase, done)

    @hookimpl
    def hpmkd_noted(self, note: str) -> None:
        """Pass it on."""
        if self._tracker is not None:
            self._tracker.hpmkd_noted(note)

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Pass it on."""
        if self._tracker is not None:
            self._tracker.hpmkd_trial_finished(trial)

    @hookimpl
    def hpmkd_run_finished(
        self,
        leaderboard: Iterable[Mapping[str, Any]],
        verdict: Mapping[str, Any],
        counts: Mapping[str, Any],
        student: Predictor,
    ) -> None:
        """Pass it on."""
        if self._tracker is not None:
            self._tracker.hpmkd_run_finished(leaderboard, verdict, counts, student)

    @hookimpl
    def hpmkd_run_failed(self, error: BaseException) -> None:
        """Pass it on."""
        if self._tracker is not None:
            self._tracker.hpmkd_run_failed(error)

    @property
    def _tracker(self) -> MLflowTracker | None:
        tracker: MLflowTracker | None = getattr(self._here, "tracker", None)
        return tracker
