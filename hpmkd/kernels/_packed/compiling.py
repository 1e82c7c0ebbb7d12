"""How the kernels of this folder are compiled: cached, and without fastmath.

numba's cache notices an edit in the file of a function, but not in another that it calls. It
names its files by the function: here each has, at the end of its name, a checksum of all files of
this folder, so that an edit in any of them compiles all again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar
from zlib import crc32

from numba import njit

_F = TypeVar("_F", bound=Callable[..., Any])


def checksum(folder: Path) -> str:
    """Return eight digits for what all files of code in a folder hold."""
    sources = sorted(folder.glob("*.py"))
    return f"{crc32(b''.join(path.read_bytes() for path in sources)):08x}"


STAMP = checksum(Path(__file__).parent)


def stamped(function: _F) -> _F:
    """Give a function the name that numba caches it by."""
    if not function.__qualname__.endswith(STAMP):
        function.__qualname__ = f"{function.__qualname__}_{STAMP}"
    return function


def renamed(function: _F, name: str) -> _F:
    """Return the same function under another name, to be cached apart."""
    other: Any = FunctionType(function.__code__, function.__globals__, name)
    other.__qualname__ = name
    return other  # type: ignore[no-any-return]


def kernel(function: _F) -> _F:
    """Compile a function at its first use; it gives the GIL away."""
    compiled: _F = njit(cache=True, nogil=True, error_model="numpy")(stamped(function))
    return compiled


def inlined(function: _F) -> _F:
    """Compile a short function: a call that is not inlined counts the references to its arrays."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "forceinline": True}
    compiled: _F = njit(cache=True, **options)(stamped(function))
    return compiled
