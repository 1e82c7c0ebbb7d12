"""``hpmkd serve``: a student over HTTP."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from hpmkd.errors import PluginError


@click.command("serve")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--student", metavar="STAGE", help="A student of the run other than the chosen one.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; any but a loopback address is open to everyone on the network.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0: any that is free.",
)
@click.option(
    "--max-body",
    type=click.IntRange(min=1),
    default=4_000_000,
    show_default=True,
    metavar="BYTES",
    help="Refuse requests with a longer body.",
)
@click.option(
    "--max-rows",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Refuse requests with more rows.",
)
@click.option("--access-log", is_flag=True, help="Log each request to stderr.")
def serve(
    run: Path,
    student: str | None,
    host: str,
    port: int,
    max_body: int,
    max_rows: int,
    access_log: bool,
) -> None:
    """Serve the student of RUN (a run folder or .hpmkd file) over HTTP.

    POST /predict takes a row (a JSON object), many (a list of objects) or CSV; /schema, /health,
    /metrics and /openapi.json describe the rest. When the student's file is replaced, or on SIGHUP,
    the new one is loaded; a damaged one is refused, and the old one stays. SIGTERM and Ctrl-C
    end the server once requests in flight are answered, after ten seconds at most.

    \b
    Example:
      hpmkd serve runs/adult
      curl -s http://127.0.0.1:8000/schema
      curl -s http://127.0.0.1:8000/predict -H 'content-type: text/csv' --data-binary @new.csv
    """
    from hpmkd.cli.load_student import path_of

    signal.signal(signal.SIGTERM, _end)
    try:
        from hpmkd_serve import server
        from hpmkd_serve.app import create_app
        from hpmkd_serve.endpoints import RequestLimits
    except ImportError as error:
        raise PluginError(
            f"hpmkd serve needs {error.name}, which is not installed; type: pip install hpmkd-serve"
        ) from error
    # Before the student is loaded: a port that is taken is reported at once.
    with server.bind(host, port) as bound:
        app = create_app(path_of(run, student), RequestLimits(max_body, max_rows))
        for line in server.announcement(app.state.file.current, server.url_of(bound)):
            click.echo(line, err=True)
        server.run(app, bound, access_log=access_log)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End as a shell expects of a process that a signal ended."""
    raise SystemExit(128 + number)
