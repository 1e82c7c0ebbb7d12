"""Scaled columns, and linear margins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels._packed_numpy.sums import Floats, Places, Words, add_in_order, parts


class Scaled(NamedTuple):
    """Columns as linear margins and networks read them: m numbers, i indicators, q categories.

    `about` holds, of each number, median, lowest, highest, scale and centre / scale.
    """

    numbers: Places  # (m,)
    about: Floats  # (m, 5)
    indicated: Places  # (i,)
    categories: Places  # (q,)
    levels: Places  # (q, 1)


class PackedLinear(NamedTuple):
    """Linear margins: scaled columns, and what each adds."""

    columns: Scaled
    intercept: Floats  # (C,)
    weights: Floats  # (m + i, 1, C)
    tables: Floats  # (levels of all categories and a row of zeros, C)
    starts: Places  # (q, 1): of each category in `tables`


def read_scaled(words: Words, width: int) -> Scaled:
    """Read the columns from words in which each has so many weights."""
    doubles, m = words.view(np.float64), int(words[13])
    about = doubles[int(words[15]) :][: m * (5 + width)].reshape(m, 5 + width)[:, :5]
    triples = _triples(words)
    return Scaled(
        numbers=words[int(words[14]) :][:m].astype(np.intp),
        about=about,
        indicated=words[int(words[17]) :][: int(words[16])].astype(np.intp),
        categories=triples[:, 0],
        levels=triples[:, 1:2],
    )


def read_linear(words: Words) -> PackedLinear | None:
    """Read the linear part of a student from its words; None if it has none."""
    if words[21] == 0:
        return None
    doubles, width = words.view(np.float64), int(words[1])
    columns, m = read_scaled(words, width), int(words[13])
    of_numbers = doubles[int(words[15]) :][: m * (5 + width)].reshape(m, 5 + width)[:, 5:]
    of_indicators = doubles[int(words[18]) :][: int(words[16]) * width].reshape(-1, width)
    triples = _triples(words)
    tables = [doubles[at:][: n * width].reshape(n, width) for _, n, at in triples.tolist()]
    return PackedLinear(
        columns=columns,
        intercept=doubles[int(words[21]) :][:width],
        weights=np.concatenate([of_numbers, of_indicators])[:, np.newaxis],
        tables=np.concatenate([*tables, np.zeros((1, width))]),
        starts=np.cumsum([0, *triples[:, 1]])[:-1, np.newaxis],
    )


def _triples(words: Words) -> Places:
    """Return column, levels and place of the weights of each category, (q, 3)."""
    q = int(words[19])
    return words[int(words[20]) :][: 3 * q].reshape(q, 3).astype(np.intp)


def numbers_of(rows: NDArray[Any], columns: Scaled) -> Floats:
    """Return the scaled numbers (m, n) of rows (n, d)."""
    median, low, high, scale, shift = columns.about.T[:, :, np.newaxis]
    x = rows.T[columns.numbers].astype(np.float64)
    x = np.where(np.isnan(x), median, x)
    x = np.where(x < low, low, x)
    x = np.where(x > high, high, x)
    return np.asarray((x + 0.0) / scale - shift)


def missing_of(rows: NDArray[Any], columns: Scaled) -> NDArray[np.bool_]:
    """Return whether the cells (i, n) that are watched for it are missing."""
    return np.asarray(np.isnan(rows.T[columns.indicated]))


def codes_of(rows: NDArray[Any], columns: Scaled) -> Places:
    """Return the codes (q, n) of categories; -1 where a level is missing or unknown."""
    x = rows.T[columns.categories]
    known = (x >= 0) & (x < columns.levels)
    return np.where(known, np.where(known, x, 0).astype(np.intp), -1)


def linear_margins(rows: NDArray[Any], linear: PackedLinear) -> Floats:
    """Return the margins (n, C) of rows (n, d), adding the encoded columns from left to right."""
    numbers, missing = numbers_of(rows, linear.columns), missing_of(rows, linear.columns)
    encoded = np.concatenate([numbers, missing])[:, :, np.newaxis]
    total = np.repeat(linear.intercept[np.newaxis], len(rows), axis=0)
    for part in parts(len(encoded), total.size):
        total = add_in_order(total, encoded[part] * linear.weights[part])
    codes = codes_of(rows, linear.columns)
    places = np.where(codes >= 0, linear.starts + codes, len(linear.tables) - 1)
    for part in parts(len(places), total.size):
        total = add_in_order(total, linear.tables[places[part]])
    return total
