"""Both memories do what a memory must; the one in a file, what is its own."""

from __future__ import annotations

import os
import sqlite3
import stat
import warnings
from dataclasses import replace

import pytest

from hpmkd.testing import MemorySuite
from hpmkd.values import Configuration, Outcome, TrainingState
from hpmkd_defaults.memories import sqlite, store
from hpmkd_defaults.memories.folder import store_path
from hpmkd_defaults.memories.none import NoMemory
from hpmkd_defaults.memories.records import MAX_OUTCOMES
from hpmkd_defaults.memories.sqlite import MemoryWarning, SharedOptimizationMemory
from hpmkd_defaults.memories.store import RecordStore


class TestShared(MemorySuite):
    @pytest.fixture
    def opened(self, tmp_path):
        return lambda: SharedOptimizationMemory(folder=str(tmp_path / "stored"), shipped=False)


class TestNone(MemorySuite):
    @pytest.fixture
    def opened(self):
        return NoMemory

    @pytest.fixture
    def keeps(self):
        return False


@pytest.fixture
def memory(tmp_path):
    return SharedOptimizationMemory(folder=str(tmp_path / "stored"), shipped=False)


@pytest.fixture
def path(tmp_path):
    return store_path(str(tmp_path / "stored"))


def name(at):
    return f"{at:064x}"


def test_asking_makes_no_file(memory, path, facts):
    memory.suggest(facts(), "tree")
    memory.outcomes(facts())
    assert not path.parent.exists()


def test_by_default_it_is_in_the_users_data_folder(facts, outcomes):
    SharedOptimizationMemory().remember(facts(), outcomes(facts(), {3: 0.0}))
    assert store_path().is_file()
    assert os.environ["XDG_DATA_HOME"] in str(store_path())


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_it_is_for_its_owner_alone_to_read(memory, path, facts, outcomes):
    memory.remember(facts(), outcomes(facts(), {3: 0.0}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_data_that_cannot_be_told_from_other_data_is_not_kept(memory, path, facts, outcomes):
    nameless = facts(digest="")
    memory.remember(nameless, outcomes(nameless, {3: 0.0}))
    assert not path.exists()


def test_numbers_come_back_to_the_last_bit(memory, facts):
    own = facts(balance=0.1 + 0.2, noise=1 / 3, regime="leaking")
    state = TrainingState(0.1 * 3, 2 / 3, -1e-300, None, float("nan"))
    point = {"rate": 0.1 + 0.7, "rounds": 10**12, "growth": "wide", "pruned": True}
    described = Outcome(own, Configuration("gbm", 1.1 * 3, 1 / 7, point), 1e-17, 1 / 9, state)
    memory.remember(own, [described])
    (found,) = memory.outcomes(facts("b" * 64))
    # What is no number any more is not known.
    assert found == replace(described, state=replace(state, trend=None))
    assert found.configuration.hyperparameters["pruned"] is True
    assert isinstance(found.configuration.hyperparameters["rounds"], int)


def test_an_entropy_an_ulp_too_large_is_no_reason_to_fail(memory, facts, outcomes):
    own = facts(balance=1.0000000000000002)
    memory.remember(own, outcomes(own, {3: 0.0}))
    assert memory.outcomes(facts("b" * 64))[0].facts.balance == 1.0


def test_a_number_out_of_its_range_is_not_kept(memory, path, facts, outcomes):
    memory.remember(facts(), outcomes(facts(), {3: 0.0}))
    other = facts("b" * 64)
    wrong = [*outcomes(other, {3: 0.0}), *outcomes(other, {4: float("nan")})]
    with pytest.raises(ValueError, match="regret"):
        memory.remember(other, wrong)
    assert [each.digest for each in RecordStore(path).read()] == [facts().digest]


def test_the_file_is_read_once_until_something_is_remembered(
    memory, path, facts, outcomes, monkeypatch
):
    first, second, asking = (facts(letter * 64) for letter in "abc")
    memory.remember(first, outcomes(first, {3: 0.0, 4: 0.1}))
    reads, read = [], RecordStore.read
    monkeypatch.setattr(RecordStore, "read", lambda self: reads.append(self) or read(self))

    def known():
        memory.suggest(asking, "tree")
        memory.suggest(asking, "gbm")
        return {each.facts.digest for each in memory.outcomes(asking)}

    assert known() == {first.digest}
    # What another run learns meanwhile does not change the answers.
    SharedOptimizationMemory(folder=str(path.parent), shipped=False).remember(
        second, outcomes(second, {3: 0.0})
    )
    assert known() == {first.digest}
    assert len(reads) == 1
    memory.remember(asking, outcomes(asking, {5: 0.0}))
    assert known() == {first.digest, second.digest}
    assert len(reads) == 2


# ------------------------------------------------------------------------- bounds


def test_the_oldest_data_sets_go(memory, path, facts, outcomes, monkeypatch):
    monkeypatch.setattr(store, "MAX_DATA_SETS", 3)
    for at in range(5):
        own = facts(name(at))
        memory.remember(own, outcomes(own, {at: 0.0}))
    assert [each.digest for each in RecordStore(path).read()] == [name(4), name(3), name(2)]
    with sqlite3.connect(path) as connection:
        stored = connection.execute("SELECT DISTINCT digest FROM outcomes ORDER BY digest")
        assert [digest for (digest,) in stored] == [name(2), name(3), name(4)]
    connection.close()


def test_a_full_memory_still_says_the_same_to_a_run_that_is_repeated(
    memory, facts, outcomes, monkeypatch
):
    monkeypatch.setattr(store, "MAX_DATA_SETS", 3)
    for at in range(3):
        own = facts(name(at))
        memory.remember(own, outcomes(own, {at: 0.0, 9: 1.0}))
    new = facts(name(7))
    before = memory.suggest(new, "tree"), memory.outcomes(new)
    memory.remember(new, outcomes(new, {5: 0.0}))
    assert (memory.suggest(new, "tree"), memory.outcomes(new)) == before
    assert {each.facts.digest for each in before[1]} == {name(1), name(2)}


def test_of_one_data_set_the_best_are_kept(memory, facts, outcomes):
    own = facts()
    memory.remember(own, outcomes(own, {at: float(-at + 2000) for at in range(MAX_OUTCOMES + 50)}))
    found = memory.outcomes(facts("b" * 64))
    assert len(found) == MAX_OUTCOMES
    assert max(each.regret for each in found) == 2000 - 50


def test_whole_data_sets_are_told_the_nearest(memory, facts, outcomes, monkeypatch):
    monkeypatch.setattr(sqlite, "MAX_RETURNED", 5)
    for at, n_rows in enumerate((100_000, 1500, 10_000)):
        own = facts(name(at), n_rows)
        memory.remember(own, outcomes(own, {1: 0.0, 2: 0.1}))
    described = memory.outcomes(facts(name(9)))
    assert [each.facts.n_rows for each in described] == [1500, 1500, 10_000, 10_000]


def test_the_outcomes_of_one_data_set_are_returned_whole(memory, facts, outcomes, monkeypatch):
    monkeypatch.setattr(sqlite, "MAX_RETURNED", 1)
    memory.remember(facts(), outcomes(facts(), {1: 0.0, 2: 0.1}))
    assert len(memory.outcomes(facts("b" * 64))) == 2


# ------------------------------------------------------------- where it cannot be used


def asked_and_told(memory, facts, outcomes):
    """Do all that a run does; return what it receives, and the warnings."""
    own = facts("d" * 64)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = list(memory.suggest(own, "tree")), list(memory.outcomes(own))
        memory.remember(own, outcomes(own, {3: 0.0, 4: 0.1}))
    assert {each.category for each in warned} <= {MemoryWarning}
    return found, [str(each.message) for each in warned]


def test_a_file_instead_of_the_folder(tmp_path, facts, outcomes):
    place = tmp_path / "stored"
    place.write_text("mine")
    found, warned = asked_and_told(
        SharedOptimizationMemory(folder=str(place), shipped=False), facts, outcomes
    )
    assert found == ([], [])
    (warning,) = warned
    assert f"{place} is a file; expected the folder of the memory" in warning
    assert "the run continues" in warning
    assert "--no-memory" in warning
    assert place.read_text() == "mine"


def test_a_folder_instead_of_the_file(memory, path, facts, outcomes):
    path.mkdir(parents=True)
    found, warned = asked_and_told(memory, facts, outcomes)
    assert found == ([], [])
    assert [f"{path} is not a file" in each for each in warned] == [True]


def test_a_full_disk(memory, path, facts, outcomes, monkeypatch):
    memory.remember(facts(), outcomes(facts(), {3: 0.0, 4: 0.1}))
    connect = sqlite3.connect

    def no_room(*arguments, **options):
        connection = connect(*arguments, **options)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr(sqlite3, "connect", no_room)
    large = facts("e" * 64)
    with pytest.warns(MemoryWarning, match="cannot be written .*full.; the run continues"):
        memory.remember(large, outcomes(large, {at: float(at) for at in range(900)}))
    # All or nothing, and what was there still is.
    assert [each.digest for each in RecordStore(path).read()] == [facts().digest]


@pytest.mark.parametrize("problem", [PermissionError(13, "Permission denied")])
def test_a_folder_that_cannot_be_written(memory, path, facts, outcomes, monkeypatch, problem):
    memory.remember(facts(), outcomes(facts(), {3: 0.0, 4: 0.1}))

    def refuse(*arguments, **options):
        raise problem

    monkeypatch.setattr(os, "open", refuse)
    (_, described), warned = asked_and_told(memory, facts, outcomes)
    # Reading goes on.
    assert len(described) == 2
    assert warned == [
        f"the memory cannot be written ({path}: Permission denied); the run continues without it "
        "(another folder: --set memory.folder=DIR, none: --no-memory)"
    ]


def test_a_file_that_may_only_be_read(memory, path, facts, outcomes, monkeypatch):
    memory.remember(facts(), outcomes(facts(), {3: 0.0, 4: 0.1}))
    connect = sqlite3.connect

    def for_reading(address, **options):
        return connect(address.replace("mode=rw", "mode=ro"), **options)

    monkeypatch.setattr(sqlite3, "connect", for_reading)
    (_, described), warned = asked_and_told(memory, facts, outcomes)
    assert len(described) == 2
    assert ["readonly" in each for each in warned] == [True]


def test_a_store_that_another_process_holds_is_given_up_once(
    memory, path, facts, outcomes, monkeypatch
):
    memory.remember(facts(), outcomes(facts(), {3: 0.0, 4: 0.1}))
    monkeypatch.setattr(store, "PATIENCE", 0.01)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    found, warned = asked_and_told(memory, facts, outcomes)
    holder.close()
    assert found == ([], [])
    assert ["locked" in each for each in warned] == [True]
    assert [each.digest for each in RecordStore(path).read()] == [facts().digest]
