"""Objects as files whose arrays are memory-mapped."""

import numpy as np
import pandas as pd
import pytest

from hpmkd_defaults.executors.shared_files import ALIGNMENT, dump, load


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(24.0).reshape(4, 6)[::2, ::3],
        np.array(["a", None, 1.5], dtype=object),
        np.empty((0, 3)),
        np.float64(3.0),
    ],
    ids=["C", "Fortran", "strided", "objects", "empty", "scalar"],
)
def test_arrays_arrive_as_they_were(tmp_path, array):
    path = tmp_path / "file"
    dump({"array": array, "again": array}, path)
    loaded = load(str(path))
    np.testing.assert_array_equal(loaded["array"], array)
    assert np.asarray(loaded["array"]).dtype == array.dtype
    assert loaded["again"] is loaded["array"]


def test_frames_arrive_as_they_were(tmp_path):
    frame = pd.DataFrame(
        {"x": [1.0, np.nan], "word": ["a", None], "kind": pd.Categorical(["u", "v"])}
    )
    path = tmp_path / "file"
    dump(frame, path)
    pd.testing.assert_frame_equal(load(str(path)), frame)


def test_arrays_are_mapped_aligned_and_read_only(tmp_path):
    path = tmp_path / "file"
    dump([np.zeros(3, np.int8), np.arange(1000.0)], path)
    first, second = load(str(path))
    path.unlink()  # what is mapped outlives its name
    assert second.sum() == 499_500.0
    for array in (first, second):
        assert array.ctypes.data % ALIGNMENT == 0
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "nothing"))
