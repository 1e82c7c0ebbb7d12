"""The progress of a run that observers receive."""

from __future__ import annotations

import pytest

from hpmkd.execution.progress import Progress


class Listening:
    """Stands for the registry: records what observers would receive."""

    def __init__(self):
        self.steps = []

    def notify(self, hook, *, phase, done, total):
        assert hook == "hpmkd_phase_advanced"
        self.steps.append((phase, done, total))


@pytest.fixture
def registry():
    return Listening()


def test_a_finished_phase_has_done_what_a_cache_saved_too(registry):
    progress = Progress(registry)
    progress.start("teachers", 10)
    progress.advance(3)
    progress.finish()
    assert registry.steps == [("teachers", 0, 10), ("teachers", 3, 10), ("teachers", 10, 10)]


def test_a_phase_that_stops_early_says_how_many_steps_there_were(registry):
    progress = Progress(registry)
    progress.start("search", 19)
    progress.advance(7)
    progress.stop()
    assert registry.steps[-1] == ("search", 7, 7)


def test_more_steps_than_were_expected_move_the_total(registry):
    progress = Progress(registry)
    progress.start("search", 2)
    progress.advance(3)
    progress.stop()
    assert registry.steps == [("search", 0, 2), ("search", 3, 3), ("search", 3, 3)]
