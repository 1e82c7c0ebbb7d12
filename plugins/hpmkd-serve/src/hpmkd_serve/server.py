"""The server: a socket, uvicorn, and what is printed when it starts."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import uvicorn

from hpmkd.student import example_row
from hpmkd_serve.errors import ServeError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from hpmkd_serve.served import ServedStudent

#: How long requests in flight may take once the server is to stop.
GRACE_SECONDS = 10
#: Connections that wait to be accepted.
BACKLOG = 2048
#: A terminal takes no longer line.
LONGEST_LINE = 3000


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    ServeError
        The port is in use, may not be bound, or the host is none of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        # Not socket.create_server, whose sockets do not know their protocol: asyncio would leave
        # Nagle's algorithm on, by which an answer may wait 40 ms for the client's acknowledgement.
        with contextlib.ExitStack() as stack:
            bound = stack.enter_context(socket.socket(family, kind, protocol))
            if os.name == "posix":
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(BACKLOG)
            stack.pop_all()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServeError(
            f"cannot listen on {host} port {port}: {reason}; choose another --port (0: any that is "
            "free) or --host (an address of this machine)"
        ) from error
    bound.setblocking(False)
    return bound


def config(app: Any, *, access_log: bool = False) -> uvicorn.Config:
    """Return the settings of the server, which benchmarks use too."""
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="info" if access_log else "warning",
        access_log=access_log,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )


def url_of(bound: socket.socket) -> str:
    """Return where a socket listens."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announcement(served: ServedStudent, url: str) -> Iterator[str]:
    """Yield what is printed when the server starts, with a command to try."""
    student = served.student
    yield (
        f"{url} answers with student {served.digest[:12]} ({student.model.family}, "
        f"{len(served.classes)} classes, {len(served.names)} columns)"
    )
    send = f"curl -s {url}/predict -H 'content-type: application/json' -d"
    command = f"{send} {shlex.quote(json.dumps(example_row(student)))}"
    if len(command) > LONGEST_LINE:
        take = "import json, sys; print(json.dumps(json.load(sys.stdin)['example']))"
        command = f"curl -s {url}/schema | python3 -c {shlex.quote(take)} | {send} @-"
    yield f"try: {command}"


def run(app: FastAPI, bound: socket.socket, *, access_log: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C; then answer what is in flight, and raise the signal again.

    SIGHUP, where there is such a signal, loads the student again.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("hpmkd_serve").setLevel(logging.INFO)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda number, frame: app.state.file.ask())
    # What was imported stays: the collector need not look at it again and again.
    gc.freeze()
    uvicorn.Server(config(app, access_log=access_log)).run(sockets=[bound])
