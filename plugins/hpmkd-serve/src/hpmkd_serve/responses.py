"""Responses: JSON of plain values, and the problems of requests that are not answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    from hpmkd_serve.errors import RequestError

#: All paths, and their purposes.
PATHS: Mapping[str, str] = {
    "/predict": "POST rows, get labels and probabilities",
    "/schema": "the student's columns, classes and facts",
    "/health": "whether it answers, and with which student",
    "/metrics": "counts, for Prometheus",
    "/openapi.json": "all of this, for programs",
}
#: No message is longer: a cell or a name that it shows may be.
LONGEST_DETAIL = 2000


class PlainJson(Response):
    """A JSON response of plain values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return JSON in UTF-8; a lone surrogate, which UTF-8 lacks, is escaped."""
        try:
            return msgspec.json.encode(content)
        except UnicodeEncodeError:
            return json.dumps(content).encode("ascii")


async def refuse(request: Request, error: RequestError) -> Response:
    """Answer a request that gets no predictions."""
    return _problem(error.status, error.detail, row=error.row, column=error.column)


async def refuse_path(request: Request, error: HTTPException) -> Response:
    """Answer a request of another path or method."""
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"got {request.url.path!r}; expected one of {', '.join(PATHS)}"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        detail = f"got {request.method} {request.url.path}; expected {allowed}"
    return _problem(error.status_code, detail, headers=error.headers)


async def report_bug(request: Request, error: Exception) -> Response:
    """Answer a request at which the server failed; the error is raised again, and logged."""
    return _problem(500, f"{type(error).__name__}: a fault of the server; its log has more")


def _problem(
    status: int,
    detail: str,
    *,
    row: int | None = None,
    column: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    half = LONGEST_DETAIL // 2
    shown = detail if len(detail) <= LONGEST_DETAIL else f"{detail[:half]} … {detail[-half:]}"
    return PlainJson({"detail": shown, "row": row, "column": column}, status, headers=headers)
