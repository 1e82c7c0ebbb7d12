"""The metrics of a server, as Prometheus reads them."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from hpmkd_serve.served import ServedStudent

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
#: Stands for paths that do not exist: clients must not make new series.
OTHER = "other"


class ServerMetrics:
    """Counts of one server, in a registry of its own.

    Parameters
    ----------
    paths : collection of str
        The paths that exist.
    """

    def __init__(self, paths: Collection[str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "hpmkd_requests", "Requests answered.", ["path", "status"], registry=self.registry
        )
        self._errors = Counter(
            "hpmkd_errors", "Requests answered with an error.", ["status"], registry=self.registry
        )
        self.rows = Counter("hpmkd_rows", "Rows predicted.", registry=self.registry)
        seconds = Histogram(
            "hpmkd_request_seconds",
            "From the head of a request to the end of its answer.",
            ["path"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._seconds = {path: seconds.labels(path) for path in (*paths, OTHER)}
        self._student = Info("hpmkd_student", "The student that answers.", registry=self.registry)
        self._loaded = Gauge(
            "hpmkd_student_loaded_timestamp_seconds",
            "When the student was loaded.",
            registry=self.registry,
        )
        self._load_seconds = Gauge(
            "hpmkd_student_load_seconds",
            "How long it took to load the student.",
            registry=self.registry,
        )
        self.refused = Gauge(
            "hpmkd_student_file_refused",
            "1 if the student file cannot be loaded, and an older student answers.",
            registry=self.registry,
        )
        self._loads = Counter(
            "hpmkd_student_loads", "Attempts to load it.", ["outcome"], registry=self.registry
        )
        for outcome in ("loaded", "refused"):
            self._loads.labels(outcome)

    def request_ended(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        path = path if path in self._seconds else OTHER
        self._seconds[path].observe(seconds)
        self._requests.labels(path, status).inc()
        if status >= 400:
            self._errors.labels(status).inc()

    def student_loaded(self, served: ServedStudent) -> None:
        """Record which student answers from now on."""
        self._student.info({"sha256": served.digest, "family": served.student.model.family})
        self._loaded.set(served.loaded)
        self._load_seconds.set(served.load_seconds)
        self.refused.set(0)
        self._loads.labels("loaded").inc()

    def student_refused(self) -> None:
        """Record that a student file cannot be loaded."""
        self.refused.set(1)
        self._loads.labels("refused").inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class CountRequests:
    """ASGI middleware: notes path, status and time of each request.

    Parameters
    ----------
    app : ASGI application
    metrics : ServerMetrics
    """

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            self.metrics.request_ended(scope["path"], status, time.perf_counter() - start)
