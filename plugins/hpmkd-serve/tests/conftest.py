"""Students of every kind behind an application, and clients that need no network."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import httpx
import pytest

from hpmkd.testing.students import fitted_student, known_student
from hpmkd_serve.app import create_app
from hpmkd_serve.endpoints import RequestLimits

JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}
ENTRY_POINT = "[hpmkd]\nserve = hpmkd_serve\n"


class Client:
    """Sends requests to an application in this process; nothing of it may raise an error."""

    def __init__(self, path, limits=None):
        self.path = path
        self.app = create_app(path, limits)
        self.file = self.app.state.file
        self.transport = httpx.ASGITransport(app=self.app)

    def request(self, method, url, **content):
        async def send():
            async with httpx.AsyncClient(transport=self.transport, base_url="http://test") as http:
                return await http.request(method, url, **content)

        return asyncio.run(send())

    def get(self, url):
        return self.request("GET", url)

    def post(self, content, headers=JSON, query=""):
        """Post a body to /predict."""
        return self.request("POST", f"/predict{query}", content=content, headers=headers)

    def refused(self, content, headers=JSON, query="", status=422):
        """The problem that a body is refused with."""
        response = self.post(content, headers, query)
        assert response.status_code == status, response.text
        problem = response.json()
        assert set(problem) == {"detail", "row", "column"}
        return SimpleNamespace(**problem)


@pytest.fixture
def serve(tmp_path):
    """``serve(student)``: a client of an application that serves it."""

    def start(student, **limits):
        path = student.save(tmp_path / "student.hpmkd")
        return Client(path, RequestLimits(**limits) if limits else None)

    return start


@pytest.fixture(scope="session")
def mixed_student():
    """Boosted trees on a category of three levels and five numbers, two classes of text."""
    return known_student("boosted", "breast_cancer", True)


@pytest.fixture
def mixed(serve, mixed_student):
    """A client of its server."""
    return serve(mixed_student)


@pytest.fixture
def row():
    """A row for it."""
    return {"column 0": "high"} | {f"column {j}": j / 4 for j in range(1, 6)}


@pytest.fixture
def fitted():
    """``fitted(table, target, family)``: a student of a table."""
    return lambda table, target, family="tree", **facts: fitted_student(
        family, table, target, **facts
    )


class Process:
    """A server as its users start it."""

    def __init__(self, folder, *arguments):
        site = folder / "hpmkd_serve-0.1.0.dist-info"
        if "hpmkd-serve" not in {each.name for each in importlib.metadata.distributions()}:
            site.mkdir(parents=True, exist_ok=True)
            (site / "METADATA").write_text(
                "Metadata-Version: 2.1\nName: hpmkd-serve\nVersion: 0.1\n"
            )
            (site / "entry_points.txt").write_text(ENTRY_POINT)
        paths = os.pathsep.join([*sys.path, str(folder)])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hpmkd", "serve", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []
        self._some = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._some:
                self.lines.append(line.rstrip())
                self._some.notify_all()
        with self._some:
            self.lines.append("")  # the end
            self._some.notify_all()

    def line_with(self, text):
        """Wait for a line of stderr that has a text in it."""
        with self._some:
            known = self._some.wait_for(
                lambda: any(text in line for line in self.lines) or "" in self.lines, timeout=300
            )
            assert known, self.lines
        return next(line for line in self.lines if text in line)

    @property
    def url(self):
        """Where it answers, once it does."""
        return re.search(r"http://[\d.:]+", self.line_with("answers with")).group()

    def send(self, number):
        self.process.send_signal(number)

    def ended(self):
        """Wait for the end; the exit code."""
        code = self.process.wait(timeout=300)
        self._reader.join(timeout=300)
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(timeout=300)
        self.process.stderr.close()


def _start(tmp_path_factory):
    """``start(RUN, "--port", 0)``: a server in a process of its own."""
    started = []

    def new(*arguments):
        started.append(Process(tmp_path_factory.mktemp("site"), *arguments))
        return started[-1]

    yield new
    for each in started:
        each.close()


start = pytest.fixture(_start, name="start")
start_lasting = pytest.fixture(_start, name="start_lasting", scope="module")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As shells start what runs in the background; what these tests start needs it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
