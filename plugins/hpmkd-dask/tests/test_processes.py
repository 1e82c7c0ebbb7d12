"""Worker processes that end before they have reached their scheduler."""

from __future__ import annotations

import os
import signal

import pytest

from hpmkd.errors import PluginError
from hpmkd.testing import tasks
from hpmkd_dask.executor import DaskExecutor
from hpmkd_dask.processes import Processes


@pytest.fixture
def one():
    """A crew of one, whose scheduler is nowhere."""
    processes = Processes("tcp://127.0.0.1:1", 1)
    processes.mend()
    yield processes
    processes.close()


def end(processes, number=signal.SIGKILL):
    """Kill all that there are; what they were."""
    killed = list(processes._alive.values())
    for each in killed:
        each.send_signal(number)
        each.wait()
    return [each.pid for each in killed]


def test_two_in_a_row_are_replaced_and_the_third_is_the_last(one):
    for _ in "ab":
        end(one)
        one.mend()
    end(one, signal.SIGTERM)
    with pytest.raises(PluginError, match="3 in a row were gone before they had") as caught:
        one.mend()
    assert "the last was killed (SIGTERM), see whether there is memory" in str(caught.value)
    assert "printed" not in str(caught.value), "who is killed prints nothing"


@pytest.mark.parametrize("success", ["arrived", "at_work"])
def test_a_success_in_between_makes_them_forgotten(one, success):
    for _ in "ab":
        end(one)
        one.mend()
    if success == "arrived":
        one.arrived(next(iter(one._alive)))
    else:
        one.at_work()
    for _ in "ab":
        end(one)
        one.mend()
    assert len(one._alive) == 1


def test_what_ends_by_itself_has_printed_why(one, monkeypatch):
    monkeypatch.setattr("hpmkd_dask.processes.STILLBORN", 1)
    end(one)
    monkeypatch.setattr("hpmkd_dask.processes.sys.executable", "false")
    one._alive.clear()
    process = one._start()
    one._alive[process.pid] = process
    process.wait()
    with pytest.raises(PluginError, match="ended with exit code 1, what it printed above"):
        one.mend()


def test_a_run_survives_replacements_that_are_killed_as_they_start(monkeypatch):
    """As the out-of-memory killer does it, which takes the next ones as well."""
    start, killed = Processes._start, []

    def starting(self):
        process = start(self)
        if len(killed) < 2:
            killed.append(process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        return process

    monkeypatch.setattr(Processes, "_start", starting)
    executor = DaskExecutor(workers=1)
    assert dict(executor.run(tasks.add, 1.0, [1.0, 2.0])) == {0: 2.0, 1: 3.0}
    assert [each.returncode for each in killed] == [-9, -9]
    executor.close()
