"""The compiled loops, for the public functions."""

from __future__ import annotations

from functools import cache
from types import ModuleType

from hpmkd.kernels import _jit, background


@cache
def loops() -> ModuleType:
    """Return the compiled loops; while they are compiled elsewhere, it waits for them."""
    background.wait("loops")
    return _jit
