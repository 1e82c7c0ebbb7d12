"""The journal: what it keeps, and that nothing it cannot vouch for comes back."""

import os
import pickle
import stat
import struct
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hpmkd.execution.journal.file import JournalFile, header_of
from hpmkd.execution.journal.records import ForeignRecordsError, NoRecordsError, Records
from hpmkd.execution.journal.sealing import user_key

from hpmkd.errors import RunFolderError
from hpmkd.execution.journal import NoJournal

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
    found = {name: journal.get(name) for name in RESULTS if name in journal}
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
    assert (len(again), again.get("trial/d/0"), again.dropped) == (4, 4, 0)


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


def test_kept_computes_once(path):
    journal, calls = filled(path), []
    for _ in range(2):
        assert journal.kept("memory", lambda: calls.append(1) or len(calls)) == 1
    assert NoJournal().kept("memory", lambda: 2) == 2


def test_a_file_cut_at_any_byte_keeps_the_whole_records_before(path, tmp_path):
    filled(path).close()
    content = path.read_bytes()
    kept = []
    for length in range(len(content) + 1):
        torn = tmp_path / "torn"
        torn.write_bytes(content[:length])
        header, found = reopened(torn)
        assert header in (None, {"seed": 3})
        kept.append(same(found) + (header is not None))
        assert kept[-1] == len([name for name in RESULTS if name in found]) + (header is not None)
        assert torn.stat().st_size <= max(length, 16)
    assert kept == sorted(kept)
    assert set(kept) == {0, 1, 2, 3, 4}


def test_a_torn_file_is_gone_on_with(path):
    filled(path).close()
    path.write_bytes(path.read_bytes()[:-1])
    journal = JournalFile(path, KEY)
    assert journal.dropped
    assert "student/c/0" not in journal
    journal.put("student/c/0", "small")
    journal.close()
    assert same(reopened(path)[1]) == 3


def test_no_flipped_bit_gives_a_wrong_result(path, tmp_path):
    filled(path).close()
    content = path.read_bytes()
    for at in range(len(content)):
        flipped = tmp_path / "flipped"
        flipped.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        try:
            header, found = reopened(flipped)
        except (ForeignRecordsError, NoRecordsError):
            assert at < 16 + 72 + 100  # in the first line, or in the seal of the header
            continue
        assert header in (None, {"seed": 3})
        assert same(found) < 3


def test_a_record_that_is_changed_while_it_is_open_is_done_again(path):
    journal = filled(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    with pytest.raises(KeyError):
        journal.get("student/c/0")


def test_records_of_another_place_in_the_file_do_not_count(path):
    filled(path).close()
    first = path.read_bytes()
    journal = JournalFile(path, KEY)
    journal.put("again", 1)
    journal.close()
    last = path.read_bytes()[len(first) :]
    path.write_bytes(first + last + last)
    journal = JournalFile(path, KEY)
    assert len(journal) == 4
    assert journal.dropped == len(last)


class Evil:
    def __reduce__(self):
        return (os.abort, ())


def put_evil(path):
    """Append a record that ends whoever unpickles it."""
    records = Records(path, OTHER, trusted=True)
    name = b"trial/e/0"
    records.append(
        lambda body: body.write(struct.pack("<dI", 1.0, len(name)) + name + pickle.dumps(Evil()))
    )
    records.close()


def test_a_foreign_journal_is_refused_before_anything_is_unpickled(path):
    filled(path, OTHER).close()
    put_evil(path)
    with pytest.raises(ForeignRecordsError, match="another user or machine"):
        JournalFile(path, KEY)


def test_a_record_sealed_by_another_key_in_our_journal_is_dropped(path):
    filled(path).close()
    put_evil(path)
    # As a forger would: our header, and behind it what he sealed.
    forged = path.read_bytes()
    filled(path.with_name("own")).close()
    own = path.with_name("own").read_bytes()
    path.write_bytes(own + forged[len(own) :])
    journal = JournalFile(path, KEY)
    assert "trial/e/0" not in journal
    assert len(journal) <= 3


def test_a_trusted_foreign_journal_becomes_our_own(path):
    filled(path, OTHER).close()
    assert same(reopened(path, trusted=True)[1]) == 3
    assert same(reopened(path)[1]) == 3
    with pytest.raises(ForeignRecordsError):
        JournalFile(path, OTHER)


def test_something_else_is_not_touched(path):
    path.write_bytes(b"my diary, page one and two")
    with pytest.raises(NoRecordsError, match="no journal"):
        JournalFile(path, KEY)
    assert path.read_bytes() == b"my diary, page one and two"


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
        from hpmkd.execution.journal.file import JournalFile
        journal = JournalFile({str(path)!r}, bytes(range(32)))
        journal.begin({{"seed": 3}})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert ended.returncode == -9
    assert JournalFile(path, KEY).header == {"seed": 3}


def test_a_full_disk_is_told_once_and_what_was_kept_stays(path, monkeypatch):
    told = []
    journal = filled(path)
    journal.on_trouble = told.append
    size = path.stat().st_size

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", full)
        journal.put("trial/x/0", 1)
        journal.put("trial/y/0", 1)
    assert told == [f"{path} cannot be written: No space left on device"]
    assert path.stat().st_size == size
    # There is room again.
    journal.put("trial/z/0", 2)
    journal.close()
    again = JournalFile(path, KEY)
    assert "trial/x/0" not in again
    assert again.get("trial/z/0") == 2


def test_a_write_that_stops_in_the_middle_leaves_the_file_as_it_was(path, monkeypatch):
    journal, write, calls = filled(path), os.pwrite, []
    content = path.read_bytes()

    def filling(file, view, at):
        calls.append(at)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        return write(file, view[: max(1, len(view) // 2)], at)

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", filling)
        journal.put("trial/x/0", np.arange(100.0))
    assert path.read_bytes() == content


def test_what_cannot_be_pickled_is_told_and_not_kept(path):
    told = []
    journal = filled(path)
    journal.on_trouble = told.append
    journal.put("trial/x/0", lambda: 1)
    assert "trial/x/0 cannot be kept" in told[0]
    journal.put("trial/y/0", 1)
    journal.close()
    assert same(reopened(path)[1]) == 3


class Moody:
    def __setstate__(self, state):
        raise RuntimeError("not today")

    def __getstate__(self):
        return {"a": 1}


def test_what_cannot_be_unpickled_is_told_and_done_again(path):
    told = []
    journal = filled(path)
    journal.on_trouble = told.append
    moody = Moody()
    assert journal.put("trial/x/0", moody) is moody
    assert "not today" in told[0]
    assert journal.kept("trial/x/0", lambda: 7) == 7
    assert journal.get("trial/x/0") == 7


def test_a_removed_file_is_told_once(path):
    told = []
    journal = filled(path)
    journal.on_trouble = told.append
    path.unlink()
    journal.put("trial/x/0", 1)
    journal.put("trial/y/0", 1)
    assert told == [f"{path} was removed"]


def test_the_header_is_read_beside_a_writer_and_without_its_key(path, tmp_path):
    journal = filled(path, OTHER)
    assert header_of(path) == {"seed": 3}
    journal.close()
    assert header_of(tmp_path / "none") is None
    for damaged in (b"", b"other", path.read_bytes()[:40], pickle.dumps(Evil()) * 9):
        (tmp_path / "damaged").write_bytes(damaged)
        assert header_of(tmp_path / "damaged") is None


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


def test_the_key_is_made_once_and_only_for_the_user(tmp_path):
    path = tmp_path / "deep" / "journal.key"
    key = user_key(path)
    assert user_key(path) == key
    assert len(set(key)) > 8
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["journal.key"]


def test_of_two_that_make_the_key_at_once_both_get_the_same(tmp_path, monkeypatch):
    path, link = tmp_path / "journal.key", os.link

    def late(source, target):
        monkeypatch.setattr("os.link", link)
        other.append(user_key(path))
        link(source, target)

    other = []
    monkeypatch.setattr("os.link", late)
    assert user_key(path) == other[0]


def test_a_damaged_or_open_key_is_refused_with_its_cure(tmp_path):
    path = tmp_path / "journal.key"
    path.write_bytes(b"short")
    with pytest.raises(RunFolderError, match="Delete it"):
        user_key(path)
    path.unlink()
    user_key(path)
    path.chmod(0o644)
    with pytest.raises(RunFolderError, match="open to other users"):
        user_key(path)
