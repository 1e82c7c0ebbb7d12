"""The real server: it starts, answers, takes a new student under load, and stops in order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from hpmkd.testing.students import known_student
from hpmkd_serve import server
from hpmkd_serve.errors import ServeError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture
def path(mixed_student, tmp_path):
    return mixed_student.save(tmp_path / "student.hpmkd")


@pytest.fixture
def running(start, path):
    """A server on a free port, and its URL."""
    process = start(path, "--port", 0)
    return process, process.url


@pytest.fixture(scope="module")
def lasting(start_lasting, mixed_student, tmp_path_factory):
    """The same, for tests that do not end it."""
    process = start_lasting(
        mixed_student.save(tmp_path_factory.mktemp("a") / "b.hpmkd"), "--port", 0
    )
    return process, process.url


def listens(host, port):
    try:
        socket.create_connection((host, int(port)), timeout=60).close()
    except OSError:
        return False
    return True


def test_it_answers_takes_a_new_student_without_losing_a_request_and_stops(running, path, row):
    process, url = running
    others = known_student("tree", "breast_cancer", True), known_student("boosted", "wine", True)
    wanted = json.dumps([row] * 3)
    seen, stop = [], threading.Event()

    def send_on():
        with httpx.Client(base_url=url, timeout=60) as http:
            while not stop.is_set():
                response = http.post(
                    "/predict", content=wanted, headers={"content-type": "application/json"}
                )
                seen.append((response.status_code, response.headers.get("x-hpmkd-student")))

    def until(digest):
        end = time.monotonic() + 60
        while digest not in {told for _, told in seen[-9:]}:
            assert time.monotonic() < end
            time.sleep(0.02)

    with ThreadPoolExecutor(3) as pool:
        senders = [pool.submit(send_on) for _ in range(3)]
        try:
            for student in others:
                student.save(path)
                process.send(signal.SIGHUP)
                process.line_with("its columns" if student is others[1] else "from now on")
                told = httpx.get(f"{url}/health").json()
                assert told["status"] == "ok"
                until(told["sha256"])
            path.write_bytes(b"damaged")
            process.line_with("the new student is refused")
            assert httpx.get(f"{url}/health").json()["status"] == "stale"
        finally:
            stop.set()
    assert [sender.result() for sender in senders] == [None] * 3
    # Both of the others have the same names of columns.
    assert {status for status, _ in seen} == {200}
    assert len({digest for _, digest in seen}) == 3
    process.send(signal.SIGTERM)
    assert process.ended() == 143
    assert not [line for line in process.lines if "Traceback" in line]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_requests_in_flight_are_answered_before_it_ends(number, code, running, row):
    process, url = running
    body = json.dumps(row).encode()
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body[:20])
        while httpx.get(f"{url}/health").status_code != 200:
            time.sleep(0.01)
        process.send(number)
        while listens(host, port):
            time.sleep(0.02)
        connection.sendall(body[20:])
        answer = b""
        while chunk := connection.recv(2**16):
            answer += chunk
    assert b"200 OK" in answer
    assert b'"label"' in answer
    assert process.ended() == code


def test_the_command_that_is_printed_works_when_it_is_pasted(lasting):
    process, _ = lasting
    command = process.line_with("try: ").removeprefix("try: ")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    if done.returncode == 127:
        pytest.skip("no curl; type: apt-get install curl")
    assert set(json.loads(done.stdout)) == {"label", "probabilities", "classes"}


def test_long_and_chunked_bodies_are_refused_on_the_wire(lasting, row):
    _, url = lasting
    kind = {"content-type": "application/json"}

    def chunks():
        for _ in range(200):
            yield b" " * 2**16

    for body in (b" " * 10_000_000, chunks()):
        response = httpx.post(f"{url}/predict", content=body, headers=kind, timeout=60)
        assert response.status_code == 413
        assert "4,000,000 bytes" in response.json()["detail"]
    assert httpx.post(f"{url}/predict", json=row).status_code == 200


def test_what_cannot_be_served_is_told(start, path, tmp_path):
    with server.bind("127.0.0.1", 0) as taken:
        process = start(path, "--port", taken.getsockname()[1])
        assert process.ended() == 11
        assert "Address already in use; choose another --port" in process.lines[-2]
    process = start(tmp_path / "nowhere", "--port", 0)
    assert process.ended() == 6
    assert "nowhere" in process.lines[-2]
    assert "Traceback" not in "".join(process.lines)


def test_hosts_that_are_none_of_this_machine_are_refused():
    for host in ("203.0.113.1", "no such host", "x" * 300):
        with pytest.raises(ServeError, match="cannot listen on"):
            server.bind(host, 0)


def test_a_long_row_is_taken_from_the_server_itself(fitted, serve):
    import pandas as pd

    table = pd.DataFrame({f"{'column' * 10} {j}": [0.0, 1.0] * 5 for j in range(60)})
    served = serve(fitted(table, [0, 1] * 5)).file.current
    first, second = server.announcement(served, "http://x")
    assert "60 columns" in first
    assert len(second) < server.LONGEST_LINE
    assert "http://x/schema | python3 -c" in second
