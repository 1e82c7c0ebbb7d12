"""Students as ONNX graphs: raw columns in, labels and probabilities out.

The whole student is in the graph: missing and unknown cells, scaling, categories, trees,
link. Numbers come as float64, for a linear margin needs them; trees subtract offsets and round
to float32, as the student does. Moments come as seconds since 1970, UTC, NaN where missing.
Built with :mod:`onnx.helper` and nothing else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import ModelProto, TensorProto, helper

from hpmkd.errors import UnsupportedStudentError
from hpmkd.student import (
    AdditiveModel,
    JointEncoder,
    LinearEncoder,
    LinearModel,
    NetworkModel,
    PooledModel,
    Student,
    TreesModel,
)
from hpmkd.student.columns.column import Column
from hpmkd_defaults.exporters.onnx.columns import Encoded, Form, RawColumns, missing_text
from hpmkd_defaults.exporters.onnx.graph import ML, Graph
from hpmkd_defaults.exporters.onnx.links import outputs, pooled, probabilities
from hpmkd_defaults.exporters.onnx.margins import (
    linear_columns,
    linear_margins,
    network_margins,
    tree_margins,
)

#: Versions of the operators, by domain, and of the file: those of the year 2022.
OPSETS = {"": 17, ML: 3}
IR_VERSION = 8
#: Graphs know no dates.
UNIT_OF_MOMENTS = "seconds since 1970-01-01 UTC"


def to_onnx(student: Student, inputs: Form = "columns") -> ModelProto:
    """Return a student as an ONNX model.

    Parameters
    ----------
    student : Student
    inputs : str
        ``"columns"``: inputs of shape (n, 1), float64 or text, one per raw column, named
        after it; ``"matrix"``: one input ``X``, float64 of shape (n, d), categories as their
        codes. Moments come as seconds since 1970 in both.

    Returns
    -------
    onnx.ModelProto
        Checked. Outputs: ``label`` of shape (n,) and ``probabilities``, float64 of shape
        (n, K). Its metadata hold columns, classes, opset and facts.

    Raises
    ------
    UnsupportedStudentError
        The student cannot be written as a graph.
    """
    try:
        made = _model_of(student, inputs)
        onnx.checker.check_model(made, full_check=True)
    except (ValueError, TypeError, onnx.checker.ValidationError) as error:
        raise UnsupportedStudentError(
            f"the student cannot be written as an ONNX graph ({error}); the exporter 'json' "
            "may write it"
        ) from error
    return made


def metadata(student: Student, raw: RawColumns) -> dict[str, str]:
    """Return the metadata of the file: names to JSON.

    ``columns`` lists name, kind and input of every raw column, in order; for categories the text
    that stands for a missing cell, or what their codes stand for; for moments their unit.
    """
    columns = []
    for name, column in zip(raw.names, student.encoder.schema.columns, strict=True):
        entry: dict[str, Any] = {"name": column.name, "input": name, "kind": column.kind}
        if column.kind == "category" and raw.form == "columns":
            entry["missing"] = missing_text(column)
        elif column.kind == "category":
            entry |= spelt(column)
        if column.kind == "datetime":
            entry["unit"] = UNIT_OF_MOMENTS
        columns.append(entry)
    plain = {
        "columns": columns,
        "classes": student.classes.tolist(),
        "opset": OPSETS,
        "facts": dict(student.facts),
    }
    return {f"hpmkd.{name}": json.dumps(value) for name, value in plain.items()}


def spelt(column: Column) -> dict[str, Any]:
    """Return the categories of a column in the order of their codes, and other spellings."""
    others = {
        text: column.categories[code]
        for text, code in column.codes.items()
        if text != column.categories[code]
    }
    found: dict[str, Any] = {"categories": list(column.categories)}
    return found | ({"spellings": others} if others else {})


def _model_of(student: Student, inputs: Form) -> ModelProto:
    """Build the graph, and the model around it."""
    graph = Graph()
    raw = RawColumns(graph, student.encoder.schema, inputs)
    value = answers(graph, encoded(graph, raw, student.encoder), student.model)
    ends = outputs(graph, value, student.classes)
    made = helper.make_model(
        helper.make_graph(graph.nodes, "student", raw.inputs(), ends, graph.constants),
        opset_imports=[helper.make_opsetid(*each) for each in OPSETS.items()],
        ir_version=IR_VERSION,
        producer_name="hpmkd",
        doc_string=f"{student.model.family}, distilled by hpmkd",
    )
    helper.set_model_props(made, metadata(student, raw))
    return made


@dataclass(frozen=True)
class Matrices:
    """The matrices that models read: linear ones and networks one, trees the other, or the same."""

    linear: Encoded
    trees: Encoded


def encoded(graph: Graph, raw: RawColumns, encoder: Any) -> Matrices:
    """Add what an encoder does."""
    if isinstance(encoder, JointEncoder):
        return Matrices(linear_columns(graph, raw, encoder.linear), raw.floats(encoder.tree))
    linear = isinstance(encoder, LinearEncoder)
    one = linear_columns(graph, raw, encoder) if linear else raw.floats(encoder)
    return Matrices(one, one)


def answers(graph: Graph, read: Matrices, model: Any) -> str:
    """Add a model and its link; return the name of its probabilities, float64 of shape (n, K)."""
    if isinstance(model, PooledModel):
        predicted = [answers(graph, read, member) for member in model.members]
        return pooled(graph, predicted, model.pool)
    if isinstance(model, LinearModel):
        margins = linear_margins(graph, read.linear, model)
    elif isinstance(model, NetworkModel):
        margins = network_margins(graph, read.linear, model)
    elif isinstance(model, TreesModel):
        trees = tree_margins(graph, read.trees, model)
        margins = graph.cast(trees, TensorProto.DOUBLE, "margins/doubles")
    elif isinstance(model, AdditiveModel):
        linear = linear_margins(graph, read.linear, model.linear)
        both = _on_top(graph, linear, tree_margins(graph, read.trees, model.trees), model)
        margins = graph.cast(both, TensorProto.DOUBLE, "margins/doubles")
    else:
        raise UnsupportedStudentError(
            f"the exporter 'onnx' got a {type(model).__name__}, expected a model that is linear, "
            "a network, of trees, linear with trees, or a pool of such"
        )
    return probabilities(graph, margins, model.link)


def _on_top(graph: Graph, linear: str, trees: str, model: AdditiveModel) -> str:
    """Add trees to linear margins that are clipped to their range, in float32."""
    value = graph.cast(linear, TensorProto.FLOAT, "margins/linear")
    for operator, limit in (("Max", model.low), ("Min", model.high)):
        edge = graph.constant(limit, "margins/limit")
        value = graph.add(operator, [value, edge], "margins/clipped")
    return graph.add("Add", [value, trees], "margins/sum")
