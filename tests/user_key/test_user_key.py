"""The user's key: made once, private, and refused where it is not."""

from __future__ import annotations

import os
import stat

import pytest

from hpmkd.errors import RunFolderError
from hpmkd.user_key import key_path, known_key, user_key


def test_it_is_in_the_data_folder_of_the_user(tmp_path):
    assert user_key() == user_key(key_path())
    assert key_path().is_relative_to(tmp_path.parents[0])


def test_the_key_is_made_once_and_only_for_the_user(tmp_path):
    path = tmp_path / "deep" / "user.key"
    key = user_key(path)
    assert user_key(path) == key
    assert len(set(key)) > 8
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["user.key"]


def test_of_two_that_make_the_key_at_once_both_get_the_same(tmp_path, monkeypatch):
    path, link = tmp_path / "user.key", os.link

    def late(source, target):
        monkeypatch.setattr("os.link", link)
        other.append(user_key(path))
        link(source, target)

    other = []
    monkeypatch.setattr("os.link", late)
    assert user_key(path) == other[0]


def test_a_damaged_or_open_key_is_refused_with_its_cure(tmp_path):
    path = tmp_path / "user.key"
    path.write_bytes(b"short")
    with pytest.raises(RunFolderError, match="Delete it"):
        user_key(path)
    path.unlink()
    user_key(path)
    path.chmod(0o644)
    with pytest.raises(RunFolderError, match="open to other users"):
        user_key(path)


def test_a_known_key_is_only_read(tmp_path):
    path = tmp_path / "user.key"
    assert known_key(path) is None
    assert not path.exists()
    assert user_key(path) == known_key(path)
    path.chmod(0o644)
    assert known_key(path) is None
