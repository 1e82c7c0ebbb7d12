"""The cells of a row as variables: names that are descriptive, and safe in source."""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass

from hpmkd.student import Schema
from hpmkd.student.columns.features import Feature

#: Longer names of variables are cut.
LONGEST_NAME = 40
#: Names with another meaning where cells are variables.
_TAKEN = {
    *keyword.kwlist,
    *keyword.softkwlist,
    *dir(builtins),
    "x",
    "m",
    "array",
    "added",
    "clipped",
}
#: Functions that are called where cells are variables begin so; constants are in capitals.
_TREE = "tree_"


@dataclass(frozen=True)
class Variable:
    """A feature as a variable of a written file.

    Parameters
    ----------
    feature : Feature
    place : int
        Where among the cells of a row it stands.
    name : str
        Of the variable: ASCII, unique, no word of Python.
    offset : float
        What the student subtracts before it rounds to float32, of a column that trees read.
    """

    feature: Feature
    place: int
    name: str
    offset: float = 0.0


def variables_of(schema: Schema, offsets: dict[str, float]) -> dict[tuple[str, str], Variable]:
    """Return the cells of a row, by column and part; see :func:`part_of`.

    Parameters
    ----------
    schema : Schema
    offsets : dict
        By column, those that are not 0.
    """
    found: dict[tuple[str, str], Variable] = {}
    used = set(_TAKEN)
    for place, feature in enumerate(schema.features):
        name = _unique(_plain(feature.name), used)
        used.add(name)
        column = feature.column.name
        key = (column, part_of(feature.part, feature.form))
        found[key] = Variable(feature, place, name, offsets.get(column, 0.0))
    return found


def part_of(part: str, form: str) -> str:
    """Name what is read of a moment: ``month``, ``sine of month``; empty of other columns."""
    return f"{form} of {part}" if form else part


def _plain(name: str) -> str:
    """Return what ASCII letters and digits a name has, as small letters, joined by underscores."""
    words = re.sub(r"[^0-9a-z]+", "_", name.lower())[:LONGEST_NAME].strip("_")
    plain = words[:1].isalpha() and not words.startswith(_TREE)
    return words if plain else f"cell_{words}".rstrip("_")


def _unique(name: str, used: set[str]) -> str:
    """Return a name that is not used, by a number at its end."""
    if name not in used:
        return name
    at = 2
    while f"{name}_{at}" in used:
        at += 1
    return f"{name}_{at}"
