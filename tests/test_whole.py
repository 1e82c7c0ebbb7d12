from __future__ import annotations

import os

import pytest

from hpmkd.whole import write_whole


def test_a_file_in_the_way_is_replaced(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    assert write_whole(path, b"after") == path
    assert path.read_bytes() == b"after"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_everything_as_it_was(tmp_path, monkeypatch, step):
    def full(*args):
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"before")
    monkeypatch.setattr(f"hpmkd.whole.os.{step}", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file"]
