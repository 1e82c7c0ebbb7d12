"""Raw columns in an ONNX graph: names, inputs, and the matrix of numbers and codes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from hpmkd.errors import ExportError
from hpmkd.student import Schema, TreeEncoder
from hpmkd.student.columns.schema import Column
from hpmkd_defaults.exporters.onnx_graph import ML, Graph

#: The outputs: predicted labels of shape (n,), and probabilities of shape (n, K).
LABEL, PROBABILITIES = "label", "probabilities"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def input_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return one identifier per column, all different.

    ONNX wants names to be identifiers. Columns that have such names keep them; of the
    others, whatever is not a letter, a digit or ``_`` becomes ``_``.

    Examples
    --------
    >>> input_names(["age", "net income", "net_income", "2nd", "label"])
    ('age', 'net_income_2', 'net_income', '_2nd', 'label_2')
    """
    taken = {LABEL, PROBABILITIES}
    usable = {name for name in names if _IDENTIFIER.fullmatch(name)} - taken
    taken |= usable
    return tuple(name if name in usable else _identifier(name, taken) for name in names)


def missing_text(column: Column) -> str:
    """Return the text that stands for a missing cell of a category column.

    A text that training did not show is read as a missing cell is, so that any such text
    would do. It is the empty text, unless that is one of the categories.
    """
    text = ""
    while text in column.categories:
        text = f"<missing{text}>"
    return text


def _identifier(name: str, taken: set[str]) -> str:
    """Make an identifier that is not taken, and take it."""
    safe = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not _IDENTIFIER.fullmatch(safe):
        safe = f"_{safe}"
    unused, count = safe, 1
    while unused in taken:
        count += 1
        unused = f"{safe}_{count}"
    taken.add(unused)
    return unused


#: One input per column, or a single one for all of them.
Form = Literal["columns", "matrix"]

#: Name of the single input.
MATRIX = "X"


@dataclass(frozen=True)
class Encoded:
    """A matrix that a model reads.

    Parameters
    ----------
    value : str
        Its name in the graph; of shape (n, d).
    order : tuple of int
        Where in it each of the d encoded columns is.
    double : bool
        Whether it holds float64; otherwise float32.
    """

    value: str
    order: tuple[int, ...]
    double: bool


class RawColumns:
    """The raw columns of a student as values of a graph; each is made when first used.

    Parameters
    ----------
    graph : Graph
        What the nodes are added to.
    schema : Schema
        The columns.
    form : str
        ``"columns"``, or ``"matrix"`` if all are numbers.

    Raises
    ------
    ExportError
        A matrix is wanted of columns that are not all numbers.
    """

    def __init__(self, graph: Graph, schema: Schema, form: Form) -> None:
        self.graph, self.schema, self.form = graph, schema, form
        if form == "matrix" and not schema.all_numbers:
            odd = next(column.name for column in schema.columns if column.kind == "category")
            raise ExportError(
                f"one input for all columns needs numbers alone, but {odd!r} is a category: "
                "leave out the setting inputs=matrix"
            )
        self.names = (MATRIX,) if form == "matrix" else input_names(schema.names)

    def inputs(self) -> list[ValueInfoProto]:
        """Return what the graph declares: float64 for numbers, text for categories."""
        if self.form == "matrix":
            shape = ["rows", len(self.schema.columns)]
            return [helper.make_tensor_value_info(MATRIX, TensorProto.DOUBLE, shape)]
        return [
            helper.make_tensor_value_info(
                name,
                TensorProto.DOUBLE if column.kind == "number" else TensorProto.STRING,
                ["rows", 1],
                doc_string=column.name,
            )
            for name, column in zip(self.names, self.schema.columns, strict=True)
        ]

    @cached_property
    def numbers(self) -> str | None:
        """Number columns, float64 of shape (n, m); None if there are none."""
        if self.form == "matrix":
            return MATRIX
        numbers = [self.names[j] for j in self._positions("number")]
        return self.graph.join(numbers, "columns/numbers") if numbers else None

    @cached_property
    def codes(self) -> dict[int, str]:
        """By position of the column: codes of categories, float32 of shape (n, 1), or NaN."""
        return {j: self._codes(self.names[j], j) for j in self._positions("category")}

    def floats(self, encoder: TreeEncoder) -> Encoded:
        """Return what a tree encoder writes: float32, the numbers first, then the codes."""
        parts = []
        if self.numbers is not None:
            value = self.numbers
            if encoder.is_shifted:
                offsets = encoder.offsets[list(self._positions("number"))]
                shift = self.graph.constant(offsets, "columns/offsets")
                value = self.graph.add("Sub", [value, shift], "columns/shifted")
            parts.append(self.graph.cast(value, TensorProto.FLOAT, "columns/floats"))
        parts += self.codes.values()
        written = [*self._positions("number"), *self._positions("category")]
        order = tuple(int(place) for place in np.argsort(written))
        return Encoded(self.graph.join(parts, "columns/matrix"), order, double=False)

    def _codes(self, name: str, j: int) -> str:
        categories = self.schema.columns[j].categories
        # Lists may not be empty: without categories, a text is listed as the unknown that it is.
        codes = [float(code) for code in range(len(categories))] or [math.nan]
        return self.graph.add(
            "LabelEncoder",
            [name],
            "columns/codes",
            domain=ML,
            keys_strings=list(categories) or [""],
            values_floats=codes,
            default_float=math.nan,
        )

    def _positions(self, kind: str) -> list[int]:
        return [j for j, column in enumerate(self.schema.columns) if column.kind == kind]
