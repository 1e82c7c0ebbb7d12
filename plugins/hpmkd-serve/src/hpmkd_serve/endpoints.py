"""The endpoints, one per path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

# FastAPI looks the annotations of endpoints up in this module.
from starlette.requests import Request
from starlette.responses import Response

from hpmkd.student import example_row
from hpmkd_serve.body import media_type_of, read_body, threshold_in
from hpmkd_serve.errors import RequestError
from hpmkd_serve.responses import PlainJson
from hpmkd_serve.rows import READERS

if TYPE_CHECKING:
    from hpmkd_serve.metrics import ServerMetrics
    from hpmkd_serve.watched_file import WatchedFile

#: Bodies from this size on are answered in a thread, so that other requests do not wait.
LONG_BODY = 2**16


@dataclass(frozen=True)
class RequestLimits:
    """How large a request may be.

    Parameters
    ----------
    body : int
        Bytes.
    rows : int
    """

    body: int = 4_000_000
    rows: int = 10_000


class Endpoints:
    """The paths of a server.

    Parameters
    ----------
    file : WatchedFile
        Has the student.
    metrics : ServerMetrics
    limits : RequestLimits
    """

    def __init__(self, file: WatchedFile, metrics: ServerMetrics, limits: RequestLimits) -> None:
        self._file = file
        self._metrics = metrics
        self._limits = limits

    async def predict(self, request: Request) -> Response:
        """Answer rows with labels and probabilities."""
        media_type, threshold = media_type_of(request), threshold_in(request)
        body = await read_body(request, self._limits.body)
        if len(body) < LONG_BODY:
            return self._answer(body, media_type, threshold)
        return await run_in_threadpool(self._answer, body, media_type, threshold)

    def _answer(self, body: bytes, media_type: str, threshold: float | str | None) -> Response:
        served, limit = self._file.current, self._limits.rows
        given = READERS[media_type](body)
        if len(given.rows) > limit:
            raise RequestError(
                413,
                f"got {len(given.rows):,} rows; expected at most {limit:,}: send them in parts, or "
                "start the server with a larger --max-rows",
            )
        answers = served.answer(given, threshold)
        self._metrics.rows.inc(len(given.rows))
        return PlainJson(answers, headers={"x-hpmkd-student": served.digest})

    async def schema(self) -> Response:
        """Describe the student."""
        served = self._file.current
        student = served.student
        columns = [
            {
                "name": column.name,
                "kind": column.kind,
                "categories": list(column.categories),
                "missing": list(column.missing),
            }
            for column in student.encoder.schema.columns
        ]
        return PlainJson(
            {
                "columns": columns,
                "classes": served.classes,
                "family": student.model.family,
                "bytes": student.n_bytes,
                "sha256": served.digest,
                "facts": dict(student.facts),
                "example": example_row(student),
            }
        )

    async def health(self) -> Response:
        """Return which student answers, and whether its file was replaced by a damaged one."""
        served, problem = self._file.current, self._file.problem
        return PlainJson(
            {
                "status": "ok" if problem is None else "stale",
                "sha256": served.digest,
                "loaded": datetime.fromtimestamp(served.loaded, UTC).isoformat(),
                "problem": problem,
            }
        )

    async def metrics(self) -> Response:
        """Return the metrics."""
        return Response(self._metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})
