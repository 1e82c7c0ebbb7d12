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
from typing import Any, NamedTuple

HERE = Path(__file__).parents[1]
sys.path[:0] = [str(HERE / "src"), str(HERE.parents[1])]

SECONDS, CONNECTIONS = 1, 16
#: Rows of a larger body, which only ``/predict`` gets: the student's work, not the server's.
MANY = 100
#: What uvicorn runs on, and what hides from it what it would rather take.
ENGINES = {
    "asyncio and h11": "import sys; sys.modules['uvloop'] = sys.modules['httptools'] = None\n",
    "uvloop and httptools": "import uvloop, httptools\n",
}
#: The endpoints beside ours: the bytes as they come, the barest there is; and JSON as FastAPI's
#: tutorial reads and writes it.
ECHOES = ("/bytes", "/json")
START, END = "<!-- table: python benchmarks/against_echo.py -->\n", "<!-- end of table -->"
ECHO = """
from typing import Any
import sys
import uvicorn
from fastapi import Body, FastAPI, Request, Response
from hpmkd_serve import server
app = FastAPI()

@app.post("/bytes")
async def echo_bytes(request: Request) -> Response:
    return Response(await request.body(), media_type="application/json")

@app.post("/json")
async def echo_json(body: Any = Body()) -> Any:
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


class Process(NamedTuple):
    """A server."""

    url: str
    number: int

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has taken so far, from the process table of Linux."""
        fields = Path(f"/proc/{self.number}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Load(NamedTuple):
    """The measurements of a server under load."""

    requests_per_second: float
    #: CPU microseconds of the server for a request: what a busy machine does not alter much.
    cpu: float


@contextmanager
def started(source: str, *arguments: str) -> Iterator[Process]:
    """Start a server; its URL is the first that it prints."""
    paths = os.pathsep.join([*sys.path[:2], str(HERE.parents[0])])
    own = os.environ.get("PYTHONPATH", "")
    process = subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        env={**os.environ, "PYTHONPATH": paths + os.pathsep + own},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found, process.stderr.read()
        yield Process(found.group(), process.pid)
    finally:
        process.terminate()
        process.wait()


def loaded(server: Process, path: str, script: Path) -> Load:
    """Send requests to a server as fast as it answers them."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script)]
    before = server.cpu_seconds()
    done = subprocess.run([*command, server.url + path], capture_output=True, text=True, check=True)
    seconds = server.cpu_seconds() - before
    assert not re.search("Non-2xx|Socket errors", done.stdout), done.stdout
    n = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert n is not None, done.stdout
    assert rate is not None, done.stdout
    return Load(float(rate.group(1)), 1e6 * seconds / int(n.group(1)))


def student(folder: Path) -> tuple[str, Path, dict[str, Any]]:
    """Distil Adult, and return what the student is, its file, and a row."""
    import hpmkd
    from benchmarks.common.datasets import load
    from hpmkd.student import example_row

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
    return about, path, example_row(found.student)


def measured(engine: str, folder: Path, path: Path, rounds: int) -> dict[str, list[Load]]:
    """Return the loads of each endpoint, and of ours with many rows, round by round, by turns."""
    scripts = {n: folder / f"{n}.lua" for n in (1, MANY)}
    loads: dict[str, list[Load]] = {}
    hide = ENGINES[engine]
    with started(hide + SERVE, str(path)) as ours, started(hide + ECHO) as echo:
        servers = {"/predict": ours, **dict.fromkeys(ECHOES, echo)}
        time.sleep(1)
        for _ in range(rounds):
            for endpoint, server in servers.items():
                loads.setdefault(endpoint, []).append(loaded(server, endpoint, scripts[1]))
            loads.setdefault("many", []).append(loaded(ours, "/predict", scripts[MANY]))
    return loads


def written(engine: str, loads: dict[str, list[Load]]) -> Iterator[str]:
    """Yield the lines of a table."""
    ours = loads["/predict"]
    names = {"/predict": "`/predict`", "/bytes": "echo of the bytes", "/json": "echo of the JSON"}
    for endpoint, name in names.items():
        theirs = loads[endpoint]
        pairs = list(zip(ours, theirs, strict=True))
        rate = statistics.median(each.requests_per_second for each in theirs)
        cpu = statistics.median(each.cpu for each in theirs)
        share = statistics.median(a.requests_per_second / b.requests_per_second for a, b in pairs)
        of_cpu = statistics.median(b.cpu / a.cpu for a, b in pairs)
        cells = [engine, name, f"{rate:,.0f}", f"{cpu:.0f}"]
        cells += ["", ""] if endpoint == "/predict" else [f"{share:.0%}", f"{of_cpu:.0%}"]
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Run everything and write the table."""
    if shutil.which("wrk") is None:
        sys.exit("got no wrk; type: apt-get install wrk")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    engines = list(ENGINES)
    if importlib.util.find_spec("httptools") is None or importlib.util.find_spec("uvloop") is None:
        del engines[1:]
        print("without uvloop and httptools: pip install hpmkd-serve[fast]", file=sys.stderr)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        about, path, row = student(folder)
        for n_rows in (1, MANY):
            body = folder / f"{n_rows}.json"
            body.write_text(json.dumps(row if n_rows == 1 else [row] * n_rows))
            (folder / f"{n_rows}.lua").write_text(POST.format(path=body))
        measurements = {each: measured(each, folder, path, rounds) for each in engines}
    head = [
        "| uvicorn on | endpoint | requests/s | CPU µs | our share of its requests/s | by CPU |",
        "|---|---|---|---|---|---|",
    ]
    lines = [line for each, loads in measurements.items() for line in written(each, loads)]
    many = measurements[engines[-1]]["many"]
    rows = MANY * statistics.median(each.requests_per_second for each in many)
    note = (
        f"({about}; medians of {rounds} rounds of {SECONDS} s; one row a request. With {MANY} rows "
        f"a request, `/predict` answers {rows:,.0f} rows/s.)"
    )
    table = "\n".join([*head, *lines, "", note, ""])
    print(table)
    readme = HERE / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(START)
    after = rest.partition(END)[2]
    readme.write_text(f"{before}{START}\n{table}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
