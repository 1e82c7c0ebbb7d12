from __future__ import annotations

import os

import pytest

from hpmkd.errors import ExportError
from hpmkd_defaults.exporters.writing import written


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "student.onnx"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left on device"):
        written(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "student.onnx"
    path.write_bytes(b"a longer old one")
    assert written(path, b"new") == path
    assert path.read_bytes() == b"new"
