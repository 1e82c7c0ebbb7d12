"""A store that cannot be read is set aside, and the run continues with a new one."""

from __future__ import annotations

import sqlite3
import warnings
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd_defaults.memories import folder
from hpmkd_defaults.memories.folder import (
    COMPANIONS,
    identity,
    set_aside,
    store_path,
    stores_set_aside,
)
from hpmkd_defaults.memories.sqlite import MemoryWarning, SharedOptimizationMemory
from hpmkd_defaults.memories.store import RecordStore

from .conftest import facts_of, outcomes_of

OLD, NEW, ASKING = (facts_of(letter * 64) for letter in "abc")


def memory_in(folder):
    return SharedOptimizationMemory(folder=str(folder), shipped=False)


def learn(folder, facts):
    memory_in(folder).remember(facts, outcomes_of(facts, {3: 0.0, 4: 0.1, 5: 0.2}))


def change(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.fixture
def path(tmp_path):
    """A store that knows one data set."""
    learn(tmp_path, OLD)
    return store_path(str(tmp_path))


DAMAGE = {
    "text": lambda path: path.write_text("no database\n" * 100),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "zeros": lambda path: path.write_bytes(path.read_bytes()[:100] + bytes(12_000)),
    "older": lambda path: change(path, "PRAGMA user_version = 0"),
    "newer": lambda path: change(path, "PRAGMA user_version = 7"),
    "foreign": lambda path: (path.unlink(), change(path, "CREATE TABLE songs (name)")),
    "no table": lambda path: change(path, "DROP TABLE outcomes"),
    "no column": lambda path: change(path, "ALTER TABLE outcomes DROP COLUMN rank"),
    "no JSON": lambda path: change(path, "UPDATE outcomes SET hyperparameters = '{'"),
    "no truth": lambda path: change(path, "UPDATE outcomes SET is_default = 2"),
    "no rank": lambda path: change(path, "UPDATE outcomes SET rank = 1.5"),
    "no number": lambda path: change(path, "UPDATE data_sets SET n_rows = 'many'"),
    "no time": lambda path: change(path, "UPDATE data_sets SET learned_at = 'once'"),
    "no text": lambda path: change(path, "UPDATE outcomes SET stage = CAST(x'ff' AS TEXT)"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_it_is_set_aside_and_the_run_goes_on(path, tmp_path, damage):
    damage(path)
    content = path.read_bytes()
    memory = memory_in(tmp_path)
    with pytest.warns(MemoryWarning, match="cannot read .*: now .*a new one begun") as caught:
        found = list(memory.outcomes(ASKING)), list(memory.suggest(ASKING, "tree"))
    assert found == ([], [])
    assert len(caught) == 1
    learn(tmp_path, NEW)
    assert [each.digest for each in RecordStore(path).read()] == [NEW.digest]
    (aside,) = stores_set_aside(path)
    assert aside.name == "memory.sqlite3.set-aside-1"
    assert aside.read_bytes() == content


def test_a_version_is_named(path, tmp_path):
    DAMAGE["newer"](path)
    with pytest.warns(MemoryWarning, match="it is of version 7; this hpmkd has version 3"):
        memory_in(tmp_path).outcomes(ASKING)


def test_also_when_it_is_found_on_writing(path, tmp_path):
    DAMAGE["text"](path)
    with pytest.warns(MemoryWarning, match="set-aside-1"):
        learn(tmp_path, NEW)
    assert [each.digest for each in RecordStore(path).read()] == [NEW.digest]


def test_each_gets_a_name_of_its_own(path, tmp_path):
    for _ in range(3):
        path.write_text("no database\n" * 100)
        with pytest.warns(MemoryWarning):
            memory_in(tmp_path).outcomes(ASKING)
    assert [each.name[-1] for each in stores_set_aside(path)] == ["1", "2", "3"]


def test_what_a_killed_process_left_goes_along(path):
    # Else SQLite would roll back the new store by the journal of the old one.
    for suffix in COMPANIONS:
        path.with_name(path.name + suffix).write_text(suffix)
    aside = set_aside(path, identity(path))
    assert aside.exists()
    assert {each.name for each in path.parent.iterdir()} == {
        aside.name + suffix for suffix in ("", *COMPANIONS)
    }
    assert stores_set_aside(path) == [aside]


def test_the_store_that_another_run_has_begun_stays(path, tmp_path):
    path.write_text("no database\n" * 100)
    slow = RecordStore(path)
    with pytest.raises(Exception, match="not a database"):
        slow.read()
    with pytest.warns(MemoryWarning):
        learn(tmp_path, NEW)
    assert slow.set_aside() is None
    assert [each.digest for each in RecordStore(path).read()] == [NEW.digest]


@pytest.mark.parametrize("moment", ["identity", "connect"])
def test_one_that_another_run_sets_aside_before_it_is_opened(path, tmp_path, monkeypatch, moment):
    place = folder if moment == "identity" else sqlite3
    do, places = getattr(place, moment), [path]

    def too_late(*arguments, **options):
        for each in places[:]:
            places.remove(each)
            set_aside(each, identity(each))
        return do(*arguments, **options)

    monkeypatch.setattr(place, moment, too_late)
    memory = memory_in(tmp_path)
    assert list(memory.outcomes(ASKING)) == []
    learn(tmp_path, OLD)
    places.append(path)
    memory.remember(NEW, outcomes_of(NEW, {3: 0.0}))
    assert [each.digest for each in RecordStore(path).read()] == [NEW.digest]
    assert len(stores_set_aside(path)) == 2


def test_an_empty_file_is_a_store_that_knows_nothing(tmp_path):
    path = store_path(str(tmp_path))
    path.touch()
    assert list(memory_in(tmp_path).outcomes(ASKING)) == []
    learn(tmp_path, NEW)
    assert [each.digest for each in RecordStore(path).read()] == [NEW.digest]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a sound store."""
    folder = tmp_path_factory.mktemp("sound")
    learn(folder, OLD)
    return folder, store_path(str(folder)).read_bytes()


@given(data=st.data())
def test_any_file_content_lets_the_run_continue(sound, data):
    folder, whole = sound
    content = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.sets(st.integers(0, max(0, len(content) - 1)), max_size=5)):
        if content:
            content[at] ^= data.draw(st.integers(1, 255))
    path = store_path(str(folder))
    path.write_bytes(bytes(content))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MemoryWarning)
        memory = memory_in(folder)
        memory.suggest(ASKING, "tree")
        memory.outcomes(ASKING)
        memory.remember(NEW, outcomes_of(NEW, {3: 0.0}))
    for aside in stores_set_aside(path):
        aside.unlink()
