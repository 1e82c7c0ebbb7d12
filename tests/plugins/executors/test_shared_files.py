"""Files of large pieces: where they lie, and when they go."""

import errno
import gc
import os
import shutil

import numpy as np
import pytest

from hpmkd.data.tables import frozen
from hpmkd.errors import HpmkdError
from hpmkd_defaults.executors import shared_files
from hpmkd_defaults.executors.shared_files import SharedFiles, load
from hpmkd_defaults.executors.worker_main import Pieces


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Files on what passes for a disk: there is no memory to keep them in."""
    monkeypatch.setattr(shared_files, "MEMORY", tmp_path / "none")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = SharedFiles()
    yield made
    made.close()


def piece(fill=0.0):
    return frozen(np.full(5000, fill))


def pieces_in(folder):
    return sorted(path for path in folder.rglob("*") if path.name.startswith("piece"))


def test_a_piece_is_written_once_and_removed_with_its_owner(files, tmp_path):
    one, other = piece(1.0), piece(2.0)
    path = files.path_of(one)
    assert files.path_of(one) == path
    assert files.path_of(other) != path
    assert load(path)[0] == 1.0
    assert 80_000 <= files.written < 81_000
    del one
    gc.collect()
    assert len(pieces_in(tmp_path)) == 2
    files.remove_dead()
    assert [str(each) for each in pieces_in(tmp_path)] == [files.path_of(other)]


def test_closing_removes_all_and_what_comes_later_is_written_anew(files, tmp_path):
    one = piece()
    files.path_of(one)
    files.close()
    assert [*tmp_path.iterdir()] == []
    assert load(files.path_of(one))[0] == 0.0


def test_small_pieces_lie_in_memory_and_large_ones_do_not(tmp_path, monkeypatch):
    disk, memory = tmp_path / "disk", tmp_path / "memory"
    disk.mkdir()
    memory.mkdir()
    monkeypatch.setattr(shared_files, "MEMORY", memory)
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    made, pieces = SharedFiles(), [piece(), piece()]
    made.path_of(pieces[0])
    assert (len(pieces_in(memory)), len(pieces_in(disk))) == (1, 0)
    monkeypatch.setattr(shared_files, "SHARE_OF_MEMORY", 0.0)
    made.path_of(pieces[1])
    assert (len(pieces_in(memory)), len(pieces_in(disk))) == (1, 1)
    made.close()
    assert [*disk.iterdir(), *memory.iterdir()] == []


def test_a_full_disk_says_what_is_needed_and_what_to_type(files, tmp_path, monkeypatch):
    def dump(value, path):
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    one = piece()
    with monkeypatch.context() as full:
        full.setattr(shared_files, "dump", dump)
        with pytest.raises(HpmkdError) as caught:
            files.path_of(one)
    for words in (str(tmp_path), "No space left", "0.0 MB are needed", "TMPDIR=", "--workers 1"):
        assert words in str(caught.value)
    assert pieces_in(tmp_path) == []
    assert load(files.path_of(one))[0] == 0.0


def test_nowhere_to_write_to_is_explained(files, monkeypatch):
    def nowhere():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    with pytest.raises(HpmkdError, match=r"No usable temporary.*TMPDIR="):
        files.path_of(piece())


def test_what_somebody_tidied_up_is_written_again(files, tmp_path):
    one = piece(4.0)
    first = files.path_of(one)
    shutil.rmtree(os.path.dirname(first))
    second = files.path_of(one)
    assert load(second)[0] == 4.0


def test_a_worker_keeps_a_piece_as_long_as_there_is_its_file(files):
    one, pieces = piece(), Pieces()
    path = files.path_of(one)
    read = pieces.read(path)
    pieces.drop_removed()
    assert pieces.read(path) is read
    del one
    gc.collect()
    files.remove_dead()
    pieces.drop_removed()
    with pytest.raises(HpmkdError, match="cannot be read by a worker process: No such file"):
        pieces.read(path)
