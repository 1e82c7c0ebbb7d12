from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hpmkd.files import write_atomically


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
        with pytest.raises(FileExistsError, match="no regular file"):
            write_atomically(path, b"content")
    assert stat.S_ISFIFO(os.lstat("pipe").st_mode)
    assert sorted(os.listdir()) == ["folder", "link", "pipe"]


def test_a_link_that_leads_to_itself_is_left_alone(tmp_path):
    (tmp_path / "it").symlink_to("it")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "it", b"content")
    assert os.readlink(tmp_path / "it") == "it"
