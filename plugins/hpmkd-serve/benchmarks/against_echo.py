"""Compare ``hpmkd serve`` with a bare FastAPI endpoint that sends each body back.

Both run with the same settings of uvicorn, one worker each, and get the same body, by turns, from
``wrk`` (Debian: ``apt-get install wrk``). Writes the table of the README; the repository's
``benchmarks/common/datasets.py`` reads the data::

    python benchmarks/against_echo.py [rounds]
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported

import importlib.util
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
sys.path[:0] = [str(HERE / "src"), str(HERE.parents[1])]

SECONDS, CONNECTIONS = 1, 16
#: What is sent: so many rows of the student's example.
BODIES = {"one row": 1, "100 rows": 100}
#: The endpoints: with the body as bytes, the barest; and as FastAPI's tutorial reads it.
ECHOES = {
    "/bytes": "an echo of the bytes",
    "/json": "an echo of the JSON",
}
START, END = "<!-- table: python benchmarks/against_echo.py -->\n", "<!-- end of table -->"
ECHO = """
from typing import Any
import sys
import uvicorn
from fastapi import FastAPI, Request, Response
from hpmkd_serve import server
app = FastAPI()

@app.post("/bytes")
async def echo_bytes(request: Request) -> Response:
    return Response(await request.body(), media_type="application/json")

@app.post("/json")
async def echo_json(body: Any = __import__("fastapi").Body()) -> Any:
    return body

bound = server.bind("127.0.0.1", 0)
print(server.url_of(bound), file=sys.stderr, flush=True)
uvicorn.Server(server.config(app)).run(sockets=[bound])
"""
SERVE = """
import sys
from hpmkd.cli import cli
from hpmkd_serve.command import serve
cli.add_command(serve)
cli(["serve", sys.argv[1], "--port", "0"])
"""
POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = io.open("{path}", "rb"):read("*a")
"""


@contextmanager
def started(source: str, *arguments: str) -> Iterator[str]:
    """Start a server, and return its URL, which is the first that it prints."""
    paths = os.pathsep.join([*sys.path[:2], str(HERE.parents[0])])
    environment = {
        **os.environ,
        "PYTHONPATH": paths + os.pathsep + os.environ.get("PYTHONPATH", ""),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found, process.stderr.read()
        yield found.group()
    finally:
        process.terminate()
        process.wait()


def rate(url: str, script: Path) -> float:
    """Return requests per second."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert not re.search("Non-2xx|Socket errors", text), text
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert found, text
    return float(found.group(1))


def student(folder: Path) -> tuple[str, Path, dict[str, Any]]:
    """Distil Adult, and return what the student is, its file, and a row."""
    import hpmkd
    from benchmarks.common.datasets import load
    from hpmkd_serve.example import example_of

    path = folder / "student.hpmkd"
    table, labels = load("adult")
    settings = {"sampler.trials": 2, "memory": "none", "ensemble.top": 0, "augmenter.name": "none"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = hpmkd.distill(
            table[:8000], labels[:8000], teacher="quick", student="gbm", settings=settings
        )
    found.student.save(path)
    about = f"Adult, {len(table.columns)} columns, {found.student.model.family}"
    return about, path, example_of(found.student)


def measured(rounds: int) -> tuple[str, dict[tuple[str, str], list[float]]]:
    """Return what was served, and requests per second by body and endpoint."""
    rates: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        about, path, row = student(folder)
        scripts = {}
        for name, n_rows in BODIES.items():
            body = folder / f"{n_rows}.json"
            body.write_text(json.dumps(row if n_rows == 1 else [row] * n_rows))
            scripts[name] = folder / f"{n_rows}.lua"
            scripts[name].write_text(POST.format(path=body))
        with started(SERVE, str(path)) as ours, started(ECHO) as echo:
            endpoints = {"/predict": ours, **dict.fromkeys(ECHOES, echo)}
            time.sleep(1)
            for _ in range(rounds):
                for name, script in scripts.items():
                    for endpoint, url in endpoints.items():
                        rates.setdefault((name, endpoint), []).append(rate(url + endpoint, script))
    return about, rates


def written(about: str, rates: dict[tuple[str, str], list[float]], rounds: int) -> str:
    """Return the table as Markdown."""
    lines = [
        "| body | `/predict` | an echo of the bytes | share | an echo of the JSON | share |",
        "|---|---|---|---|---|---|",
    ]
    for name in BODIES:
        ours = rates[name, "/predict"]
        cells = [f"{statistics.median(ours):,.0f}"]
        for endpoint in ECHOES:
            theirs = rates[name, endpoint]
            share = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            cells += [f"{statistics.median(theirs):,.0f}", f"{share:.0%}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    fast = importlib.util.find_spec("httptools") and importlib.util.find_spec("uvloop")
    how = "uvloop and httptools" if fast else "asyncio and h11"
    note = f"({about}; requests per second, medians of {rounds} rounds; {how})"
    return "\n".join([*lines, "", note, ""])


def main() -> None:
    """Run everything and write the table."""
    if shutil.which("wrk") is None:
        sys.exit("got no wrk; type: apt-get install wrk")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    about, rates = measured(rounds)
    table = written(about, rates, rounds)
    print(table)
    readme = HERE / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(START)
    after = rest.partition(END)[2]
    readme.write_text(f"{before}{START}\n{table}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
