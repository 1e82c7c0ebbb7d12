"""Plain values, as TOML gives them, become the frozen values of a recipe."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec.structs import fields

from hpmkd.errors import RecipeError, suggest
from hpmkd.recipe.settings import Choice, EnsembleSettings, Settings
from hpmkd.registry.offers import NAME

#: Files of students that are of no stage.
RESERVED = ("collapsed", "ensemble", "hard-ensemble")
#: Tables and lists within each other. Recipes have five; Python gives up at some hundred.
MOST_LEVELS = 20


def convert(value: Any, annotation: Any, path: str) -> Any:
    """Return a value of an annotated type; raise RecipeError with the dotted path."""
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        problem, _, inner = str(error).partition(" - at `$")
        inner = inner.rstrip("`")
        for step in re.findall(r"[^.\[\]]+", inner):
            value = value[int(step) if step.isdigit() else step]
        choices = get_args(annotation) if get_origin(annotation) is Literal else ()
        problem = f"expected one of {', '.join(map(str, choices))}" if choices else problem
        raise RecipeError(f"{path}{inner}: got {value!r}: {problem}") from error


def check_keys(table: Any, shape: type[msgspec.Struct], path: str = "") -> None:
    """Refuse a table with a key that its struct does not know, and so the tables within.

    Raises
    ------
    RecipeError
        If there is one, or it is not a table.
    """
    known = {each.name: each.type for each in fields(shape)}
    for key, value in as_table(table, path).items():
        if not isinstance(key, str):
            raise RecipeError(
                f"{path or 'recipe'}: got the key {key!r}; expected a text, one of: "
                f"{', '.join(known)}"
            )
        if key not in known:
            raise unknown_key(path, key, known)
        inner = known[key]
        if isinstance(inner, type) and issubclass(inner, Settings):
            check_keys(value, inner, f"{path}.{key}" if path else key)


def check_depth(recipe: Any) -> None:
    """Refuse values so deep within each other that Python could not go through them.

    Raises
    ------
    RecipeError
        If they are.
    """
    level = [recipe]
    for _ in range(MOST_LEVELS + 1):
        # By identity: what holds itself, even twice, is looked at once per level.
        nested = {id(each): each for each in level if isinstance(each, (Mapping, list, tuple))}
        if not nested:
            return
        level = [
            inner
            for each in nested.values()
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
    raise too_deep("the recipe")


def too_deep(what: str) -> RecipeError:
    """Build the error for tables or lists too deeply nested to be on purpose."""
    return RecipeError(
        f"{what} is nested too deeply; expected tables and lists of at most {MOST_LEVELS} levels"
    )


def unknown_key(path: str, key: str, known: Collection[str]) -> RecipeError:
    """Build the error for a key that does not exist."""
    dotted, listed = f"{path}.{key}" if path else key, ", ".join(known) or "none"
    return RecipeError(f"{dotted}: unknown key{suggest(key, known)} Known here: {listed}")


def as_table(value: Any, path: str) -> Mapping[str, Any]:
    """Return a table; raise RecipeError if it is none."""
    if not isinstance(value, Mapping):
        raise RecipeError(f"{path}: got {value!r}; expected a table")
    return value


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested plain values with others on top; a list of stages picks from `base`."""
    both = dict(base)
    for key, value in over.items():
        old = both.get(key)
        if key == "stages" and isinstance(value, (list, tuple)):
            both[key] = {str(name): (old or {}).get(name, {}) for name in value}
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            # Another component's settings do not fit: naming one starts afresh.
            other = "name" in value and value["name"] != old.get("name")
            both[key] = dict(value) if other else merge(old, value)
        else:
            both[key] = value
    return both


def parse_choice(value: Any, path: str) -> Choice:
    """Parse a component: ``fuser = "mean"`` is short for ``[fuser] name = "mean"``."""
    table = {"name": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or "name" not in table:
        raise RecipeError(
            f"{path}: got {value!r}; expected a table with the name of a component, "
            f'{path}.name = "…", or the name alone'
        )
    settings = {key: each for key, each in table.items() if key != "name"}
    return Choice(convert(table["name"], str, f"{path}.name"), settings)


def parse_ensemble(value: Any) -> EnsembleSettings:
    """Parse how the best students are fused; the fuser is a component, or has an empty name."""
    table = dict(as_table(value, "ensemble"))
    fuser = table["fuser"] = parse_choice(table.get("fuser", ""), "ensemble.fuser")
    if fuser.settings and not fuser.name:
        raise RecipeError(
            f"ensemble.fuser: got the settings {', '.join(fuser.settings)} without a name; "
            "expected a name with them: the recipe's own fuser, which is without one, has its own"
        )
    settings: EnsembleSettings = convert(table, EnsembleSettings, "ensemble")
    return settings


def parse_stages(value: Any) -> dict[str, Choice]:
    """Parse the stages, each by default the one of its name.

    Raises
    ------
    RecipeError
        There is none, or a name could lead to another folder or is that of a student of no stage.
    """
    stages = as_table(value, "stages")
    if not stages:
        raise RecipeError("stages: got none; expected at least one, e.g. [stages.tree]")
    for name in stages:
        if not NAME.fullmatch(name):
            raise RecipeError(
                f"stages.{name}: got the name {name!r}; expected a lower-case letter, then "
                "lower-case letters, digits, - and _"
            )
        if name in RESERVED:
            raise RecipeError(
                f"stages.{name}: the run keeps another student under this name; give the stage "
                f"another, e.g. [stages.my-{name}]"
            )
    paths = {name: f"stages.{name}" for name in stages}
    return {
        name: parse_choice({"name": name, **as_table(stages[name], path)}, path)
        for name, path in paths.items()
    }
