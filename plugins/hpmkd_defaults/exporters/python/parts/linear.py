"""Linear margins, of one row, and with NumPy of many."""

from __future__ import annotations

from typing import Any

from hpmkd_defaults.exporters.python.parts.student import COLUMNS, numpy

# ------------------------------------------------------------------------------ linear margins

#: Where among the cells of a row each column stands; of a datetime, each of its parts.
PLACES: dict[tuple[str, str], int] = {}
for column, about in COLUMNS.items():
    for part in about.get("parts", [""]):
        PLACES[column, part] = len(PLACES)


class Linear:
    """A linear part: what is multiplied, and with what, in the order in which it is added."""

    def __init__(self, linear: dict[str, Any]) -> None:
        self.intercept = linear["intercept"]
        self.numbers, self.indicators, self.categories = [], [], []
        for about in linear["numbers"]:
            at, scale = PLACES[about["column"], about.get("part", "")], about["scale"]
            edges = (about["median"], about["low"], about["high"])
            shift = about["center"] / scale
            self.numbers.append((at, *edges, scale, shift, about["coefficients"]))
            if "if_missing" in about:
                self.indicators.append((at, about["if_missing"]))
        n_margins = range(len(self.intercept))
        self.by_margin = [[about[-1][at] for about in self.numbers] for at in n_margins]
        for about in linear["categories"]:
            at = PLACES[about["column"], about.get("part", "")]
            self.categories.append((at, list(about["coefficients"].values())))

    def scaled(self, x: list[float]) -> list[float]:
        """Return the numbers of a row: imputed, moved into the training range, scaled."""
        found = []
        for at, median, low, high, scale, shift, _ in self.numbers:
            cell = x[at]
            filled = (
                median if cell != cell else low if cell < low else high if cell > high else cell
            )
            found.append((filled + 0.0) / scale - shift)
        return found

    def scaled_many(self, x: list[Any]) -> list[Any]:
        """Return the numbers of many rows, an array each."""
        found = []
        for at, median, low, high, scale, shift, _ in self.numbers:
            filled = numpy.clip(numpy.where(numpy.isnan(x[at]), median, x[at]), low, high)
            found.append((filled + 0.0) / scale - shift)
        return found

    def margins(self, x: list[float]) -> list[float]:
        """Return the margins of a row."""
        margins, values = [], self.scaled(x)
        for margin, weights in zip(self.intercept, self.by_margin):
            for value, weight in zip(values, weights):
                margin += value * weight
            margins.append(margin)
        for at, weights in self.indicators:
            if x[at] != x[at]:
                margins = [margin + weight for margin, weight in zip(margins, weights)]
        for at, levels in self.categories:
            if x[at] < len(levels):  # not if missing, which is NaN
                margins = [margin + weight for margin, weight in zip(margins, levels[int(x[at])])]
        return margins

    def margins_many(self, x: list[Any]) -> Any:
        """Return the margins (C, n) of many rows."""
        margins = numpy.repeat(numpy.array(self.intercept)[:, None], len(x[0]), axis=1)
        for values, about in zip(self.scaled_many(x), self.numbers):
            margins += values * numpy.array(about[-1])[:, None]
        for at, weights in self.indicators:
            margins[:, numpy.isnan(x[at])] += numpy.array(weights)[:, None]
        for at, levels in self.categories:
            known = x[at] < len(levels)
            margins[:, known] += numpy.array([*levels, self.intercept]).T[
                :, x[at][known].astype(int)
            ]
        return margins
