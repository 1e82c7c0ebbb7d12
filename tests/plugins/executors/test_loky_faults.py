"""Workers that are killed, tasks that do not end, parents that are interrupted or killed."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hpmkd.data.tables import frozen
from hpmkd.errors import HpmkdError, WorkerWarning
from hpmkd.testing import tasks
from hpmkd.values import Lost
from hpmkd_defaults.executors import loky, worker_process
from hpmkd_defaults.executors.loky import LokyExecutor
from hpmkd_defaults.executors.signals import held_back
from hpmkd_defaults.executors.worker_main import READY


# Functions of this file travel by value: workers cannot import it.
def note_and_die(folder, task):
    """Write into a file of the task's name who has begun it; the victim does not end well."""
    with Path(folder, str(task)).open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    if task == tasks.VICTIM:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return os.getpid()


def leave(shared, task):
    sys.exit(task)


def crash_first(shared, task):
    """End in two ways, one after the other."""
    mark = Path(shared, "mark")
    if mark.exists():
        os.kill(os.getpid(), signal.SIGSEGV)
    mark.touch()
    sys.exit(3)


def process(shared, task):
    return os.getpid()


def sleep_beside_a_child(shared, task):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(shared, "child").write_text(f"{os.getpid()} {child.pid}", "ascii")
    time.sleep(600)


def quit_at_once(connection, parent):
    os._exit(7)


class SlowToLoad:
    def __reduce__(self):
        return load, (3.0,)


def load(seconds):
    time.sleep(seconds)
    return "loaded"


def shared_itself(shared, task):
    return shared


def quit_on_receipt(connection, parent):
    connection.send_bytes(READY)
    connection.recv_bytes()
    os._exit(7)


def wait_until(condition):
    """Wait for what is sure to come; for ever would be too long for a test."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it has not come in 30 seconds")


def is_gone(number):
    try:
        status = Path(f"/proc/{number}/stat").read_text("ascii")
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"  # ended, whoever is to take note of it


def test_a_killed_worker_costs_its_own_task_one_try(tmp_path):
    executor = LokyExecutor(workers=2)
    with pytest.warns(WorkerWarning, match=r"tried once more: its worker was killed \(SIGKILL"):
        found = dict(executor.run(note_and_die, str(tmp_path), range(8)))
    executor.close()
    reason = "its worker was killed (SIGKILL, as the out-of-memory killer does), twice"
    assert found.pop(tasks.VICTIM) == Lost(reason)
    begun = {int(path.name): path.read_text("ascii").split() for path in tmp_path.iterdir()}
    first, second = begun.pop(tasks.VICTIM)
    assert {task: [str(number)] for task, number in found.items()} == begun
    # The second time in a process of its own: what the others have gathered is not there.
    assert [second] not in begun.values()
    assert second != first


def test_a_worker_that_dies_idle_costs_nothing(one):
    ((_, number),) = one.run(process, None, [0])
    os.kill(number, signal.SIGKILL)
    wait_until(lambda: is_gone(number))
    ((_, other),) = one.run(process, None, [0])
    assert other != number


def test_a_task_that_its_worker_never_began_costs_nothing(one):
    ((_, number),) = one.run(process, None, [0])
    os.kill(number, signal.SIGSTOP)  # it is given the task, and does not read it
    killer = threading.Timer(0.5, os.kill, (number, signal.SIGKILL))
    killer.start()
    ((_, other),) = one.run(process, None, [0])
    killer.join()
    assert other != number


@pytest.mark.filterwarnings("ignore::hpmkd.errors.WorkerWarning")
def test_a_task_that_kills_every_worker_is_lost_in_the_end(one, monkeypatch):
    monkeypatch.setattr(worker_process, "serve", quit_on_receipt)
    found = dict(one.run(tasks.add, 1.0, [1.0]))
    assert found == {0: Lost("its worker ended (exit code 7), twice")}


@pytest.mark.filterwarnings("ignore::hpmkd.errors.WorkerWarning")
def test_the_reason_says_how_the_worker_ended(one, tmp_path):
    assert dict(one.run(leave, None, [3])) == {0: Lost("its worker ended (exit code 3), twice")}
    found = dict(one.run(crash_first, str(tmp_path), [0]))
    assert found == {
        0: Lost("its worker ended (exit code 3); then its worker was killed (SIGSEGV)")
    }


@pytest.mark.filterwarnings("ignore::hpmkd.errors.WorkerWarning")
def test_a_task_that_takes_too_long_is_ended_with_all_it_has_started(one, tmp_path):
    found = dict(one.run(sleep_beside_a_child, str(tmp_path), [0], timeout=1.5))
    assert found == {0: Lost("it took longer than 1.5 s (--trial-timeout), twice")}
    numbers = [int(each) for each in (tmp_path / "child").read_text("ascii").split()]
    wait_until(lambda: all(map(is_gone, numbers)))


def test_loading_is_not_the_time_of_a_task(one):
    """A new process loads libraries first; which the task cannot help."""
    assert dict(one.run(shared_itself, SlowToLoad(), [0], timeout=2.0)) == {0: "loaded"}


def test_closing_ends_a_task_that_is_under_way(tmp_path):
    executor = LokyExecutor(workers=2)
    shared = [str(tmp_path), frozen(np.zeros(10_000))]
    results = executor.run(sleep_on_last, shared, range(2))
    next(results)
    (folder,) = executor._files._folders.values()
    wait_until((tmp_path / "number").exists)
    executor.close()
    assert is_gone(int((tmp_path / "number").read_text("ascii")))
    assert not folder.exists()
    results.close()
    assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}
    executor.close()


def sleep_on_last(shared, task):
    if task == 1:
        mark = Path(shared[0], "number.part")
        mark.write_text(str(os.getpid()), "ascii")
        mark.rename(Path(shared[0], "number"))
        time.sleep(600)
    return task


def test_processes_that_do_not_start_are_an_error(one, monkeypatch):
    monkeypatch.setattr(worker_process, "serve", quit_at_once)
    with pytest.raises(HpmkdError, match=r"do not start: 3 in a row.*exit code 7.*--workers 1"):
        list(one.run(tasks.add, 1.0, [1.0]))


SCRIPT = textwrap.dedent(
    """
    import os, pathlib, time
    import numpy as np
    from hpmkd.data.tables import frozen
    from hpmkd_defaults.executors import shared_files
    from hpmkd_defaults.executors.loky import LokyExecutor

    shared_files.MEMORY = pathlib.Path("nowhere")  # all files lie under TMPDIR

    def work(shared, task):
        os.write(1, b"%d\\n" % os.getpid())  # at once: the other one writes there too
        time.sleep(600)

    executor = LokyExecutor(workers=2)
    shared = frozen(np.zeros(10_000))
    batch = executor.run(work, shared, range(4))
    try:
        print("ready", flush=True)
        next(batch)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    finally:
        executor.close()
    """
)


@pytest.fixture
def script(tmp_path):
    """Run a script with two busy workers, as a terminal would: all in one group."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, "utf-8")
    started = subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    yield started
    started.kill()
    started.communicate(timeout=30)


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "starting"])
def test_an_interrupt_ends_everything_quietly(script, tmp_path, busy):
    numbers = []
    assert script.stdout.readline().startswith("ready")
    if busy:
        numbers = [int(script.stdout.readline()) for _ in range(2)]
    os.killpg(script.pid, signal.SIGINT)
    out, err = script.communicate(timeout=60)
    assert out.split()[-1] == "interrupted"
    assert err == ""
    assert all(map(is_gone, numbers))
    assert script.returncode == 0
    # Nobody of its group is left, and no file.
    wait_until(lambda: not group_exists(script.pid))
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_a_process_that_is_being_started_is_owned_before_it_can_be_interrupted(monkeypatch):
    """Threads leave the signal unblocked: Python receives it in the midst of the start."""
    started = []

    def start_and_be_interrupted():
        started.append(start())
        os.kill(os.getpid(), signal.SIGINT)
        return started[-1]

    start = loky.start
    monkeypatch.setattr(loky, "start", start_and_be_interrupted)
    executor = LokyExecutor(workers=2)
    with pytest.raises(KeyboardInterrupt):
        list(executor.run(tasks.add, 1.0, [1.0, 2.0]))
    (worker,) = started
    assert is_gone(worker.process.pid)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_held_back_comes_in_the_end():
    done = []

    @held_back()
    def be_interrupted():
        os.kill(os.getpid(), signal.SIGINT)
        done.append(True)

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def group_exists(number):
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_parent_that_is_killed_leaves_no_workers_and_no_files(script, tmp_path):
    assert script.stdout.readline().startswith("ready")
    numbers = [int(script.stdout.readline()) for _ in range(2)]
    os.kill(script.pid, signal.SIGKILL)
    wait_until(lambda: all(map(is_gone, numbers)))
    assert "Traceback" not in script.communicate(timeout=30)[1]
    wait_until(lambda: [path.name for path in tmp_path.iterdir()] == ["script.py"])
