"""The application: which path does what."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from hpmkd_serve import openapi
from hpmkd_serve.body import media_type_of, read_body, threshold_in
from hpmkd_serve.errors import RequestError
from hpmkd_serve.example import example_of
from hpmkd_serve.metrics import CountRequests, ServerMetrics
from hpmkd_serve.rows import READERS
from hpmkd_serve.watched_file import WatchedFile

#: What each path is for; there are no others.
PATHS: Mapping[str, str] = {
    "/predict": "POST rows, get labels and probabilities",
    "/schema": "the student's columns, classes and facts",
    "/health": "whether it answers, and with which student",
    "/metrics": "counts, for Prometheus",
    "/openapi.json": "all of this, for programs",
}
#: Bodies from this size on are answered in a thread, so that other requests do not wait.
LONG_BODY = 2**16
#: No message is longer: a cell or a name that it shows may be.
LONGEST_DETAIL = 2000


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


class PlainJson(Response):
    """A JSON response of plain values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return JSON in UTF-8; a lone surrogate, which UTF-8 lacks, is escaped."""
        try:
            return msgspec.json.encode(content)
        except UnicodeEncodeError:
            return json.dumps(content).encode("ascii")


def create_app(path: Path, limits: RequestLimits | None = None) -> FastAPI:
    """Return the application that serves a student file.

    Parameters
    ----------
    path : Path
        Of the ``.hpmkd`` file. While the application runs, the file is loaded anew when it is
        replaced, or when ``app.state.file.ask()`` is called.
    limits : RequestLimits, optional
        How large a request may be.

    Raises
    ------
    hpmkd.StudentFileError
        The file is missing or damaged.
    """
    limits = limits or RequestLimits()
    metrics = ServerMetrics(PATHS)
    file = WatchedFile(path, metrics)
    app = FastAPI(
        # Its pages would load scripts from elsewhere; /openapi.json is a route below.
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_watching,
        exception_handlers={
            RequestError: _refuse,
            HTTPException: _refuse_path,
            Exception: _report_bug,
        },
    )
    app.state.file = file
    app.add_middleware(CountRequests, metrics=metrics)

    async def predict(request: Request) -> Response:
        read = READERS[media_type_of(request)]
        threshold = threshold_in(request)
        body = await read_body(request, limits.body)
        served = file.current

        def answer() -> Response:
            given = read(body)
            if len(given.rows) > limits.rows:
                raise RequestError(
                    413,
                    f"got {len(given.rows):,} rows; expected at most {limits.rows:,}: send them in "
                    "parts, or start the server with a larger --max-rows",
                )
            answers = served.answer(given, threshold)
            metrics.rows.inc(len(given.rows))
            return PlainJson(answers, headers={"x-hpmkd-student": served.digest})

        return await run_in_threadpool(answer) if len(body) >= LONG_BODY else answer()

    # A route of Starlette: FastAPI would look for parameters, in a fifth of the time of a request.
    app.add_route("/predict", predict, methods=["POST"])

    @app.get("/schema", summary=PATHS["/schema"])
    async def schema() -> Response:
        student = file.current.student
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
                "classes": file.current.classes,
                "family": student.model.family,
                "bytes": student.n_bytes,
                "sha256": file.current.digest,
                "facts": dict(student.facts),
                "example": example_of(student),
            }
        )

    @app.get("/health", summary=PATHS["/health"])
    async def health() -> Response:
        served = file.current
        return PlainJson(
            {
                "status": "ok" if file.problem is None else "stale",
                "sha256": served.digest,
                "loaded": datetime.fromtimestamp(served.loaded, UTC).isoformat(),
                "problem": file.problem,
            }
        )

    @app.get("/metrics", summary=PATHS["/metrics"])
    async def counts() -> Response:
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})

    @app.get("/openapi.json", include_in_schema=False)
    async def description() -> Response:
        return PlainJson(openapi.describe(app, file.current))

    return app


@contextlib.asynccontextmanager
async def _watching(app: FastAPI) -> AsyncIterator[None]:
    """Watch the student file as long as the application runs."""
    task = asyncio.create_task(app.state.file.watch())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _refuse(request: Request, error: RequestError) -> Response:
    content = {"detail": _shortened(error.detail), "row": error.row, "column": error.column}
    return PlainJson(content, error.status)


async def _refuse_path(request: Request, error: HTTPException) -> Response:
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"got {request.url.path!r}; expected one of {', '.join(PATHS)}"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "POST")
        detail = f"got {request.method} {request.url.path}; expected {allowed}"
    content = {"detail": _shortened(detail), "row": None, "column": None}
    return PlainJson(content, error.status_code, headers=error.headers)


async def _report_bug(request: Request, error: Exception) -> Response:
    detail = f"{type(error).__name__}: a fault of the server; its log has more"
    return PlainJson({"detail": detail, "row": None, "column": None}, 500)


def _shortened(text: str) -> str:
    half = LONGEST_DETAIL // 2
    return text if len(text) <= LONGEST_DETAIL else f"{text[:half]} … {text[-half:]}"
