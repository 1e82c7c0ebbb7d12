"""The parts of a request before its rows: content type, query and body, within limits."""

from __future__ import annotations

import asyncio
from email.message import Message
from typing import TYPE_CHECKING

from hpmkd_serve.errors import RequestError
from hpmkd_serve.rows import READERS

if TYPE_CHECKING:
    from starlette.requests import Request

#: Names of what the readers take for UTF-8.
CHARSETS = {"utf-8", "utf8", "us-ascii"}
THRESHOLD = "threshold"


def media_type_of(request: Request) -> str:
    """Return the content type, one that there is a reader for.

    Raises
    ------
    RequestError
        415: it is missing or another one, or another charset than UTF-8.
    """
    given = request.headers.get("content-type")
    expected = " or ".join(READERS)
    if given is None:
        raise RequestError(
            415, f"got no content type; expected {expected}: curl -H 'content-type: …'"
        )
    if given in READERS:
        return given
    header = Message()
    header["content-type"] = given
    media_type = header.get_content_type()
    if media_type not in READERS:
        raise RequestError(
            415, f"got content type {given!r}; expected {expected}: curl -H 'content-type: …'"
        )
    charset = str(header.get_param("charset", "utf-8")).lower()
    if charset not in CHARSETS:
        raise RequestError(415, f"got charset {charset!r}; expected utf-8: convert the body")
    return media_type


def threshold_in(request: Request) -> float | str | None:
    """Return the threshold in the query; None without one.

    Raises
    ------
    RequestError
        422: the query holds anything else, or two of them.
    """
    if not request.scope["query_string"]:
        return None
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    if names != [THRESHOLD]:
        raise RequestError(
            422, f"got the query {request.url.query!r}; expected ?threshold=P, once, or nothing"
        )
    text = given[0][1]
    try:
        return float(text)
    except ValueError:
        return text


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body; no more than the limit is kept, whether or not its length is declared.

    Raises
    ------
    RequestError
        413: it is longer. 400: the client went away. 503: the server stops before it has arrived.
    """
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > limit:
        raise _too_long(f"{told[:20]} bytes", limit)
    body, more = bytearray(), True
    while more:
        try:
            message = await request.receive()
        except asyncio.CancelledError as error:  # by uvicorn, at the end of its patience
            raise RequestError(503, "the server is stopping; send the request again") from error
        if message["type"] == "http.disconnect":
            raise RequestError(400, "the client went away")
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_long("a longer body", limit)
        more = message.get("more_body", False)
    return bytes(body)


def _too_long(got: str, limit: int) -> RequestError:
    return RequestError(
        413,
        f"got {got}; expected at most {limit:,} bytes: send the rows in parts, or start the server "
        "with a larger --max-body",
    )
