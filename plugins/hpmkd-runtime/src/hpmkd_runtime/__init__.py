"""Answers with students of hpmkd: NumPy and a C kernel, and nothing else.

>>> import hpmkd_runtime
>>> student = hpmkd_runtime.load("runs/churn")  # doctest: +SKIP
>>> student.predict_one({"age": 31, "plan": "basic"})  # doctest: +SKIP
'stays'

Its C kernel serves hpmkd as well. Importing this package loads nothing: each name is imported
when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd_runtime.errors import DataError as DataError
    from hpmkd_runtime.errors import HpmkdError as HpmkdError
    from hpmkd_runtime.errors import KernelsError as KernelsError
    from hpmkd_runtime.errors import StudentFileError as StudentFileError
    from hpmkd_runtime.loading import load as load
    from hpmkd_runtime.student.student import Student as Student

__version__ = "0.1.0"

_HOME = {
    "DataError": "errors",
    "HpmkdError": "errors",
    "KernelsError": "errors",
    "Student": "student.student",
    "StudentFileError": "errors",
    "load": "loading",
}
__all__ = tuple(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
