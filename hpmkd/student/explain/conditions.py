"""Conditions of a tree on one column, in words and as plain values, in original units."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from hpmkd.student.columns.calendar import DAY
from hpmkd.student.columns.features import Feature

#: Names of categories that a sentence lists; plain values list all.
MAX_LISTED = 20

_PLAIN_NAME = re.compile(r"[^\s,{}\"]+( [^\s,{}\"]+)*")


@dataclass(frozen=True)
class Cells:
    """The cells of one column that can come to a place in a tree.

    Parameters
    ----------
    low : float
        Numbers less the offset, or codes of categories, x >= low as float32.
    high : float or None
        And x < high; None: there is no limit, +inf belongs to it.
    missing : bool
        And cells without a value, or with a category that training did not show.
    offset : float
        That of the column.
    """

    low: float = -math.inf
    high: float | None = None
    missing: bool = True
    offset: float = 0.0

    def split(self, threshold: float, *, missing_left: bool) -> tuple[Cells, Cells]:
        """Return the cells ``x < threshold`` and the others; missing ones go to one side."""
        high = threshold if self.high is None else min(self.high, threshold)
        left = replace(self, high=high, missing=self.missing and missing_left)
        low = max(self.low, threshold)
        right = replace(self, low=low, missing=self.missing and not missing_left)
        return left, right

    @property
    def empty(self) -> bool:
        """Whether no number is among them, whatever is missing."""
        return self.high is not None and self.low >= self.high

    def codes(self, n_categories: int) -> range:
        """Return the codes of categories that are among them."""
        start = 0 if self.low == -math.inf else math.ceil(min(max(self.low, 0), n_categories))
        open_end = self.high is None or self.high >= n_categories
        stop = n_categories if open_end else math.ceil(max(self.high or 0.0, 0))
        return range(start, max(start, stop))


@dataclass(frozen=True)
class Cut:
    """A threshold in few digits.

    Parameters
    ----------
    value : float
        Where it is; less the offset of its column and rounded to float32 it is exact.
    closed : bool
        Whether `value` itself is on the lower side: ``x <= value`` instead of ``x < value``.
    offset : float
        That of its column. With one, all digits count.
    text : str
        Of a moment: how it is written.
    """

    value: float
    closed: bool
    offset: float = 0.0
    text: str = ""

    def __str__(self) -> str:
        if self.text:
            return self.text
        whole = self.value.is_integer() and abs(self.value) < 1e15
        if self.offset and not whole:
            return repr(self.value)
        return format(self.value, ".0f" if whole else ".9g")


@lru_cache(maxsize=4096)
def cut_at(threshold: float, offset: float = 0.0) -> Cut:
    """Return the shortest way to write ``x < threshold`` for float32 x, and none is moved.

    A tree of scikit-learn splits at ``x <= 34.65``, which is stored as ``x < 34.650005``; one
    of XGBoost at ``x < 37.5``. Each is written as it was meant.

    Parameters
    ----------
    threshold : float
        A float32 value, not NaN.
    offset : float
        What was subtracted from x before; the cut is of x as it was.
    """
    at = np.float32(threshold)
    with np.errstate(over="ignore", under="ignore"):
        below = np.nextafter(at, np.float32(-np.inf))
    # float32 prints itself in as few digits as tell it from its neighbours.
    shortest = {closed: str(each) for each, closed in ((below, True), (at, False))}
    finite = [closed for closed, text in shortest.items() if "inf" not in text]
    best = min(finite, key=lambda closed: _digits(shortest[closed]), default=False)
    value = float(shortest[best]) + offset
    if not offset or np.float32(value - offset) == (below if best else at):
        return Cut(value, best, offset)
    # Beside a large offset float64 is coarser than the threshold: the first x that is not below.
    while np.float32(value - offset) >= at:
        value = np.nextafter(value, -np.inf)
    while np.float32(value - offset) < at:
        value = np.nextafter(value, np.inf)
    return Cut(float(value), closed=False, offset=offset)


def cut_of(feature: Feature, threshold: float, offset: float = 0.0) -> Cut:
    """Return the shortest way to write ``x < threshold`` of a feature; a moment as a date."""
    cut, calendar = cut_at(threshold, offset), feature.column.calendar
    if calendar is None or not math.isfinite(threshold):
        return cut
    if feature.part != "moment":  # whole numbers
        return Cut(math.ceil(threshold) - 1.0, closed=True)
    if calendar.whole_days:  # no moment lies between two midnights
        day = math.ceil(threshold / DAY) * DAY
        return Cut(float(day), closed=False, text=calendar.text(day))
    below = float(np.nextafter(np.float32(threshold), np.float32(-np.inf)))
    for step in (DAY, 3600, 60, 1):
        whole = (calendar.origin + threshold) // step * step - calendar.origin
        if whole >= below:
            return Cut(whole, closed=whole == below, text=calendar.text(whole))
    return Cut(cut.value, cut.closed, text=calendar.text(cut.value))


def _digits(number: str) -> tuple[int, int]:
    """Return how many digits a number has, and how long it is with its zeros."""
    return len(Decimal(number).normalize().as_tuple().digits), len(number)


def sentence(column: Feature, cells: Cells, before: Cells) -> str:
    """Describe which of the cells before a test are left after it.

    Such as ``age <= 37.5 or missing`` or ``job in {clerk, nurse}``; what is neither before nor
    after the test is left out.
    """
    name = quoted(column.name)
    if column.kind == "category":
        n = len(column.categories)
        nothing = not cells.codes(n)
        everything = cells.codes(n) == before.codes(n)
    else:
        nothing = cells.empty
        everything = (cells.low, cells.high) == (before.low, before.high)
    if nothing:
        return f"{name} is missing" if cells.missing else f"never ({name})"
    if everything:
        return f"any {name}" if cells.missing == before.missing else f"{name} is not missing"
    if column.kind == "category":
        return f"{name} {_membership(column.categories, cells, before)}"
    if math.inf in (cells.low, cells.high) and before.high is None:
        return _about_infinity(name, cells, before)
    return _range(column, cells, before) + (" or missing" if cells.missing else "")


def plain(column: Feature, cells: Cells) -> dict[str, Any]:
    """Return a condition as plain values.

    Returns
    -------
    dict
        ``column``, and of moments which ``part``; ``missing``: whether a missing cell or an
        unknown category fulfils it; and for all other cells either ``in``, a list of values, or
        bounds: ``above`` or ``at_least``, ``at_most`` or ``below``; cells and bounds are compared
        as float32, both less ``offset``, if there is one. Moments themselves are ISO 8601 text, in
        UTC.
    """
    found: dict[str, Any] = {"column": column.column.name}
    found |= {"part": column.part} if column.part else {}
    if cells.offset:
        found["offset"] = cells.offset
    if column.kind == "category":
        found["in"] = [column.categories[code] for code in cells.codes(len(column.categories))]
    elif cells.empty:
        found["in"] = []
    else:
        if cells.low > -math.inf:
            cut = cut_of(column, cells.low, cells.offset)
            found["above" if cut.closed else "at_least"] = cut.text or cut.value
        if cells.high is not None:
            cut = cut_of(column, cells.high, cells.offset)
            found["at_most" if cut.closed else "below"] = cut.text or cut.value
    return {**found, "missing": cells.missing}


def quoted(name: str) -> str:
    """Return a name as it is, or in quotes where it could be mistaken for something else."""
    plain_name = _PLAIN_NAME.fullmatch(name) and name.isprintable()
    return name if plain_name else json.dumps(name, ensure_ascii=not name.isprintable())


def _range(column: Feature, cells: Cells, before: Cells) -> str:
    """Describe in which range a number lies; ends that were known before are left out."""
    name, low, high, offset = quoted(column.name), cells.low, cells.high, cells.offset
    lower = cut_of(column, low, offset) if low > before.low else None
    upper = None if high is None or high == before.high else cut_of(column, high, offset)
    if lower and upper:
        return f"{lower} {'<' if lower.closed else '<='} {name} {_below(upper)}"
    if lower:
        return f"{name} {'>' if lower.closed else '>='} {lower}"
    return f"{name} {_below(upper)}"


def _about_infinity(name: str, cells: Cells, before: Cells) -> str:
    """Describe what a split at +inf does: it parts missing cells from all others but +inf."""
    if cells.low == math.inf:
        return f"{name} is missing or +inf" if cells.missing else f"{name} is +inf"
    gone = before.missing and not cells.missing
    return f"{name} is not missing or +inf" if gone else f"{name} is not +inf"


def _below(cut: Cut | None) -> str:
    assert cut is not None, "a range has an end"
    return f"{'<=' if cut.closed else '<'} {cut}"


def _membership(categories: tuple[str, ...], cells: Cells, before: Cells) -> str:
    """List which categories are left, by the shorter of both lists."""
    n = len(categories)
    inside = cells.codes(n)
    outside = [code for code in before.codes(n) if code not in inside]
    if len(inside) <= len(outside):
        return f"in {_listed(categories, inside)}" + (" or missing" if cells.missing else "")
    # A missing cell is in no list, so that only its absence is written.
    gone = before.missing and not cells.missing
    return f"not in {_listed(categories, outside)}" + (" and not missing" if gone else "")


def _listed(categories: tuple[str, ...], codes: Sequence[int]) -> str:
    names = [quoted(categories[code]) for code in codes[:MAX_LISTED]]
    more = [f"… {len(codes) - MAX_LISTED} more"] if len(codes) > MAX_LISTED else []
    return "{" + ", ".join(names + more) + "}"
