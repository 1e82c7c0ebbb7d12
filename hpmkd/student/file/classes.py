"""Labels of the classes: one type each, so that a file returns what training was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Characters that an array of labels may take, or how many times those of the labels.
_FREE, _LARGEST_RATIO = 2**16, 8
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
    label and many short ones could ask for terabytes.
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
