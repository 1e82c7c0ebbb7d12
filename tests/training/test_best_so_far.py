"""The file of the best student so far: written by whole trials that are better than all before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.training.best_so_far import BestSoFar
from hpmkd.training.provenance import Run
from hpmkd.values import Configuration, Trial


def trial(number, loss, **more):
    configuration = Configuration("tree", 1.0, 0.5, {"depth": number})
    draft = b"student %d" % number
    return replace(Trial(number, configuration, np.full(4, loss), 0.5, 3, 0.1), draft=draft, **more)


@pytest.fixture
def best(tmp_path):
    found = BestSoFar(tmp_path / "best.hpmkd")
    found.begin(TrialRanking(), Run("hpm", 0, 100, "self"))
    return found


def test_each_better_one_replaces_the_file_and_loses_its_draft(best):
    for number, loss in enumerate([0.5, 0.7, 0.3]):
        assert best.offer(trial(number, loss)).draft is None
    assert best.path.read_bytes() == b"student 2"


def test_what_was_dropped_or_failed_or_saw_a_share_of_the_rows_is_no_best(best):
    best.offer(trial(0, 0.5))
    best.offer(trial(1, 0.1, worse_by=0.05))
    best.offer(trial(2, 0.1, failure="plugin 'x': broke"))
    best.offer(trial(3, 0.1, configuration=Configuration("tree", 1.0, 0.5, share=0.3)))
    assert best.path.read_bytes() == b"student 0"


def test_without_a_path_drafts_are_dropped():
    found = BestSoFar()
    assert not found.wanted
    assert found.offer(trial(0, 0.5)).draft is None
