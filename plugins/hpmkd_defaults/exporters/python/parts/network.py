"""Margins of a network, of one row, and with NumPy of many."""

from __future__ import annotations

import math
from array import array
from operator import add
from typing import Any

from hpmkd_defaults.exporters.python.parts.linear import Linear
from hpmkd_defaults.exporters.python.parts.student import numpy

# ------------------------------------------------------------------------------------- network

# All is of float32, to which each product and each sum is rounded: an array("f") rounds what it
# is made of.

#: The largest number that a network reads.
LARGEST = 1e4


class Layer:
    """Weights, a row for each value that is read, and the biases that they are added to."""

    def __init__(self, weights: list[list[float]], biases: list[float]) -> None:
        self.weights = [array("f", row) for row in weights]
        self.biases = array("f", biases)
        if numpy is not None:
            self.matrix = numpy.array(self.weights, dtype=numpy.float32)

    def sums(self, values: array[float]) -> array[float]:
        """Return the sums of a row; four values at a time, as in training."""
        sums = self.biases
        for at in range(0, len(values) // 4 * 4, 4):
            a, b, c, d = map(times, values[at : at + 4], self.weights[at : at + 4])
            sums = plus(sums, plus(plus(a, b), plus(c, d)))
        for at in range(len(values) // 4 * 4, len(values)):
            sums = plus(sums, times(values[at], self.weights[at]))
        return sums

    def sums_by_numpy(self, values: Any) -> Any:
        """Return the sums of a row by NumPy: the same, sooner."""
        whole = len(self.matrix) // 4 * 4
        products = values[:, None] * self.matrix
        a, b, c, d = (products[at:whole:4] for at in range(4))
        terms = ([self.biases], (a + b) + (c + d), products[whole:])
        # Added up one after the other, as sum and add.reduce need not do it.
        return numpy.add.accumulate(numpy.concatenate(terms, dtype=numpy.float32))[-1]

    def sums_many(self, values: Any) -> Any:
        """Return the sums (n, h) of many rows (n, d)."""
        sums = numpy.repeat(numpy.array([self.biases]), len(values), axis=0)
        whole = len(self.matrix) // 4 * 4
        products = (values[:, at, None] * row for at, row in enumerate(self.matrix))
        for _ in range(0, whole, 4):
            a, b, c, d = (next(products) for _ in range(4))
            sums += (a + b) + (c + d)
        for product in products:
            sums += product
        return sums


def times(value: float, row: array[float]) -> array[float]:
    """Return a value times the weights of its row; nothing for a value of 0."""
    return array("f", [value * weight for weight in row] if value else ())


def plus(one: array[float], other: array[float]) -> array[float]:
    """Return a sum, of which one side may be nothing."""
    return array("f", map(add, one, other)) if one and other else one or other


def squashed(value: float) -> float:
    """Return u / sqrt(1 + u * u / 9) of u."""
    third, root = array("f", [value / 3]), array("f", [1])
    third[0] *= third[0]
    root[0] += third[0]
    root[0] = math.sqrt(root[0])
    return value / root[0]


class Network:
    """A network: the columns that it reads, and its layers from the first to the margins."""

    def __init__(self, first: dict[str, Any], others: list[dict[str, Any]]) -> None:
        self.linear = linear = Linear(first)
        weights = [about[-1] for about in linear.numbers]
        weights += [each for _, each in linear.indicators]
        weights += [each for _, levels in linear.categories for each in levels]
        above = [Layer(each["weights"], each["biases"]) for each in others]
        self.layers = [Layer(weights, linear.intercept), *above]

    def inputs(self, x: list[float]) -> array[float]:
        """Return what the first layer reads of a row: numbers, missing cells, categories."""
        found = [min(max(value, -LARGEST), LARGEST) for value in self.linear.scaled(x)]
        found += [x[at] != x[at] for at, _ in self.linear.indicators]
        for at, levels in self.linear.categories:
            found += [0.0] * len(levels)
            if x[at] < len(levels):  # not if missing, which is NaN
                found[int(x[at]) - len(levels)] = 1.0
        values = array("f", found)
        for at, value in enumerate(values):
            if value:
                values[at] = squashed(value)
        return values

    def inputs_many(self, x: list[Any]) -> Any:
        """Return what the first layer reads of many rows, (n, d)."""
        found = [numpy.clip(values, -LARGEST, LARGEST) for values in self.linear.scaled_many(x)]
        found += [numpy.isnan(x[at]) for at, _ in self.linear.indicators]
        for at, levels in self.linear.categories:
            found += [x[at] == code for code in range(len(levels))]
        values = numpy.array(found, dtype=numpy.float32).T
        third = values / numpy.float32(3)
        return values / numpy.sqrt(numpy.float32(1) + third * third)

    def margins(self, x: list[float]) -> Any:
        """Return the margins of a row."""
        values = self.inputs(x)
        if numpy is None:
            for layer in self.layers[:-1]:
                values = array("f", [max(value, 0) for value in layer.sums(values)])
            return list(self.layers[-1].sums(values))
        units = numpy.array(values)
        for layer in self.layers[:-1]:
            units = numpy.maximum(layer.sums_by_numpy(units), 0)
        return self.layers[-1].sums_by_numpy(units).tolist()

    def margins_many(self, x: list[Any]) -> Any:
        """Return the margins (C, n) of many rows."""
        values = self.inputs_many(x)
        for layer in self.layers[:-1]:
            values = numpy.maximum(layer.sums_many(values), 0)
        return self.layers[-1].sums_many(values).T
