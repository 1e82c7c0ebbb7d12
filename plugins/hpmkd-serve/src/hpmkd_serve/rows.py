"""Rows in the body of a request: a JSON object, a JSON list of objects, or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from hpmkd_serve.errors import RequestError

#: Other programs mark UTF-8 so; neither JSON nor CSV has it in a cell.
BOM = b"\xef\xbb\xbf"
EXPECTED = "an object (one row) or a list of objects; /schema has an example"


@dataclass(frozen=True, slots=True)
class RequestRows:
    """The rows of a request.

    Parameters
    ----------
    rows : list
        As they came: from JSON anything may be among them, from CSV dicts of text.
    single : bool
        Whether one row was sent by itself rather than a list.
    lines : tuple of int, optional
        Of CSV: the line in which each row ends, counted from 1.
    """

    rows: list[Any]
    single: bool = False
    lines: tuple[int, ...] | None = None

    def place(self, at: int) -> str:
        """Return how a message calls a row."""
        if self.lines is not None:
            return f"line {self.lines[at]}"
        return "the row" if self.single else f"row {at}"

    def refuse(self, at: int, detail: str, column: str | None = None) -> NoReturn:
        """Raise the error of a row that cannot be used."""
        row = None if self.single else at
        raise RequestError(422, f"{self.place(at)}: {detail}", row=row, column=column)


def read_json(body: bytes) -> RequestRows:
    """Read one object, or a list.

    Raises
    ------
    RequestError
        422: it is no JSON, holds a number that no float can hold, or an object has a key twice.
    """
    body = body.removeprefix(BOM)
    if not body.strip():
        raise RequestError(422, f"got an empty body; expected {EXPECTED}")
    try:
        given = msgspec.json.decode(body)
    except RecursionError as error:
        raise RequestError(422, f"got JSON nested too deeply; expected {EXPECTED}") from error
    except msgspec.ValidationError as error:
        _refuse_cell(body, error)
    except msgspec.DecodeError as error:
        raise RequestError(
            422,
            f"got no JSON: {_without_prefix(error)}; expected {EXPECTED}. NaN and Infinity are no "
            "JSON: send null for a missing cell",
        ) from error
    if not isinstance(given, dict | list):
        raise RequestError(422, f"got {kind_of(given)}; expected {EXPECTED}")
    found = RequestRows([given], single=True) if isinstance(given, dict) else RequestRows(given)
    # A key has a colon each: where there are no more colons than keys, none was given twice.
    if body.count(b":") > sum(len(row) for row in found.rows if isinstance(row, dict)):
        _refuse_repeated_keys(found, body)
    return found


def read_csv(body: bytes) -> RequestRows:
    """Read a header line and rows, separated by commas.

    Raises
    ------
    RequestError
        422: it is no CSV in UTF-8, a name is there twice, or a line has another width.
    """
    try:
        text = body.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            422, f"got text that is not UTF-8 ({error}); expected UTF-8: convert it"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Any] = []
    lines: list[int] = []
    try:
        names = next(filter(None, reader), None)
        if names is None:
            raise RequestError(422, "got an empty body; expected a header line and rows")
        _refuse_repeated_names(names)
        for cells in filter(None, reader):
            lines.append(reader.line_num)
            if len(cells) != len(names):
                raise RequestError(
                    422,
                    f"line {reader.line_num} has {len(cells)} cells; expected {len(names)}, as the "
                    "header: correct the line; cells with commas need quotes",
                    row=len(rows),
                )
            rows.append(dict(zip(names, cells, strict=True)))
    except csv.Error as error:
        raise RequestError(
            422,
            f"line {reader.line_num}: {error}; expected CSV with commas, and quotes around cells "
            "that hold commas, quotes or line ends",
            row=len(rows),
        ) from error
    return RequestRows(rows, lines=tuple(lines))


#: Readers of a body, by its content type.
READERS: Mapping[str, Callable[[bytes], RequestRows]] = {
    "application/json": read_json,
    "text/csv": read_csv,
}


def kind_of(value: Any) -> str:
    """Return what JSON calls a value."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return "null" if value is None else kinds.get(type(value), "a number")


def _refuse_cell(body: bytes, error: msgspec.ValidationError) -> NoReturn:
    """Raise the error of a number that no float can hold, with its place if it is in a row."""
    reason = str(error).partition(" - at ")[0]
    detail = f"{reason}; expected numbers that a 64-bit float can hold: send null for others"
    single = body.lstrip().startswith(b"{")
    try:
        if single:
            rows = [msgspec.json.decode(body, type=dict[str, msgspec.Raw])]
        else:
            rows = msgspec.json.decode(body, type=list[dict[str, msgspec.Raw]])
    except msgspec.DecodeError:
        raise RequestError(422, f"got JSON with: {detail}") from error
    found = RequestRows(rows, single)
    for at, row in enumerate(rows):
        for name, cell in row.items():
            try:
                msgspec.json.decode(cell)
            except msgspec.DecodeError:
                found.refuse(at, f"column {name!r}: {detail}", name)
    raise RequestError(422, f"got JSON with: {detail}") from error


def _refuse_repeated_keys(found: RequestRows, body: bytes) -> None:
    rows = [body] if found.single else msgspec.json.decode(body, type=list[msgspec.Raw])
    for at, row in enumerate(rows):

        def check(pairs: list[tuple[str, Any]], at: int = at) -> None:
            names = [name for name, _ in pairs]
            if (name := _repeated(names)) is not None:
                found.refuse(at, f"has the key {name!r} twice; expected it once", name)

        try:
            json.loads(bytes(row), object_pairs_hook=check)
        except RecursionError:
            found.refuse(at, f"is nested too deeply; expected {EXPECTED}")


def _refuse_repeated_names(names: list[str]) -> None:
    if (name := _repeated(names)) is not None:
        raise RequestError(
            422, f"the header has {name!r} twice; expected each name once", column=name
        )


def _repeated(names: list[str]) -> str | None:
    """Return the first name that is there twice."""
    return next((name for name, n in Counter(names).items() if n > 1), None)


def _without_prefix(error: msgspec.DecodeError) -> str:
    return str(error).removeprefix("JSON is malformed: ")
