"""The tables of a recipe beside its components: rows, search, budget, limits and more."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import fields

from docs.site.reference.markdown import table
from docs.site.reference.settings import allowed, descriptions, written
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.settings import Choice

INTRODUCTION = """\
# Settings of a run

The tables of a [recipe](../docs/recipes.md) that name no component; those that do are under
[components](components.md). Each key can be given on the command line,
`--set search.batch=4`, and in Python, `settings={"search.batch": 4}`."""


def page() -> str:
    """Return the page of tables, in the order of the recipe."""
    parts = [INTRODUCTION]
    recipe = Recipe.load("hpm")
    values = recipe.to_mapping()
    for field in fields(Recipe):
        held = getattr(recipe, field.name)
        if _is_table(held):
            parts += _sections(field.name, held, values[field.name])
    return "\n\n".join(parts)


def _is_table(held: object) -> bool:
    return isinstance(held, msgspec.Struct) and not isinstance(held, Choice)


def _sections(path: str, held: msgspec.Struct, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield heading, subject and keys of a table, then the tables within it."""
    inside = [field.name for field in fields(held) if _is_table(getattr(held, field.name))]
    described = descriptions(type(held))
    rows = (
        (
            f"`{path}.{field.name}`",
            allowed(field.type),
            written(values.get(field.name)),
            described.get(field.name, ""),
        )
        for field in fields(held)
        if field.name not in inside
    )
    yield f"## `{path}`"
    yield (inspect.getdoc(type(held)) or "").partition("\n")[0]
    yield table(["key", "values", "*hpm*", "what it is"], rows)
    for name in inside:
        yield from _sections(f"{path}.{name}", getattr(held, name), values[name])
