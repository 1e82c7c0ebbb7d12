"""XGBoost's trees as C code, by treelite and tl2cgen, compiled by gcc with -O3."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

MISSING = -1  # what the code takes for a missing cell, in the bits of a float32


class Compiled:
    """A booster as a shared library.

    Raises
    ------
    ImportError
        treelite or tl2cgen is not installed.
    """

    def __init__(self, booster: xgb.Booster, n_classes: int) -> None:
        import tl2cgen
        import treelite

        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "trees.so"
        model = treelite.frontend.from_xgboost(booster)
        tl2cgen.export_lib(model, toolchain="gcc", libpath=path, params={"parallel_comp": 8})
        self._tl2cgen, self._predictor = tl2cgen, tl2cgen.Predictor(path, nthread=1)
        self._predict = ctypes.CDLL(str(path)).predict
        self._predict.restype = None
        self._out = np.empty(n_classes, dtype=np.float32)

    def table(self, rows: Any) -> Any:
        """Predict a table, as documented."""
        return self._predictor.predict(self._tl2cgen.DMatrix(rows))

    def calls(self, rows: list[Any]) -> list[Callable[[], Any]]:
        """Return, of each row, the bare call of the C function by ctypes.

        The row is converted before, and the result is left in memory: the least that a call
        from Python can take.
        """
        out = self._out.ctypes.data_as(ctypes.c_void_p)
        return [self._call(np.ascontiguousarray(row, dtype=np.float32), out) for row in rows]

    def _call(self, row: Any, out: Any) -> Callable[[], Any]:
        bits = row.view(np.int32).copy()
        bits[np.isnan(row)] = MISSING
        given, predict = bits.ctypes.data_as(ctypes.c_void_p), self._predict
        margin = ctypes.c_int(0)
        return lambda: predict(given, margin, out)

    def check(self, rows: list[Any], expected: Any) -> None:
        """Compare with what XGBoost predicts."""
        for call, wanted in zip(self.calls(rows), expected, strict=True):
            self._out[:] = 0.0  # the code adds to what is there
            call()
            np.testing.assert_allclose(self._out[: np.size(wanted)], wanted, atol=1e-5)
