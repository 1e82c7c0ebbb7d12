"""The application: FastAPI with the endpoints of a student."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hpmkd_serve import openapi, responses
from hpmkd_serve.endpoints import Endpoints, RequestLimits
from hpmkd_serve.errors import RequestError
from hpmkd_serve.metrics import CountRequests, ServerMetrics
from hpmkd_serve.responses import PATHS, PlainJson
from hpmkd_serve.watched_file import WatchedFile


def create_app(path: Path, limits: RequestLimits | None = None) -> FastAPI:
    """Return the application that serves a student file.

    Parameters
    ----------
    path : Path
        Of the ``.hpmkd`` file. While the application runs, the file is loaded again when it is
        replaced, or when ``app.state.file.ask()`` is called.
    limits : RequestLimits, optional
        How large a request may be.

    Raises
    ------
    hpmkd.StudentFileError
        The file is missing or damaged.
    """
    metrics = ServerMetrics(PATHS)
    file = WatchedFile(path, metrics)
    endpoints = Endpoints(file, metrics, limits or RequestLimits())
    app = FastAPI(
        # Pages of documentation would load scripts from elsewhere; the document is a route below.
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_watching,
        exception_handlers={
            RequestError: responses.refuse,
            HTTPException: responses.refuse_path,
            Exception: responses.report_bug,
        },
    )
    app.state.file = file
    app.add_middleware(CountRequests, metrics=metrics)
    # A route of Starlette: FastAPI would look for parameters, in a fifth of the time of a request.
    app.add_route("/predict", endpoints.predict, methods=["POST"])
    for name in ("schema", "health", "metrics"):
        endpoint = getattr(endpoints, name)
        app.add_api_route(f"/{name}", endpoint, summary=PATHS[f"/{name}"])
        # Load balancers ask for the head alone.
        app.add_api_route(f"/{name}", endpoint, methods=["HEAD"], include_in_schema=False)

    async def description() -> Response:
        return PlainJson(openapi.describe(app, file.current))

    app.add_api_route("/openapi.json", description, include_in_schema=False)
    return app


@contextlib.asynccontextmanager
async def _watching(app: FastAPI) -> AsyncIterator[None]:
    """Watch the student file as long as the application runs."""
    task = asyncio.create_task(app.state.file.watch())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
