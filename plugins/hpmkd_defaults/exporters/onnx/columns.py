"""Raw columns in an ONNX graph: names, inputs, and the matrix of numbers and codes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from hpmkd.student import Schema, TreeEncoder
from hpmkd.student.columns.column import Column
from hpmkd_defaults.exporters.onnx.graph import ML, Graph
from hpmkd_defaults.exporters.onnx.moments import moment_numbers

#: The outputs: predicted labels of shape (n,), and probabilities of shape (n, K).
LABEL, PROBABILITIES = "label", "probabilities"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def input_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return one identifier per column, all different.

    ONNX wants names to be identifiers. Columns that have such names keep them; of the
    others, all but letters, digits and ``_`` become ``_``.

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

    A text that spells no category is read as a missing cell is, so that any such text
    would do. It is the empty text, unless that is one of the categories.
    """
    text = ""
    while text in column.codes:
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
        ``"columns"``: categories come as text; ``"matrix"``: as codes, their positions among the
        categories of the column. Any other number is read as a missing cell is.

    Moments come as seconds since 1970, UTC.
    """

    def __init__(self, graph: Graph, schema: Schema, form: Form) -> None:
        self.graph, self.schema, self.form = graph, schema, form
        own = input_names(schema.names)
        self.names = (MATRIX,) * len(own) if form == "matrix" else own
        self._places = {name: place for place, name in enumerate(schema.names)}
        self._raw: dict[str, str] = {}
        self._moments: dict[str, dict[tuple[str, str], str]] = {}

    def inputs(self) -> list[ValueInfoProto]:
        """Return what the graph declares: text for categories, float64 for all else."""
        if self.form == "matrix":
            shape = ["rows", len(self.schema.columns)]
            return [helper.make_tensor_value_info(MATRIX, TensorProto.DOUBLE, shape)]
        return [
            helper.make_tensor_value_info(
                name,
                TensorProto.STRING if column.kind == "category" else TensorProto.DOUBLE,
                ["rows", 1],
                doc_string=column.name,
            )
            for name, column in zip(self.names, self.schema.columns, strict=True)
        ]

    @cached_property
    def numbers(self) -> str | None:
        """The numbers of linear margins, float64 of shape (n, m); None if there are none."""
        return self._joined(
            [j for j in self._positions("number") if self.schema.features[j].of_sums]
        )

    @cached_property
    def codes(self) -> dict[int, str]:
        """By position of the feature: codes of categories, float32 of shape (n, 1), or NaN."""
        return {j: self._codes(j) for j in self._positions("category")}

    def floats(self, encoder: TreeEncoder) -> Encoded:
        """Return what a tree encoder writes: float32, the numbers first, then the codes."""
        features = encoder.features
        numbers = [k for k, each in enumerate(features) if each.kind == "number"]
        written = [*numbers, *(k for k, each in enumerate(features) if each.kind == "category")]
        parts, value = list(self.codes.values()), self._joined([encoder.places[k] for k in numbers])
        if value is not None:
            if encoder.is_shifted:
                shift = self.graph.constant(encoder.offsets[numbers], "columns/offsets")
                value = self.graph.add("Sub", [value, shift], "columns/shifted")
            parts.insert(0, self.graph.cast(value, TensorProto.FLOAT, "columns/floats"))
        order = tuple(int(place) for place in np.argsort(written))
        return Encoded(self.graph.join(parts, "columns/matrix"), order, double=False)

    def _joined(self, numbers: list[int]) -> str | None:
        """Return features side by side; those that stand in the one input are taken at once."""
        values = []
        for as_it_is, some in groupby(numbers, lambda j: not self.schema.features[j].part):
            if as_it_is and self.form == "matrix":
                names = [self.schema.features[j].column.name for j in some]
                values.append(self._block([self._places[name] for name in names]))
            else:
                values += [self._value(j) for j in some]
        return self.graph.join(values, "columns/numbers") if values else None

    def _block(self, places: list[int]) -> str:
        """Return some columns of the one input."""
        if places == list(range(len(self.schema.columns))):
            return MATRIX
        chosen = self.graph.constant(np.array(places, dtype=np.int64), "columns/places")
        return self.graph.add("Gather", [MATRIX, chosen], "columns/block", axis=1)

    def _cells(self, name: str) -> str:
        """Return a raw column; of shape (n, 1)."""
        if name not in self._raw:
            place = self._places[name]
            self._raw[name] = self.names[place] if self.form == "columns" else self._block([place])
        return self._raw[name]

    def _value(self, j: int) -> str:
        """Return a feature as it comes, or, of a moment, as it is read; of shape (n, 1)."""
        feature = self.schema.features[j]
        name, calendar = feature.column.name, feature.column.calendar
        if calendar is None:
            return self._cells(name)
        if name not in self._moments:
            self._moments[name] = moment_numbers(self.graph, self._cells(name), calendar)
        return self._moments[name][feature.part, feature.form]

    def _codes(self, j: int) -> str:
        feature = self.schema.features[j]
        if feature.part:
            return self.graph.cast(self._value(j), TensorProto.FLOAT, "columns/codes")
        value, codes = self._value(j), feature.column.codes
        # Lists may not be empty: without categories, a key is listed as the unknown that it is.
        if self.form == "columns":
            known: dict[Any, float] = {**codes} or {"": math.nan}
            keys = {"keys_strings": list(known)}
        else:
            value = self.graph.cast(value, TensorProto.FLOAT, "columns/floats")
            known = {float(code): code for code in codes.values()} or {0.0: math.nan}
            keys = {"keys_floats": list(known)}
        return self.graph.add(
            "LabelEncoder",
            [value],
            "columns/codes",
            domain=ML,
            values_floats=[float(code) for code in known.values()],
            default_float=math.nan,
            **keys,
        )

    def _positions(self, kind: str) -> list[int]:
        return [j for j, feature in enumerate(self.schema.features) if feature.kind == kind]
