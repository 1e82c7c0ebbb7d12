"""Worker processes: what they share, what they are sent, and what they say."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from hpmkd.data.tables import frozen
from hpmkd.testing import tasks
from hpmkd.values import Lost
from hpmkd_defaults.executors import worker_main
from hpmkd_defaults.executors.loky import LokyExecutor


# Functions of this file travel by value: workers cannot import it.
def describe(shared, task):
    matrix = shared["matrix"]
    return os.getpid(), bool(matrix.flags.writeable), id(shared), float(matrix[task, 0])


def process(shared, task):
    return os.getpid()


def environment(shared, task):
    return os.environ.get(task)


class Unportable(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail_unportably(shared, task):
    raise Unportable("this", "that")


def note(folder):
    (folder / str(os.getpid())).touch()


def note_and_fail(folder):
    note(folder)
    raise KeyError("not yet")


def wait_for(seen):
    end = time.monotonic() + 20
    while not seen() and time.monotonic() < end:
        time.sleep(0.02)
    return seen()


def wait_for_a_note(folder, task):
    return wait_for(lambda: bool([*folder.iterdir()])) if task == "wait" else True


def return_unportably(shared, task):
    return threading.Lock()


def large(n_rows=1000):
    return frozen(np.random.default_rng(0).normal(size=(n_rows, 100)))


def test_workers_share_one_read_only_array(pool):
    matrix = large()
    found = dict(pool.run(describe, {"matrix": matrix}, range(20)))
    assert [found[at][3] for at in range(20)] == matrix[:20, 0].tolist()
    processes = {process for process, *_ in found.values()}
    assert len(processes) <= 2
    assert os.getpid() not in processes
    assert not any(writeable for _, writeable, *_ in found.values())
    # Read once per process: the same object for every task.
    assert len({(process, shared) for process, _, shared, _ in found.values()}) <= 2


def test_a_large_array_is_sent_once_and_what_follows_is_small(pool):
    matrix, before = large(), pool.stats()
    list(pool.run(describe, {"matrix": matrix}, range(4)))
    first = pool.stats()
    list(pool.run(describe, {"matrix": matrix, "other": 1}, range(4)))
    second = pool.stats()
    assert 0 <= first["pieces"] - before["pieces"] - matrix.nbytes < 1000
    assert second["pieces"] == first["pieces"]
    assert second["sent"] - first["sent"] < 10_000


def test_a_large_array_in_a_task_is_sent_once_too(pool):
    matrix, before = large(), pool.stats()
    found = dict(pool.run(add_up, None, [{"matrix": matrix, "row": row} for row in range(9)]))
    np.testing.assert_allclose([found[row] for row in range(9)], matrix[:9].sum(axis=1))
    after = pool.stats()
    assert after["pieces"] - before["pieces"] < 1.1 * matrix.nbytes
    assert after["sent"] - before["sent"] < 20_000


def add_up(shared, task):
    return float(task["matrix"][task["row"]].sum())


def test_a_writeable_array_arrives_as_it_is_now(pool):
    matrix = np.zeros((1000, 100))
    for value in (1.0, 2.0):
        matrix[:] = value
        assert dict(pool.run(describe, {"matrix": matrix}, [0]))[0][3] == value


def test_batches_use_the_same_workers(pool):
    found = {each for _ in range(3) for _, each in pool.run(process, None, range(8))}
    assert len(found) <= 2


def test_no_more_workers_are_started_than_there_are_tasks():
    executor = LokyExecutor(workers=2)
    list(executor.run(tasks.add, 1.0, [1.0]))
    assert executor.stats()["started"] == 1
    executor.close()


def test_tasks_begin_in_their_order(one):
    assert [index for index, _ in one.run(tasks.add, 1.0, [float(each) for each in range(9)])] == [
        *range(9)
    ]


def test_two_batches_may_alternate(pool):
    first, second = (pool.run(tasks.add, each, [0.0, 1.0, 2.0, 3.0]) for each in (10.0, 20.0))
    found = [[], []]
    for _ in range(4):
        found[0].append(next(first))
        found[1].append(next(second))
    assert [sorted(each) for each in found] == [
        [(at, base + at) for at in range(4)] for base in (10.0, 20.0)
    ]


def test_works_from_a_thread(pool):
    found = {}
    thread = threading.Thread(
        target=lambda: found.update(pool.run(tasks.add, 1.0, [1.0, 2.0, 3.0]))
    )
    thread.start()
    thread.join(60)
    assert found == {0: 2.0, 1: 3.0, 2: 4.0}


def test_a_worker_prepares_once_when_it_has_nothing_to_do(one, tmp_path):
    one.prepare(note, tmp_path)
    ((_, number),) = one.run(process, None, [0])
    assert wait_for(lambda: [each.name for each in tmp_path.iterdir()] == [str(number)])
    (tmp_path / str(number)).unlink()
    for _ in range(3):
        assert dict(one.run(process, None, [0])) == {0: number}
        time.sleep(3 * worker_main.IDLE)
    assert not [*tmp_path.iterdir()]


def test_a_worker_prepares_while_another_is_at_the_last_task(tmp_path):
    executor = LokyExecutor(workers=2)
    executor.prepare(note, tmp_path)
    assert dict(executor.run(wait_for_a_note, tmp_path, ["wait", "go"])) == {0: True, 1: True}
    executor.close()


@pytest.mark.parametrize("what", [note_and_fail, threading.Lock()], ids=["fails", "unportable"])
def test_preparing_in_vain_costs_nothing(one, tmp_path, what):
    one.prepare(what, tmp_path)
    ((_, number),) = one.run(process, None, [0])
    if what is note_and_fail:
        assert wait_for(lambda: [*tmp_path.iterdir()])
    assert dict(one.run(process, None, [0])) == {0: number}


def test_an_exception_tells_where_it_was_raised(pool):
    with pytest.raises(KeyError) as caught:
        list(pool.run(tasks.fail_on_three, None, [3]))
    (note,) = caught.value.__notes__
    assert "in a worker process" in note
    assert "in fail_on_three" in note


def test_an_exception_that_does_not_pickle_is_reported_in_words(pool):
    with pytest.raises(RuntimeError, match="Unportable: this and that"):
        list(pool.run(fail_unportably, None, [0]))
    assert dict(pool.run(tasks.add, 1.0, [1.0])) == {0: 2.0}


def test_a_result_that_does_not_pickle_is_lost_and_says_why(pool):
    ((_, lost),) = pool.run(return_unportably, None, [0])
    assert isinstance(lost, Lost)
    assert lost.reason.startswith("its result cannot be sent by a worker process: TypeError: ")
    assert "lock" in lost.reason
    assert dict(pool.run(tasks.add, 1.0, [1.0])) == {0: 2.0}


def test_idle_openmp_threads_sleep(pool):
    found = dict(pool.run(environment, None, ["OMP_WAIT_POLICY", "OMP_NUM_THREADS"]))
    assert found == {0: "PASSIVE", 1: "1"}


def test_forgotten_it_cleans_up():
    executor = LokyExecutor(workers=1)
    ((_, number),) = executor.run(process, large(), [0])
    (folder,) = executor._files._folders.values()
    assert folder.exists()
    del executor
    gc.collect()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_works_from_a_script_that_does_not_close_it(tmp_path):
    """No guard against being imported again, and everything is defined in the script."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            from hpmkd_defaults.executors.loky import LokyExecutor

            class Own:
                factor = 3

            def work(shared, task):
                return shared.factor * task

            executor = LokyExecutor(workers=2)
            print(sorted(executor.run(work, Own(), [1, 2])))
            """
        ),
        "utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[(0, 3), (1, 6)]", "")
