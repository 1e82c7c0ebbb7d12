"""An observer that logs a run to MLflow as it proceeds."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import hpmkd
from hpmkd import hookimpl
from hpmkd_mlflow import naming
from hpmkd_mlflow.model import log_to_run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    from hpmkd.contracts import Predictor
    from hpmkd.values import DataFacts, Trial

EXPERIMENT_VARIABLE = "MLFLOW_EXPERIMENT_NAME"
#: Metrics wait for so long: a store takes some milliseconds for every call, and a server more.
SECONDS_BETWEEN_CALLS = 2.0
#: As many as MLflow takes in one call.
PARAMS_AT_A_TIME, METRICS_AT_A_TIME = 100, 1000

_here = threading.local()


def tracked_here() -> bool:
    """Whether a run of this thread is being tracked."""
    return getattr(_here, "runs", 0) > 0


class MLflowTracker:
    """Tracks a run of hpmkd as a run of MLflow.

    ::

        hpmkd.distill(X, y, observers=[MLflowTracker("sqlite:///mlflow.db")])

    It uses a client of its own: the active run, the tracking URI and the experiment that
    ``mlflow.…`` functions work on stay as they are. One tracker takes one run after the other,
    and not two at once.

    Parameters
    ----------
    tracking_uri : str, optional
        Where MLflow keeps runs; by default what ``mlflow.get_tracking_uri()`` returns, such as
        ``MLFLOW_TRACKING_URI``.
    experiment : str, optional
        Made if there is none of that name; by default ``MLFLOW_EXPERIMENT_NAME``, or "hpmkd".
    run_name : str, optional
        By default MLflow makes one up.
    tags : mapping, optional
        Further tags. ``{"mlflow.parentRunId": …}`` puts the run below another.
    log_student : bool
        Whether the student that ships is kept as a model of the run, called "student".

    Attributes
    ----------
    run_id : str or None
        What MLflow calls the last run.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment: str | None = None,
        *,
        run_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        log_student: bool = False,
    ) -> None:
        self._uri, self._experiment = tracking_uri, experiment
        self._log_student = log_student
        self._run_name, self._tags = run_name, dict(tags or {})
        self.run_id: str | None = None

    @hookimpl
    def hpmkd_run_started(self, facts: DataFacts, recipe: Mapping[str, Any]) -> None:
        """Begin a run: recipe and data are its parameters."""
        from mlflow import MlflowClient, get_tracking_uri

        self.run_id, self._ended = None, True
        self._client = MlflowClient(self._uri or get_tracking_uri())
        self._notes, self._trials, self._best = 0, 0, float("inf")
        self._waiting: list[Metric] = []
        self._in_phase = False
        self._sent = time.monotonic()
        experiment = self._experiment or os.environ.get(EXPERIMENT_VARIABLE) or "hpmkd"
        tags = {"mlflow.source.name": "hpmkd", "hpmkd.version": hpmkd.__version__, **self._tags}
        run = self._client.create_run(
            experiment_id(self._client, experiment), tags=tags, run_name=self._run_name
        )
        self.run_id, self._ended = run.info.run_id, False
        _here.runs = getattr(_here, "runs", 0) + 1
        with self._or_ended():
            self._params([*naming.flat(asdict(facts), "data"), *naming.flat(recipe, "recipe")])

    @hookimpl
    def hpmkd_phase_advanced(self, phase: str, done: int) -> None:
        """Tag the run with its phase, when one begins."""
        if done == 0:
            with self._or_ended():
                self._tag("hpmkd.phase", phase)
                self._in_phase = True

    @hookimpl
    def hpmkd_noted(self, note: str) -> None:
        """Keep a note as a tag."""
        with self._or_ended():
            self._note(note)

    @hookimpl
    def hpmkd_trial_finished(self, trial: Trial) -> None:
        """Add a point to the curves: the step is the trial's place in the order of proposal."""
        step, self._trials = self._trials, self._trials + 1
        values = {
            "log_loss": trial.log_loss,
            "accuracy": trial.accuracy,
            "seconds": trial.seconds,
            "failed": float(trial.failure is not None),
        }
        metrics = naming.metrics(values, "trial")
        if trial.eligible:
            self._best = min(self._best, trial.log_loss)
            metrics |= naming.metrics({"log_loss": self._best}, "best")
        with self._or_ended():
            if trial.failure is not None:
                self._tag(f"hpmkd.failed.{step:02}", trial.failure)
            self._metrics(metrics, step)

    @hookimpl
    def hpmkd_run_finished(
        self,
        leaderboard: Iterable[Mapping[str, Any]],
        verdict: Mapping[str, Any],
        counts: Mapping[str, Any],
        student: Predictor,
    ) -> None:
        """Log the result, and end the run."""
        records = list(leaderboard)
        metrics = naming.of_leaderboard(records) | naming.of_verdict(verdict)
        with self._or_ended():
            self._metrics(metrics | naming.of_counts(counts))
            self._send()
            self._tag("hpmkd.verdict", verdict["outcome"])
            self._tag("hpmkd.sentence", verdict["sentence"])
            for note in verdict["notes"]:
                self._note(note)
            if self._in_phase:
                # It is in none any more; one that failed keeps it, to show where.
                self._client.delete_tag(self.run_id, "hpmkd.phase")
        self._end("FINISHED")
        # Files may go elsewhere than figures: if they cannot, the run is finished all the same.
        self._client.log_dict(self.run_id, {"records": records}, "leaderboard.json")
        self._client.log_dict(self.run_id, dict(verdict), "verdict.json")
        if self._log_student and self.run_id is not None:
            log_to_run(self._client, self.run_id, student)

    @hookimpl
    def hpmkd_run_failed(self, error: BaseException) -> None:
        """End the run: as KILLED if it was stopped, else as FAILED."""
        with self._or_ended():
            self._send()
            self._tag("hpmkd.error", f"{type(error).__name__}: {error}")
        self._end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")

    def _note(self, note: str) -> None:
        self._tag(f"hpmkd.note.{self._notes:02}", note)
        self._notes += 1

    def _tag(self, name: str, value: str) -> None:
        self._client.set_tag(self.run_id, name, value[: naming.MOST_IN_TAG])

    def _params(self, params: Sequence[tuple[str, str]]) -> None:
        from mlflow.entities import Param

        for at in range(0, len(params), PARAMS_AT_A_TIME):
            some = [Param(*each) for each in params[at : at + PARAMS_AT_A_TIME]]
            self._client.log_batch(self.run_id, params=some)

    def _metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Add metrics, which are sent now and then."""
        from mlflow.entities import Metric

        now = round(time.time() * 1000)
        self._waiting += [Metric(name, value, now, step) for name, value in values.items()]
        if time.monotonic() - self._sent > SECONDS_BETWEEN_CALLS:
            self._send()

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for at in range(0, len(waiting), METRICS_AT_A_TIME):
            some = waiting[at : at + METRICS_AT_A_TIME]
            self._client.log_batch(self.run_id, metrics=some)
        self._sent = time.monotonic()

    def _end(self, status: str) -> None:
        if not self._ended:
            self._ended = True
            _here.runs -= 1
            self._client.set_terminated(self.run_id, status)

    @contextlib.contextmanager
    def _or_ended(self) -> Iterator[None]:
        """End the run, as far as possible, if MLflow fails: hpmkd does not call again then."""
        try:
            yield
        except Exception:
            with contextlib.suppress(Exception):
                self._end("FAILED")
            raise


def experiment_id(client: MlflowClient, name: str) -> str:
    """Return the number of an experiment, which is made if there is none of that name."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            created: str = client.create_experiment(name)
        except MlflowException:
            # Another process may have been faster.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
        else:
            return created
    known: str = found.experiment_id
    return known
