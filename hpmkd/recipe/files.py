"""Where recipes come from: shipped files, a user's files, settings of the command line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from hpmkd.errors import RecipeError, suggest
from hpmkd.recipe.parsing import too_deep


def shipped() -> list[str]:
    """Return the names of the recipes that come with hpmkd."""
    folder = resources.files("hpmkd.recipe") / "shipped"
    return sorted(Path(each.name).stem for each in folder.iterdir() if each.name.endswith(".toml"))


def shipped_text(name: str) -> str:
    """Return the file of a shipped recipe, comments and all."""
    return (resources.files("hpmkd.recipe") / "shipped" / f"{name}.toml").read_text("utf-8")


def parse_setting(text: str) -> tuple[str, Any]:
    """Read ``key=value`` of the command line; the value is TOML, or else a plain string."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set got {text!r}; expected KEY=VALUE, e.g. --set sampler.trials=2")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
    except RecursionError as error:
        raise too_deep(f"--set {key.strip()}") from error


def nested_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables that dotted settings stand for, e.g. of ``{"sampler.trials": 2}``.

    A string where a table is meant is its name: ``scheduler = "meta"`` goes with
    ``scheduler.reach = 2``.

    Raises
    ------
    RecipeError
        If something is given as a value and as a table.
    """
    nested: dict[str, Any] = {}
    for path, value in settings.items():
        *parents, last = path.split(".")
        level = nested
        for parent in parents:
            level[parent] = _opened(level.get(parent, {}), parent, path)
            level = level[parent]
        both = isinstance(level.get(last), dict)
        level[last] = level[last] | _opened(value, last, path) if both else value
    return nested


def _opened(value: Any, key: str, path: str) -> dict[str, Any]:
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, Mapping):
        raise RecipeError(f"{path}: {key!r} is given as a value and as a table")
    return dict(value)


def read_recipe(source: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the plain content of a recipe, by shipped name or TOML path.

    Raises
    ------
    RecipeError
        If there is no such recipe, or it cannot be read.
    """
    name = os.fspath(source)
    if name in shipped():
        return tomllib.loads(shipped_text(name))
    if not name.endswith(".toml"):
        hint, known = suggest(name, shipped()), ", ".join(shipped())
        raise RecipeError(f"no recipe is called {name!r}{hint} Known: {known}, or a .toml file")
    try:
        return tomllib.loads(Path(name).read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {name}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{name} is not valid TOML: {error}") from error
    except RecursionError as error:
        raise too_deep(f"the recipe {name}") from error
