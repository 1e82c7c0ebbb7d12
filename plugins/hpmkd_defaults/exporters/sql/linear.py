"""Linear margins and networks: what both read, and their sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hpmkd.student import LinearEncoder, LinearModel, NetworkModel
from hpmkd_defaults.exporters.sql.cells import CellReader
from hpmkd_defaults.exporters.sql.expressions import Sql, join, sql

#: Coefficients that no margin feels: products with them may underflow, which is an error in
#: PostgreSQL.
TINY_COEFFICIENT = 1e-40
#: Cells that are so small beside the scale of their column likewise.
TINY_CELL = 1e-250
#: Inputs, units and weights of networks likewise, in float32.
TINY_SINGLE = 1e-20
#: Beyond it a network reads any input as this.
LARGEST_INPUT = 1e4


def linear_margins(cells: CellReader, encoder: LinearEncoder, model: LinearModel) -> list[Sql]:
    """Return linear margins, doubles, added in the order of the student."""
    double = cells.dialect.double
    margins = []
    for c, intercept in enumerate(model.intercept.tolist()):
        weights = model.coefficients[:, c]
        used = np.flatnonzero(np.abs(weights) >= TINY_COEFFICIENT)
        terms = [
            _term(cells, encoder, int(j), double(float(weights[j])), double(0.0)) for j in used
        ]
        margins.append(cells.subqueries.add_up("m", Sql(double(intercept)), terms))
    return margins


def _term(cells: CellReader, encoder: LinearEncoder, at: int, weight: str, zero: str) -> Sql:
    """Return an encoded column times its weight."""
    scaling = encoder.scaling
    if at < scaling.n_columns:
        return sql("{} * {}", _scaled(cells, encoder, at), weight)
    return sql(f"CASE WHEN {{}} THEN {weight} ELSE {zero} END", _condition(cells, encoder, at))


def _scaled(cells: CellReader, encoder: LinearEncoder, at: int) -> Sql:
    """Return a number column imputed, clipped and standardised; constants are folded."""
    feature = encoder.schema.features[encoder.number_places[at]]
    arrays = (getattr(encoder.scaling, name) for name in ("medians", "lows", "highs"))
    median, low, high = (float(values[at]) for values in arrays)
    scale, center = float(encoder.scaling.scales[at]), float(encoder.scaling.centers[at])
    shift, double = center / scale, cells.dialect.double

    def done(value: float) -> str:
        return double(value / scale - shift)

    x = cells.column(feature)
    cases = [
        sql(f"WHEN {{}} IS NULL THEN {done(min(max(median, low), high))}", x),
        sql(f"WHEN {{}} < {double(low)} THEN {done(low)}", x),
        sql(f"WHEN {{}} > {double(high)} THEN {done(high)}", x),
        sql(f"WHEN abs({{}}) < {double(TINY_CELL * scale)} THEN {done(0.0)}", x),
        sql(f"ELSE {{}} / {double(scale)} - {double(shift)}", x),
    ]
    return cells.subqueries.define("z", sql("CASE {} END", join(" ", cases)))


def _condition(cells: CellReader, encoder: LinearEncoder, at: int) -> Sql:
    """Return when an indicator is 1: a cell is missing, or is of a level."""
    scaling, features = encoder.scaling, encoder.schema.features
    if at < scaling.n_outputs:
        number = np.flatnonzero(scaling.indicated)[at - scaling.n_columns]
        return sql("{} IS NULL", cells.column(features[encoder.number_places[number]]))
    at -= scaling.n_outputs
    for feature in features:
        if feature.kind == "category":
            levels = min(len(feature.categories), encoder.max_levels)
            if at < levels:
                return sql(f"{{}} = {at}", cells.column(feature))
            at -= levels
    raise AssertionError("the model has checked how many columns there are")


def network_margins(cells: CellReader, encoder: LinearEncoder, model: NetworkModel) -> list[Sql]:
    """Return the margins of a network, float32 where the database has it."""
    single, define = cells.dialect.single, cells.subqueries.define
    values = [_squashed(cells, encoder, at) for at in range(model.n_inputs)]
    for layer, (weights, biases) in enumerate(zip(model.weights, model.biases, strict=True)):
        if layer:
            small, zero = single(np.float32(TINY_SINGLE)), single(np.float32(0))
            relu = f"CASE WHEN {{}} > {small} THEN {{}} ELSE {zero} END"
            values = [define("h", sql(relu, value, value)) for value in values]
        values = [
            cells.subqueries.add_up(
                "h", Sql(single(bias)), list(_products(cells, values, weights[:, unit]))
            )
            for unit, bias in enumerate(biases)
        ]
    return values


def _products(
    cells: CellReader, values: Sequence[Sql], weights: NDArray[np.float32]
) -> Iterator[Sql]:
    """Yield what is added to a sum of a network: products by fours, and those left one by one."""
    products = [
        sql("{} * {}", value, cells.dialect.single(weight))
        if abs(weight) >= TINY_SINGLE
        else Sql(cells.dialect.single(np.float32(0)))
        for value, weight in zip(values, weights, strict=True)
    ]
    whole = len(products) - len(products) % 4
    for first in range(0, whole, 4):
        yield sql("(({} + {}) + ({} + {}))", *products[first : first + 4])
    yield from products[whole:]


def _squashed(cells: CellReader, encoder: LinearEncoder, at: int) -> Sql:
    """Return an encoded column as a network reads it."""
    dialect, define = cells.dialect, cells.subqueries.define
    one, three = dialect.single(np.float32(1)), dialect.single(np.float32(3))
    if at >= encoder.scaling.n_columns:
        full = np.float32(1) / np.float32(3)
        there = dialect.single(np.float32(1) / np.sqrt(np.float32(1) + full * full))
        absent, met = dialect.single(np.float32(0)), _condition(cells, encoder, at)
        return define("s", sql(f"CASE WHEN {{}} THEN {there} ELSE {absent} END", met))
    z, most = _scaled(cells, encoder, at), dialect.double(LARGEST_INPUT)
    tiny = dialect.double(TINY_SINGLE)
    clipped = define(
        "s",
        sql(
            f"CASE WHEN abs({{}}) < {tiny} THEN {dialect.double(0.0)} WHEN {{}} > {most} "
            f"THEN {most} WHEN {{}} < -{most} THEN -{most} ELSE {{}} END",
            *([z] * 4),
        ),
    )
    x = define("s", dialect.rounded(clipped))
    third = define("s", sql(f"{{}} / {three}", x))
    root = dialect.rounded(sql(f"sqrt({one} + {{}} * {{}})", third, third))
    return define("s", sql("{} / {}", x, define("s", root)))
