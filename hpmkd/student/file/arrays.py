"""Arrays that a student owns, and labels of the classes: checked, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def owned(array: Any, dtype: DTypeLike, ndim: int, name: str) -> NDArray[Any]:
    """Return a read-only, C-ordered copy of an array, or itself if it cannot be written to.

    Only floats are shared: someone who alters a mapped file in place may spoil an answer, but
    must not send a kernel to an index that was never checked.

    Parameters
    ----------
    array : array-like
    dtype : dtype
        What it becomes; values must survive the change.
    ndim : int
        Dimensions that it must have.
    name : str
        What to call it in an error.

    Raises
    ------
    ValueError
        It has other dimensions, or integers that do not fit.
    """
    given = np.asarray(array)
    if given.ndim != ndim:
        raise ValueError(f"{name} has {given.ndim} dimensions, expected {ndim}")
    fits = given.dtype == dtype and given.flags.c_contiguous and given.flags.aligned
    if fits and given.dtype.kind == "f" and _unchangeable(given):
        return given
    with np.errstate(over="ignore", invalid="ignore"):
        copy = np.array(given, dtype=dtype, order="C")
    if copy.dtype.kind in "biu" and not np.array_equal(copy, given):
        raise ValueError(f"{name} holds values that {copy.dtype} cannot")
    copy.flags.writeable = False
    return copy


def _unchangeable(array: Any) -> bool:
    """Return whether an array is a view of bytes or of a read-only map, all the way down.

    A read-only view of an array is not enough: that array may be written to, or be made so.
    """
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    owner = array.obj if isinstance(array, memoryview) else array
    return isinstance(owner, bytes) or (isinstance(owner, mmap) and memoryview(owner).readonly)


def finite(array: NDArray[Any], name: str) -> None:
    """Refuse NaN and infinities."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")


def smallest(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in the smallest little-endian dtype that holds its values exactly."""
    if array.dtype.kind == "f":
        for code in ("<f2", "<f4"):
            with np.errstate(over="ignore", invalid="ignore"):
                narrow = array.astype(code)
            if np.array_equal(narrow.astype(np.float64), array, equal_nan=True):
                return narrow
        return array.astype("<f8")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for code in ("|u1", "|i1", "<u2", "<i2", "<i4", "<i8"):
        limits = np.iinfo(code)
        if limits.min <= low and high <= limits.max:
            return array.astype(code)
    raise ValueError(f"integers up to {high} cannot be stored")


# Characters that an array of labels may take, or how many times those of the labels.
_FREE, _LARGEST_RATIO = 2**16, 4
_TYPES: Mapping[str, type] = {"bool": bool, "int": int, "float": float, "str": str}


def as_classes(labels: Any) -> NDArray[Any]:
    """Return labels as a read-only array of booleans, int64, float64 or text, in their order.

    Raises
    ------
    ValueError
        Labels differ in type, repeat, are not finite, or are of another type; or one is so
        much longer than the others that an array of them would waste memory.
    """
    given = np.asarray(labels, dtype=object)  # so that text does not swallow numbers
    if given.ndim != 1 or not len(given):
        raise ValueError(f"got classes of shape {given.shape}, expected one label per class")
    plain = [label.item() if isinstance(label, np.generic) else label for label in given]
    kinds = {name for label in plain for name, kind in _TYPES.items() if type(label) is kind}
    known = all(type(label) in _TYPES.values() for label in plain)
    if not known or len(kinds) != 1:
        raise ValueError(
            f"got classes such as {plain[0]!r}, expected all text, all integers, all floats or "
            "all booleans: convert the labels, e.g. with y.astype(str)"
        )
    if kinds == {"str"}:
        _check_lengths([len(label) for label in plain])
    classes = np.array(plain, dtype={"int": np.int64, "float": np.float64}.get(*kinds))
    if len(set(classes.tolist())) < len(plain) or (
        classes.dtype.kind == "f" and not np.isfinite(classes).all()
    ):
        raise ValueError("a class is listed twice, or is NaN or infinite")
    classes.flags.writeable = False
    return classes


def _check_lengths(lengths: list[int]) -> None:
    """Refuse labels of which an array takes much more memory than they do themselves.

    An array of text has room for the longest in every place: a file of 1 MB with one long
    label and many short ones could take terabytes.
    """
    longest = max(lengths)
    if len(lengths) * longest > max(_FREE, _LARGEST_RATIO * sum(lengths)):
        raise ValueError(f"a class of {longest:,} characters among {len(lengths):,}: shorten it")


def classes_to_json(classes: NDArray[Any]) -> dict[str, Any]:
    """Return labels as plain values; :func:`classes_from_json` reads them."""
    kind = {"b": "bool", "i": "int", "f": "float", "U": "str"}[classes.dtype.kind]
    return {"type": kind, "labels": classes.tolist()}


def classes_from_json(plain: Mapping[str, Any]) -> NDArray[Any]:
    """Make labels of what :func:`classes_to_json` returned.

    Raises
    ------
    ValueError, KeyError, TypeError
        The content does not describe labels.
    """
    kind = _TYPES[plain["type"]]
    labels = plain["labels"]
    if not isinstance(labels, list) or any(type(label) is not kind for label in labels):
        raise ValueError(f"the labels are not of the type {plain['type']!r}")
    return as_classes(labels)
