"""A run changes nothing that belongs to the whole process, and gives back what it takes."""

from __future__ import annotations

import multiprocessing.resource_tracker
import tempfile
import threading

import loky.backend.resource_tracker
import pytest

import hpmkd
from tests.embedding import runs
from tests.embedding.state import resources, soon, state


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Once, so that imports are over: they add loggers, filters and files of libraries."""
    runs.light()
    import hpmkd_defaults.executors.loky  # noqa: F401

    # They live as long as the interpreter, whoever was the first to need them.
    loky.backend.resource_tracker.ensure_running()
    multiprocessing.resource_tracker.ensure_running()
    state()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class Failing:
    """A plugin whose stage fails in every fit."""

    @hpmkd.hookimpl
    def hpmkd_stages(self):
        return [hpmkd.Offer("broken", Broken, "fails")]


class Broken:
    encoding, complexity, defaults = "tree", 0, {}

    def space(self, trial):
        return {}

    def fit(self, inputs):
        raise ArithmeticError("it always does")


def failing(workers, executor="serial"):
    settings = {"stages": ["broken"], "executor.name": executor}
    with pytest.raises(hpmkd.PluginError, match="it always does"):
        runs.light(settings=settings, observers=[Failing()], workers=workers)


def twice(**options):
    """Two runs at once, in two threads: each comes to what it comes to alone."""
    found = {}

    def one(name):
        found[name] = runs.student_bytes(runs.light(**options))

    threads = [threading.Thread(target=one, args=(name,)) for name in "ab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    assert not any(each.is_alive() for each in threads)
    assert found == dict.fromkeys("ab", runs.student_bytes(runs.light()))


KINDS = {
    "serial": lambda: runs.light(workers=1),
    "two workers": lambda: runs.light(workers=2),
    "failing": lambda: failing(workers=1),
    "failing in workers": lambda: failing(workers=1, executor="loky"),
    "two at once": lambda: twice(workers=1),
    "two at once in workers": lambda: twice(workers=2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_leaves_the_process_as_it_was(kind, temporary):
    before, resources_before = state(), resources(temporary)
    KINDS[kind]()
    after = state()
    changed = {name: (value, after[name]) for name, value in before.items() if value != after[name]}
    assert changed == {}
    # The list itself: whoever holds the filters sees what is added to them.
    assert after["warnings"][0] is before["warnings"][0]
    assert soon(resources_before, temporary) == resources_before
