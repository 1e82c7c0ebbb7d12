"""The processes that a process has started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpmkd.execution.process_tree import cpu_seconds, descendants

SCRIPT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.communicate(b"end")
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="there is no /proc here")
def test_children_of_children_come_first():
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        grandchild = int(child.stdout.readline())
        found = list(descendants(os.getpid()))
        assert found.index(grandchild) < found.index(child.pid)
        assert list(descendants(child.pid)) == [grandchild]
        child.communicate("\n", timeout=30)


def test_a_process_that_is_not_there_has_none():
    assert list(descendants(2**22 + 1)) == []


BUSY = """
import time
while time.process_time() < 0.5:
    pass
print("busy", flush=True)
input()
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="there is no /proc here")
def test_processor_time_is_that_of_children_too_while_they_run_and_after():
    before = cpu_seconds()
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "busy\n"
        running = cpu_seconds() - before
        child.communicate("\n", timeout=30)
    # The system counts in ticks.
    assert running > 0.4
    assert cpu_seconds() - before > 0.4
