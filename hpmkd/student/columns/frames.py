"""The columns of a pandas frame, without importing pandas."""

from __future__ import annotations

from typing import Any

import numpy as np


def columns_of(frame: Any) -> list[Any]:
    """Return the columns of a frame, each an array or a Series.

    Of thousands of columns a Series for each would take longest. So where there are more
    columns than rows, numbers come out of the frame together, type by type.
    """
    n, d = frame.shape
    if d <= n:
        return [cells for _, cells in frame.items()]
    kinds = frame.dtypes.to_numpy()
    columns: list[Any] = [None] * d
    for kind in filter(is_plain_number, set(kinds)):
        positions = np.flatnonzero(kinds == kind)
        block = frame.iloc[:, positions].to_numpy()
        for j, cells in zip(positions.tolist(), block.T, strict=True):
            columns[j] = cells
    return [frame.iloc[:, j] if cells is None else cells for j, cells in enumerate(columns)]


def is_plain_number(kind: Any) -> bool:
    """Whether a dtype of a frame is one of NumPy's numbers."""
    return isinstance(kind, np.dtype) and kind.kind in "biuf"
