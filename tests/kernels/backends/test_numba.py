"""How numba is used: what it caches, and what its kernels read of NumPy's own structures."""

from __future__ import annotations

import ctypes
import importlib
import sys
from pathlib import Path

import numpy as np

from hpmkd.kernels._packed import compiling, objects
from hpmkd.kernels.backends import numba
from hpmkd.kernels.warming import cache_folder


def test_the_layout_of_arrays_is_that_of_numpy():
    # What a kernel reads of the structure is what the array interface says.
    row = np.linspace(0, 1, 7)[2:4]
    address = id(row)
    raw = ctypes.string_at(address, objects.FLAGS + 4)
    data, ndim = np.frombuffer(raw[objects.DATA : objects.NDIM + 8], np.int64)
    assert data == row.__array_interface__["data"][0]
    assert ndim % 2**32 == 1
    dtype = ctypes.string_at(id(row.dtype), objects.TYPE_NUMBER + 4)
    assert dtype[objects.BYTE_ORDER] == objects.NATIVE
    assert int.from_bytes(dtype[objects.TYPE_NUMBER :], sys.byteorder) == row.dtype.num == 12
    assert np.dtype(np.float32).num == objects.FLOAT_32


def test_an_edit_in_any_file_compiles_all_anew(tmp_path):
    # numba names its cache files by the function, and each function by all files.
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1")
    before = compiling.checksum(tmp_path)
    assert compiling.checksum(tmp_path) == before
    (tmp_path / "b.py").write_text("x = 2")
    assert compiling.checksum(tmp_path) != before
    folder = Path(compiling.__file__).parent
    assert compiling.checksum(folder) == compiling.STAMP
    numba.row_kernel("code", np.float64, np.zeros(24, np.uint32), pooled=False)
    found = [path.name for path in cache_folder().glob(f"*{compiling.STAMP}*.nbi")]
    assert any("code_64" in name for name in found)
    assert any("_margins_of_row" in name or ".margins_of_row" in name for name in found)
    # All of them: none is cached without the checksum.
    modules = (importlib.import_module(f"{PACKAGE}.{path.stem}") for path in folder.glob("*.py"))
    kernels = [value for module in modules for value in vars(module).values() if _compiles(value)]
    assert len(kernels) > 40
    assert all(each.py_func.__qualname__.endswith(compiling.STAMP) for each in kernels)


PACKAGE = "hpmkd.kernels._packed"


def _compiles(value):
    return hasattr(value, "py_func") and hasattr(value, "signatures")
