"""Signals to a real run: it ends soon, at any step, and prints how to resume."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from hpmkd.cli.interrupt import Stopped
from hpmkd.cli.output.json_lines import failure

STUCK = '''
import hashlib
import os

from sklearn.tree import DecisionTreeClassifier


class Stuck(DecisionTreeClassifier):
    """In its second fit, a computation of many minutes that ignores signals."""

    def fit(self, X, y):
        place = os.environ["WITNESS"] + ".stuck"
        with open(place, "a") as log:
            log.write("begin\\n")
        if sum(1 for _ in open(place)) == 2:
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
        return super().fit(X, y)
'''


def await_stuck(runs, process):
    """Wait until the second fit of a stuck teacher has begun."""
    place = Path(f"{runs.log}.stuck")
    await_that(process, lambda: place.exists() and len(place.read_text().splitlines()) == 2)


def is_pending(number, pid):
    """Whether a process has yet to take a signal that it was sent; False where that is unknown."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    sets = re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)$", told, re.M)
    return any(int(each, 16) >> (number - 1) & 1 for each in sets)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_does_not_come_back_to_python_is_ended_all_the_same(runs, number, code):
    (runs.folder / "stuck.py").write_text(STUCK)
    process = runs.start("--out", "run", teacher="stuck:Stuck")
    with process:
        await_stuck(runs, process)
        process.send_signal(number)
        # Of two that are pending the lower number is taken first, whichever was sent first.
        await_that(process, lambda: not is_pending(number, process.pid))
        # Whoever is impatient does no harm.
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    assert re.search(r"stopped; finished: .*\b1 fold\b", err)
    assert err.rstrip().endswith("--resume run")
    assert sorted(os.listdir(runs.folder / "run")) == ["best.hpmkd", "journal"]


def workers_of(process):
    """Return the worker processes that the system knows of."""
    found = set()
    for path in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for number in path.read_text().split():
            try:
                command = Path(f"/proc/{number}/cmdline").read_bytes()
            except OSError:
                continue
            if b"hpmkd-worker" in command:
                found.add(int(number))
    return found


def await_that(process, condition):
    for _ in range(60_000):
        if process.poll() is not None or condition():
            return
        time.sleep(0.001)
    raise AssertionError("it has not come in a minute")


def is_alive(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("seconds", [0, 0.005, 0.02, 0.05])
def test_at_the_first_sight_of_a_worker_it_ends_and_so_do_they(runs, seconds):
    process = runs.start("--out", "run", "--workers", "2")
    with process:
        await_that(process, lambda: workers_of(process))
        time.sleep(seconds)
        workers = workers_of(process)
        # As a terminal does: everybody hears of it.
        os.killpg(process.pid, signal.SIGINT)
        # Nobody who lives on may hold these open.
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert workers
    assert not any(map(is_alive, workers))
    assert "Traceback" not in err
    assert err.strip() == "stopped; nothing was finished"
    assert os.listdir(runs.folder) == ["log"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_still_loading_ends_in_order_too(runs, number, code):
    fifo = runs.folder / "slow.csv"
    os.mkfifo(fifo)
    arguments = runs.arguments("--out", "run", "--json")
    arguments[arguments.index(str(runs.place / "wine.csv"))] = str(fifo)
    runs.arguments = lambda: arguments
    process = runs.start()
    with process, fifo.open("w"):  # once this is open, somebody reads it
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    stopped, error = map(json.loads, err.splitlines())
    told = {"event": "stopped", "finished": "nothing was finished", "best": None, "go_on": None}
    assert told.items() <= stopped.items()
    assert (error["event"], error["exit_code"]) == ("error", code)


def test_programs_hear_what_stopped_a_run_and_how_to_go_on(runs):
    (runs.folder / "stuck.py").write_text(STUCK)
    process = runs.start("--out", "run", "--json", teacher="stuck:Stuck")
    with process:
        await_stuck(runs, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    stopped, error = [json.loads(line) for line in err.splitlines()][-2:]
    assert stopped["event"] == "stopped"
    assert re.search(r"finished: .*\b1 fold\b", stopped["finished"])
    assert stopped["best"]["path"].endswith("best.hpmkd")
    assert stopped["go_on"].endswith("--resume run")
    assert (error["event"], error["exit_code"]) == ("error", 130)


@pytest.mark.parametrize(
    ("number", "says"),
    [(signal.SIGINT, "stopped by Ctrl-C (SIGINT)"), (signal.SIGTERM, "stopped by SIGTERM")],
)
def test_observers_hear_what_stopped_a_run(number, says):
    assert failure(Stopped(number)) == {"type": "KeyboardInterrupt", "message": says}
