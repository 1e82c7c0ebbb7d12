"""The identity of a model: a digest of what it holds and of the code behind it.

Equal in every process, whatever ``PYTHONHASHSEED`` is, so that a cache on disk can go by
it; and different once the code has changed, for there the old answer would be wrong.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import sys
import types
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from joblib.hashing import NumpyHasher

#: Another version of one of these may change what a teacher predicts.
LIBRARIES = ("hpmkd", "numpy", "scipy", "scikit-learn", "pandas", "xgboost")
#: Distributions that bring the module of another; where both are listed, they are its files.
STAND_INS = {"xgboost": "xgboost-cpu"}
#: Modules of trees that count their own calls, and where in their state the counts are.
COUNTING = ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree")
COUNTS = slice(7, 11)


def identity(model: Any) -> str | None:
    """Return the digest of an estimator, fitted or not.

    Parameters
    ----------
    model : object
        Its parameters and fitted state count, and the source of every class and function
        that they are made of.

    Returns
    -------
    str or None
        None if its state cannot be hashed, as that of a lock or an open file.
    """
    try:
        content = _Hasher().hash(model)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError):
        return None
    return hashlib.sha256(f"{content} {libraries()}".encode()).hexdigest()


class _Hasher(NumpyHasher):  # type: ignore[misc]
    """Hashes code by its content, where a pickle has only its name."""

    def __init__(self) -> None:
        super().__init__(coerce_mmap=True)
        # A method's closure may hold its class, and a function itself.
        self._seen: set[type | types.FunctionType] = set()

    def save(self, obj: Any) -> None:
        if isinstance(obj, (type, types.FunctionType)):
            obj = self._description(obj)
        elif type(obj).__module__ in COUNTING and hasattr(obj, "__getstate__"):
            state = list(obj.__getstate__())
            del state[COUNTS]
            obj = ("tree", type(obj), state)
        super().save(obj)

    def _description(self, obj: type | types.FunctionType) -> tuple[Any, ...]:
        if obj in self._seen:
            return (obj.__module__, obj.__qualname__)
        self._seen.add(obj)
        if isinstance(obj, type):
            return ("class", *(_of_class(base) for base in obj.__mro__))
        # Also what has no name to be found by: a lambda, a function in a function.
        cells = tuple(cell.cell_contents for cell in obj.__closure__ or ())
        around = (obj.__defaults__, obj.__kwdefaults__, cells)
        return ("function", *_of_module(obj.__module__), _of_code(obj.__code__), around)


def _of_class(base: type) -> tuple[Any, ...]:
    # The code in memory and the source on disk: one may be newer than the other.
    members = (_unwrapped(each) for each in vars(base).values())
    functions = [each for each in members if isinstance(each, types.FunctionType)]
    return (base.__qualname__, *_of_module(base.__module__), functions)


def _unwrapped(member: Any) -> Any:
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", member)


def _of_code(code: types.CodeType) -> str:
    total = hashlib.sha256(code.co_code)
    total.update(repr(code.co_names).encode())
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            text = _of_code(constant)
        elif isinstance(constant, frozenset):
            # Its order is another in every process.
            text = repr(sorted(map(repr, constant)))
        else:
            text = repr(constant)
        total.update(text.encode() + b"\0")
    return total.hexdigest()


def _of_module(name: str) -> tuple[str, str, str]:
    """Return a module's name, the digest of its source, and the version of its package."""
    module = sys.modules.get(name)
    package = sys.modules.get(name.partition(".")[0])
    file = getattr(module, "__file__", None)
    source = ""
    if file is not None:
        try:
            state = os.stat(file)
            source = _of_file(file, state.st_mtime_ns, state.st_size)
        except OSError:
            pass  # frozen into an executable, or in a zip: the version has to do
    return name, source, str(getattr(package, "__version__", ""))


@functools.lru_cache(maxsize=1024)
def _of_file(path: str, modified: int, size: int) -> str:
    # Time and size only tell when to read it again.
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def libraries() -> str:
    """Return the versions of everything that may change what is computed."""
    return ", ".join(f"{name} {version}" for name, version in versions(LIBRARIES).items())


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of distributions, by name."""
    return {
        "python": str(sys.version_info[:2]),
        **{name: version_of(name) for name in distributions},
    }


def version_of(distribution: str) -> str:
    """Return the version of a distribution, or of the one that stands in for it, or "unknown"."""
    for name in (STAND_INS.get(distribution, distribution), distribution):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return "unknown"
