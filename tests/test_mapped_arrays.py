"""Large arrays lie in files without a name, and have the bits of those in memory."""

from __future__ import annotations

import mmap

import numpy as np
import pytest

from hpmkd import mapped_arrays

WHOLE = np.random.default_rng(0).normal(size=(1000, 3))


def blocks():
    return (WHOLE[at : at + 300] for at in range(0, 1000, 300))


def base_of(array):
    """Return what owns the memory of an array."""
    while isinstance(array, memoryview) or getattr(array, "base", None) is not None:
        array = array.obj if isinstance(array, memoryview) else array.base
    return array


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("least", [0, 10**9])
def test_blocks_lie_under_each_other(monkeypatch, dtype, least):
    monkeypatch.setattr(mapped_arrays, "LEAST", least)
    found = mapped_arrays.stacked(blocks, WHOLE.shape, dtype)
    assert found.tobytes() == WHOLE.astype(dtype).tobytes()
    assert (found.shape, found.dtype) == (WHOLE.shape, dtype)
    assert type(found) is np.ndarray  # a piece, for executors
    assert not found.flags.writeable
    assert isinstance(base_of(found), mmap.mmap) == (least == 0)


def test_the_file_has_no_name(monkeypatch, tmp_path):
    monkeypatch.setattr(mapped_arrays, "LEAST", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = mapped_arrays.stacked(blocks, WHOLE.shape, np.float64)
    assert not list(tmp_path.iterdir())
    assert (found == WHOLE).all()


def test_without_room_for_a_file_it_is_in_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(mapped_arrays, "LEAST", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    found = mapped_arrays.stacked(blocks, WHOLE.shape, np.float64)
    assert (found == WHOLE).all()
    assert not isinstance(base_of(found), mmap.mmap)


@pytest.mark.parametrize("least", [0, 10**9])
def test_chunks_are_all_bytes_in_their_order(monkeypatch, least):
    monkeypatch.setattr(mapped_arrays, "LEAST", least)
    monkeypatch.setattr(mapped_arrays, "CHUNK", 7000)
    found = mapped_arrays.stacked(blocks, WHOLE.shape, np.float64)
    content = memoryview(found).cast("B")
    assert b"".join(map(bytes, mapped_arrays.chunks(content))) == WHOLE.tobytes()
    assert (found == WHOLE).all()  # what left the memory is read from the file again
