from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hpmkd.files import is_stream, replacing, write_atomically


def test_a_file_in_the_way_is_replaced(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    assert write_atomically(path, b"after") == path
    assert path.read_bytes() == b"after"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_everything_as_it_was(tmp_path, monkeypatch, step):
    def full(*args):
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"before")
    monkeypatch.setattr(f"hpmkd.files.os.{step}", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "to").mkdir()
    link, file = tmp_path / "link", tmp_path / "to" / "file"
    link.symlink_to("to/file")
    for content in (b"new", b"replaced"):
        assert write_atomically(link, content) == link
        assert link.is_symlink()
        assert file.read_bytes() == content
    assert os.listdir(tmp_path / "to") == ["file"]


def test_what_is_no_regular_file_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("link").symlink_to("pipe")
    for path in ("pipe", "folder", "link", "", ".", "..", "folder/.."):
        with pytest.raises(FileExistsError, match="not a regular file"):
            write_atomically(path, b"content")
    assert stat.S_ISFIFO(os.lstat("pipe").st_mode)
    assert sorted(os.listdir()) == ["folder", "link", "pipe"]


def test_a_link_that_leads_to_itself_is_left_alone(tmp_path):
    (tmp_path / "it").symlink_to("it")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "it", b"content")
    assert os.readlink(tmp_path / "it") == "it"


def test_a_draft_has_the_name_of_the_file_so_that_what_compresses_by_it_does(tmp_path):
    with replacing(tmp_path / "rows.csv.gz") as draft:
        assert draft.name == "rows.csv.gz"
        assert draft.parent != tmp_path
        assert draft.read_bytes() == b""
        draft.write_bytes(b"rows")
    assert (tmp_path / "rows.csv.gz").read_bytes() == b"rows"
    assert os.listdir(tmp_path) == ["rows.csv.gz"]


def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def stopped():
        with replacing(path) as draft:
            draft.write_bytes(b"half of it")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_in_the_way_leaves_its_permissions_unless_others_are_asked_for(tmp_path):
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o640)
    write_atomically(path, b"content")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_atomically(path, b"content", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("length", [245, 255])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path, length):
    path = tmp_path / ("é" * 40 + "x" * (length - 80))
    write_atomically(path, b"content")
    assert path.read_bytes() == b"content"


def test_pipes_and_devices_are_streams_files_and_folders_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "file").touch()
    assert is_stream(tmp_path / "pipe")
    assert is_stream(tmp_path / "link")
    assert is_stream(os.devnull)
    assert not any(map(is_stream, [tmp_path, tmp_path / "file", tmp_path / "none", "x" * 300]))
