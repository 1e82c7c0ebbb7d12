"""The header of a journal: found by anyone, believed only if our key sealed it."""

import contextlib
import json
import pickle
import sqlite3

import pytest

from hpmkd.errors import RunFolderError
from hpmkd.execution.journal import JournalFile
from hpmkd.execution.journal_rows import is_journal, read_header

KEY, OTHER = bytes(range(32)), bytes(32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


def begun(path, key=KEY):
    journal = JournalFile(path, key)
    journal.begin({"seed": 3})
    journal.put("trial/a/0", 1)
    return journal


def test_the_header_is_read_beside_a_writer(path, tmp_path):
    journal = begun(path)
    assert is_journal(path)
    assert read_header(path, KEY) == {"seed": 3}
    # Reading takes no lock away.
    with pytest.raises(RunFolderError, match="another process"):
        JournalFile(path, KEY)
    journal.close()


def test_a_header_that_another_key_sealed_is_not_believed(path):
    begun(path, OTHER).close()
    assert is_journal(path)
    assert read_header(path, KEY) is None


@pytest.mark.parametrize("seal", [b"", b"0" * 32, None, "text"])
def test_an_altered_header_is_not_believed(path, seal):
    begun(path).close()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        forged = json.dumps({"seed": 3, "command": "rm -r ~"}).encode()
        database.execute("UPDATE results SET pickle = ? WHERE name = 'header'", (forged,))
    assert read_header(path, KEY) is None
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE results SET seal = ? WHERE name = 'header'", (seal,))
    assert is_journal(path)
    assert read_header(path, KEY) is None


def test_a_header_that_was_taken_over_is_ours_at_once(path):
    begun(path, OTHER).close()
    journal = JournalFile(path, KEY, trusted=True)  # and is killed, for all that others know
    assert read_header(path, KEY) == {"seed": 3}
    journal.close()
    assert read_header(path, KEY) == {"seed": 3}


def test_other_files_are_no_journals(path, tmp_path):
    begun(path).close()
    assert not is_journal(tmp_path / "none")
    odd = (b"", b"other", path.read_bytes()[:40], pickle.dumps({"seed": 3}) * 9)
    for damaged in odd:
        (tmp_path / "damaged").write_bytes(damaged)
        assert not is_journal(tmp_path / "damaged")
        assert read_header(tmp_path / "damaged", KEY) is None
    for header in (b"[" * 10**5, b"[]", b"\xff", "text", None, 1):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE results SET pickle = ? WHERE name = 'header'", (header,))
        assert not is_journal(path)
