"""The journal: what it keeps, and that nothing it cannot vouch for comes back."""

import contextlib
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from hpmkd.errors import RunFolderError
from hpmkd.execution.journal import Journal, JournalFile
from hpmkd.execution.journal_rows import is_journal

KEY, OTHER = bytes(range(32)), bytes(32)
RESULTS = {"trial/a/0": {"loss": 0.5}, "fold/b/0": np.arange(5.0), "student/c/0": "small"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


def filled(path, key=KEY):
    journal = JournalFile(path, key)
    journal.begin({"seed": 3})
    for name, result in RESULTS.items():
        journal.put(name, result)
    return journal


def reopened(path, key=KEY, **more):
    journal = JournalFile(path, key, **more)
    found = {}
    for name in RESULTS:
        with contextlib.suppress(KeyError):
            found[name] = journal.get(name)
    header = journal.header
    journal.close()
    return header, found


def same(found):
    """Which of the results these are; fails if one is another."""
    for name, result in found.items():
        assert np.array_equal(result, RESULTS[name])
    return len(found)


def test_what_was_put_is_there_again(path):
    filled(path).close()
    header, found = reopened(path)
    assert header == {"seed": 3}
    assert same(found) == 3


def test_results_are_there_at_once_and_counted(path):
    journal = filled(path)
    assert journal.get("trial/a/0") == {"loss": 0.5}
    assert (len(journal), journal.resumed) == (3, 1)
    with pytest.raises(KeyError):
        journal.get("trial/a/1")


def test_going_on_appends(path):
    filled(path).close()
    journal = JournalFile(path, KEY)
    journal.put("trial/d/0", 4)
    journal.close()
    again = JournalFile(path, KEY)
    assert (len(again), again.get("trial/d/0"), again.damaged) == (4, 4, 0)


def test_what_is_kept_is_what_is_used(path):
    shared = [1.0]
    journal, result = filled(path), {"a": shared}
    copy = journal.put("x", result)
    assert copy == result
    assert copy is not result
    journal.close()
    # What is fitted when the run is over is none of it.
    assert journal.put("y", result) is result
    assert JournalFile(path, KEY).get("x") == result


def test_what_comes_after_a_stop_is_not_kept(path):
    """A network of scikit-learn catches Ctrl-C, and returns what is fitted by half."""
    journal = filled(path)
    journal.stopped = True
    with pytest.raises(KeyboardInterrupt):
        journal.put("half", 1)
    assert "half" not in journal


def test_a_missing_result_is_computed_once(path):
    journal, calls = filled(path), []
    for _ in range(2):
        assert journal.get_or_compute("memory", lambda: calls.append(1) or len(calls)) == 1
    assert Journal().get_or_compute("memory", lambda: 2) == 2


@pytest.fixture
def killed(path, tmp_path):
    """A folder with what a process leaves that is killed: the database, and its log beside it."""
    journal = filled(path)
    folder = tmp_path / "killed"
    folder.mkdir()
    for each in ("journal", "journal-wal"):
        shutil.copy(path.with_name(each), folder)
    journal.close()
    return folder


def test_a_log_cut_at_any_byte_keeps_the_whole_results_before(killed, tmp_path):
    log = (killed / "journal-wal").read_bytes()
    found = []
    for length in [*range(0, len(log), 101), len(log)]:
        torn = tmp_path / "torn"
        shutil.copytree(killed, torn)
        (torn / "journal-wal").write_bytes(log[:length])
        header, results = reopened(torn / "journal")
        assert header == {"seed": 3}
        assert list(results) == [*RESULTS][: len(results)]
        found.append(same(results))
        shutil.rmtree(torn)
    assert found == sorted(found)
    assert set(found) == {0, 1, 2, 3}


def test_a_torn_log_is_gone_on_with(killed):
    log = killed / "journal-wal"
    log.write_bytes(log.read_bytes()[:-1])
    journal = JournalFile(killed / "journal", KEY)
    assert "student/c/0" not in journal
    journal.put("student/c/0", "small")
    journal.close()
    assert same(reopened(killed / "journal")[1]) == 3


def test_no_flipped_bit_gives_a_wrong_result(path, tmp_path):
    filled(path).close()
    content = path.read_bytes()
    pickles = [content.index(pickle.dumps(each, protocol=5)) for each in RESULTS.values()]
    outcomes = set()
    for at in sorted({*range(0, len(content), 7), *(each + 9 for each in pickles)}):
        folder = tmp_path / "flipped"
        folder.mkdir()
        flipped = folder / "journal"
        flipped.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        try:
            header, found = reopened(flipped)
        except RunFolderError:
            outcomes.add("refused")
        else:
            assert header in (None, {"seed": 3})
            outcomes.add(same(found))
        shutil.rmtree(folder)
    assert {"refused", 2, 3} <= outcomes


@contextlib.contextmanager
def database(path):
    """The database as any program may write it."""
    with contextlib.closing(sqlite3.connect(path)) as opened, opened:
        yield opened


@pytest.mark.parametrize("trusted", [False, True])
def test_a_result_that_is_damaged_is_computed_again(path, trusted):
    filled(path).close()
    with database(path) as opened:
        opened.execute("UPDATE results SET pickle = ? WHERE name = 'student/c/0'", (b"x",))
    journal = JournalFile(path, KEY, trusted=trusted)
    assert (journal.damaged, len(journal)) == (1, 2)
    assert journal.get_or_compute("student/c/0", lambda: "small") == "small"
    journal.close()
    assert same(reopened(path)[1]) == 3


def test_a_result_that_is_damaged_while_it_is_open_is_computed_again(path):
    journal, reasons = filled(path), []
    journal.on_trouble = reasons.append
    journal._database.execute("UPDATE results SET pickle = x'00' WHERE name = 'student/c/0'")
    with pytest.raises(KeyError):
        journal.get("student/c/0")
    assert "student/c/0 cannot be read" in reasons[0]


def test_a_result_under_the_name_of_another_does_not_count(path):
    filled(path).close()
    with database(path) as opened:
        opened.execute("DELETE FROM results WHERE name = 'fold/b/0'")
        opened.execute("UPDATE results SET name = 'fold/b/0' WHERE name = 'trial/a/0'")
    assert [*reopened(path)[1]] == ["student/c/0"]


class Evil:
    def __reduce__(self):
        return (os.abort, ())


def put_evil(path):
    """Add a row that ends the process that unpickles it."""
    foreign = JournalFile(path.with_name("foreign"), OTHER)
    foreign.begin({"seed": 3})
    foreign._insert("trial/e/0", pickle.dumps(Evil()))
    (row,) = foreign._database.execute("SELECT * FROM results WHERE name = 'trial/e/0'")
    foreign.close()
    with database(path) as opened:
        opened.execute("INSERT INTO results VALUES (?, ?, ?, ?)", row)


def test_a_foreign_journal_is_refused_before_anything_is_unpickled(path):
    filled(path, OTHER).close()
    put_evil(path)
    with pytest.raises(RunFolderError, match="another user or machine"):
        JournalFile(path, KEY)


def test_a_row_sealed_by_another_key_in_our_journal_is_not_found(path):
    filled(path).close()
    put_evil(path)
    journal = JournalFile(path, KEY)
    assert "trial/e/0" not in journal
    assert len(journal) == 3


def test_a_view_in_a_strangers_file_cannot_have_its_rows_sealed(path):
    """Functions of SQL that this process defines could be called by what the file holds."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.create_function("seal", 3, lambda *row: b"")
        database.execute("CREATE TABLE evil (name, seconds, pickle)")
        for name, content in (("header", b"{}"), ("trial/e/0", pickle.dumps("evil"))):
            database.execute("INSERT INTO evil VALUES (?, 0.0, ?)", (name, content))
        database.execute(
            "CREATE VIEW results AS SELECT rowid, name, seconds, "
            "seal(name, seconds, pickle) AS seal, pickle FROM evil"
        )
    with pytest.raises(RunFolderError, match="not a journal of hpmkd"):
        JournalFile(path, KEY)


def test_a_trusted_foreign_journal_becomes_our_own(path):
    filled(path, OTHER).close()
    assert same(reopened(path, trusted=True)[1]) == 3
    assert same(reopened(path)[1]) == 3
    with pytest.raises(RunFolderError, match="another user"):
        JournalFile(path, OTHER)


def test_something_else_is_not_touched(path):
    path.write_bytes(b"my diary, page one and two")
    with pytest.raises(RunFolderError, match="is not a journal"):
        JournalFile(path, KEY)
    assert path.read_bytes() == b"my diary, page one and two"
    assert not is_journal(path)


def test_a_database_of_something_else_is_not_touched(path):
    with database(path) as opened:
        opened.execute("CREATE TABLE diary (page TEXT)")
    content = path.read_bytes()
    with pytest.raises(RunFolderError, match="is not a journal"):
        JournalFile(path, KEY)
    assert path.read_bytes() == content
    assert not is_journal(path)


def test_a_damaged_one_can_be_started_over(path):
    filled(path).close()
    path.write_bytes(path.read_bytes()[:4096].ljust(path.stat().st_size, b"x"))
    with pytest.raises(RunFolderError, match="or is damaged"):
        JournalFile(path, KEY)
    journal = JournalFile(path, KEY, fresh=True)
    journal.begin({"seed": 4})
    journal.close()
    assert reopened(path) == ({"seed": 4}, {})


def test_beginning_anew_forgets(path):
    journal = filled(path)
    journal.begin({"seed": 4})
    journal.close()
    assert reopened(path) == ({"seed": 4}, {})


def test_a_second_writer_is_refused_until_the_first_has_ended(path):
    first = filled(path)
    with pytest.raises(RunFolderError, match="another process"):
        JournalFile(path, KEY)
    first.close()
    JournalFile(path, KEY).close()


def test_the_lock_of_a_killed_process_does_not_last(path):
    code = f"""
        import os, signal
        from hpmkd.execution.journal import JournalFile
        journal = JournalFile({str(path)!r}, bytes(range(32)))
        journal.begin({{"seed": 3}})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert ended.returncode == -9
    assert JournalFile(path, KEY).header == {"seed": 3}


def test_a_full_disk_is_told_once_and_what_was_kept_stays(path):
    reasons = []
    journal = filled(path)
    journal.on_trouble = reasons.append
    (pages,) = journal._database.execute("PRAGMA page_count").fetchone()
    journal._database.execute(f"PRAGMA max_page_count = {pages}")
    large = np.arange(10_000.0)
    journal.put("trial/x/0", large)
    journal.put("trial/y/0", large)
    assert reasons == [f"{path} cannot be written: No space left on device"]
    assert "trial/x/0" not in journal
    # There is room again.
    journal._database.execute("PRAGMA max_page_count = 1000")
    journal.put("trial/z/0", 2)
    journal.close()
    again = JournalFile(path, KEY)
    assert "trial/x/0" not in again
    assert again.get("trial/z/0") == 2
    again.close()
    assert same(reopened(path)[1]) == 3


def test_what_cannot_be_pickled_is_told_and_not_kept(path):
    reasons = []
    journal = filled(path)
    journal.on_trouble = reasons.append
    journal.put("trial/x/0", lambda: 1)
    assert "trial/x/0 cannot be stored" in reasons[0]
    journal.put("trial/y/0", 1)
    journal.close()
    assert same(reopened(path)[1]) == 3


class Moody:
    def __setstate__(self, state):
        raise RuntimeError("not today")

    def __getstate__(self):
        return {"a": 1}


def test_what_cannot_be_unpickled_is_told_and_not_kept(path):
    reasons = []
    journal = filled(path)
    journal.on_trouble = reasons.append
    moody = Moody()
    assert journal.put("trial/x/0", moody) is moody
    assert "not today" in reasons[0]
    assert journal.get_or_compute("trial/x/0", lambda: 7) == 7
    assert journal.get("trial/x/0") == 7


class Elsewhere:
    """Is there while it is stored, and gone when it is read."""


def test_what_can_no_longer_be_unpickled_is_told_and_computed_again(path, monkeypatch):
    reasons = []
    journal = filled(path)
    journal.on_trouble = reasons.append
    journal.put("trial/x/0", Elsewhere())
    monkeypatch.delattr(sys.modules[__name__], "Elsewhere")
    assert journal.get_or_compute("trial/x/0", lambda: 7) == 7
    assert "trial/x/0 cannot be read" in reasons[0]


def test_a_removed_file_is_told_once(path):
    reasons = []
    journal = filled(path)
    journal.on_trouble = reasons.append
    path.unlink()
    journal.put("trial/x/0", 1)
    journal.put("trial/y/0", 1)
    assert reasons == [f"{path} was removed"]


@pytest.mark.parametrize("header", [b"[" * 10**5, b"[]", b"1", None])
def test_a_trusted_journal_with_an_odd_header_is_refused(path, header):
    filled(path, OTHER).close()
    with database(path) as opened:
        opened.execute("UPDATE results SET pickle = ? WHERE name = 'header'", (header,))
    with pytest.raises(RunFolderError, match="is not a journal of hpmkd, or is damaged"):
        JournalFile(path, KEY, trusted=True)


def test_seconds_go_on_where_they_stopped(path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    journal = filled(path)
    clock[0] += 40
    journal.put("trial/x/0", 1)
    journal.close()
    clock[0] += 1000
    journal = JournalFile(path, KEY)
    assert journal.seconds == 40
    clock[0] += 2
    assert journal.seconds == 42
