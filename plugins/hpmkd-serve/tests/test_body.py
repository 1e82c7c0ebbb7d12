"""What becomes of a body that does not arrive."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from hpmkd_serve.body import read_body
from hpmkd_serve.errors import RequestError

PART = {"type": "http.request", "body": b"{", "more_body": True}


def reading(*messages):
    """A task that reads a body, of which these messages arrive and then nothing more."""
    left = list(messages)

    async def receive():
        return left.pop(0) if left else await asyncio.Future()

    return asyncio.create_task(read_body(Request({"type": "http", "headers": []}, receive), 9))


def test_a_body_may_come_in_parts():
    async def read():
        return await reading(PART, PART, {"type": "http.request", "body": b"}}"})

    assert asyncio.run(read()) == b"{{}}"


def test_a_client_that_goes_away_is_no_fault_of_the_server():
    async def read():
        await reading(PART, {"type": "http.disconnect"})

    with pytest.raises(RequestError) as refused:
        asyncio.run(read())
    assert refused.value.status == 400


def test_a_server_that_stops_does_not_wait_for_ever():
    async def read():
        task = reading(PART)
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(RequestError, match="send the request again") as refused:
        asyncio.run(read())
    assert refused.value.status == 503
