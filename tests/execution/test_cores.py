"""How many workers the cores of this machine have room for."""

from __future__ import annotations

import os

import pytest

from hpmkd.execution.cores import cores, crowding


def test_cores_are_those_that_this_process_may_use():
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("there", "workers", "said"),
    [
        (2, 1, None),
        (2, 2, None),
        (2, 4, "4 workers on 2 cores: no more than 2 can compute at a time"),
        (1, 2, "2 workers on 1 core: no more than 1 can compute at a time"),
    ],
)
def test_workers_that_find_no_core_are_told_of(monkeypatch, there, workers, said):
    monkeypatch.setattr("hpmkd.execution.cores.cores", lambda: there)
    note = crowding(workers)
    assert note == said or note.startswith(said)
