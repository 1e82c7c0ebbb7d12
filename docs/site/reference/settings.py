"""What a setting is: the values that its annotation allows, its default, its description."""

from __future__ import annotations

import inspect
import json
from typing import Any

import griffe
import msgspec
from msgspec import inspect as types

from docs.site.docstrings import as_markdown

SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
NAMES = {
    types.AnyType: "anything",
    types.BoolType: "true or false",
    types.DictType: "table",
    types.FloatType: "number",
    types.IntType: "whole number",
    types.NoneType: "none",
    types.StrType: "text",
    types.StructType: "table",
}


def allowed(annotation: Any) -> str:
    """Return which values an annotation allows, e.g. ``whole number ≥ 1``."""
    return _allowed(types.type_info(annotation))


def _allowed(kind: types.Type) -> str:
    match kind:
        case types.UnionType():
            return " or ".join(map(_allowed, kind.types))
        case types.VarTupleType() | types.ListType():
            return f"list of: {_allowed(kind.item_type)}"
        case types.LiteralType():
            return " or ".join(f"`{json.dumps(each)}`" for each in kind.values)
    bounds = [(sign, getattr(kind, key, None)) for key, sign in SIGNS.items()]
    # The largest float stands for "finite".
    written = [f"{sign} {at:g}" for sign, at in bounds if at is not None and at < 1e300]
    return f"{NAMES[type(kind)]} {', '.join(written)}".rstrip()


def written(value: Any) -> str:
    """Return a value as a recipe has it; nothing for none."""
    if value is None or value is inspect.Parameter.empty:
        return ""
    plain = msgspec.to_builtins(value)
    return f"`{json.dumps(plain, ensure_ascii=False)}`"


def descriptions(described: Any) -> dict[str, str]:
    """Return what docstrings say of each parameter, as Markdown.

    A class is described by its parents as well, as far as it says nothing else.
    """
    parts = reversed(described.__mro__) if isinstance(described, type) else (described,)
    found: dict[str, str] = {}
    for part in parts:
        docstring = griffe.Docstring(as_markdown(inspect.cleandoc(part.__doc__ or "")))
        for section in griffe.parse_numpy(docstring, warnings=False):
            if isinstance(section, griffe.DocstringSectionParameters):
                found |= {each.name: each.description for each in section.value}
    return found
