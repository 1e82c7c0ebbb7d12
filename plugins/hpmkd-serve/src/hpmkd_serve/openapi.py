"""The OpenAPI description of a server, from the schema of its student."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

import hpmkd
from hpmkd.student import example_row
from hpmkd_serve.responses import PATHS
from hpmkd_serve.served import ServedStudent

if TYPE_CHECKING:
    from fastapi import FastAPI

    from hpmkd.student.columns.column import Column

#: Levels of a category that are listed; of more, any text is described.
FEW_LEVELS = 100
ROW, ANSWER, ANSWERS, PROBLEM = "Row", "Answer", "Answers", "Problem"


def reference(name: str) -> dict[str, str]:
    """Return a reference to one of the schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def problem(description: str) -> dict[str, Any]:
    """Return a response that is an error."""
    return {
        "description": description,
        "content": {"application/json": {"schema": reference(PROBLEM)}},
    }


#: Unknown to FastAPI, as ``/predict`` reads its body itself.
PREDICT: dict[str, Any] = {
    "summary": PATHS["/predict"],
    "operationId": "predict",
    "parameters": [
        {
            "name": "threshold",
            "in": "query",
            "required": False,
            "description": "With two classes: name the rarer one from this probability on; "
            "best: the one that the run found on its selection rows.",
            "schema": {
                "anyOf": [
                    {"type": "number", "minimum": 0, "maximum": 1},
                    {"type": "string", "const": "best"},
                ]
            },
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [reference(ROW), {"type": "array", "items": reference(ROW)}]},
            },
            "text/csv": {"schema": {"type": "string"}},
        },
    },
    "responses": {
        "200": {
            "description": "Labels and probabilities, these in the order of `classes`.",
            "content": {
                "application/json": {
                    "schema": {"oneOf": [reference(ANSWER), reference(ANSWERS)]},
                }
            },
        },
        "413": problem("The body or the number of rows is larger than the server takes."),
        "415": problem("The content type is neither application/json nor text/csv."),
        "422": problem("A row, or the threshold, cannot be used."),
    },
}


def describe(app: FastAPI, served: ServedStudent) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a server with this student."""
    document = get_openapi(
        title="hpmkd serve",
        version=hpmkd.__version__,
        summary=f"Predictions of student {served.digest[:12]}",
        routes=app.routes,
    )
    document["paths"] = {"/predict": {"post": PREDICT}, **document["paths"]}
    document["components"] = {"schemas": _schemas(served)}
    return document


def _schemas(served: ServedStudent) -> dict[str, Any]:
    columns = served.student.encoder.schema.columns
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    label = {"type": names[type(served.classes[0])], "enum": served.classes}
    probabilities = {
        "type": "array",
        "items": {"type": "number", "minimum": 0, "maximum": 1},
        "minItems": len(served.classes),
        "maxItems": len(served.classes),
    }
    classes = {"type": "array", "items": label}
    return {
        ROW: {
            "type": "object",
            "description": "Cells by column; null where a value is not known. Further columns are "
            "ignored.",
            "properties": {column.name: _cell(column) for column in columns},
            "required": list(served.names),
            "example": example_row(served.student),
        },
        ANSWER: _object(label=label, probabilities=probabilities, classes=classes),
        ANSWERS: _object(
            labels={"type": "array", "items": label},
            probabilities={"type": "array", "items": probabilities},
            classes=classes,
        ),
        PROBLEM: _object(
            detail={"type": "string"},
            row={"type": ["integer", "null"], "description": "Counted from 0."},
            column={"type": ["string", "null"]},
        ),
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _cell(column: Column) -> dict[str, Any]:
    """Return the schema of the cells of a column."""
    if column.kind == "number":
        return {"type": ["number", "null"]}
    if column.calendar is not None:
        return {
            "type": ["string", "null"],
            "format": "date" if column.calendar.whole_days else "date-time",
        }
    if 0 < len(column.categories) <= FEW_LEVELS:
        return {
            "type": ["string", "null"],
            "enum": [*column.categories, None],
            "description": "Other texts count as null.",
        }
    return {"type": ["string", "null"]}
