"""Plain values, as TOML gives them, become the frozen values of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from hpmkd.errors import RecipeError
from hpmkd.recipe.chain_settings import parse_chain
from hpmkd.recipe.limits import Limits, as_numbers
from hpmkd.recipe.settings import (
    AlphaGrids,
    BudgetSettings,
    Choice,
    EnsembleSettings,
    ExtraSettings,
    FrontSettings,
    PipelineSettings,
    SearchSettings,
    SplitSettings,
    StopSettings,
    check_stage_name,
    convert,
    unknown_key,
)
from hpmkd.values import frozen_mapping

#: Tables of a recipe that are settings of the engine, not a component.
SETTINGS: Mapping[str, type] = {
    "split": SplitSettings,
    "search": SearchSettings,
    "ensemble": EnsembleSettings,
    "extra": ExtraSettings,
    "budget": BudgetSettings,
    "limits": Limits,
    "front": FrontSettings,
    "pipeline": PipelineSettings,
}


def check_keys(mapping: Any, shape: Any, path: str) -> None:
    """Refuse a table with a key that its dataclass does not know.

    Raises
    ------
    RecipeError
        If there is one, or `mapping` is no table.
    """
    known = [each.name for each in fields(shape)]
    for key in _table(mapping, path):
        if not isinstance(key, str):
            raise RecipeError(
                f"{path or 'recipe'}: got the key {key!r}; expected a text, one of: "
                f"{', '.join(known)}"
            )
        if key not in known:
            raise unknown_key(path, key, known)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested plain values with others on top; a list of stages picks from `base`."""
    both = dict(base)
    for key, value in over.items():
        old = both.get(key)
        if key == "stages" and isinstance(value, (list, tuple)):
            both[key] = {str(name): (old or {}).get(name, {}) for name in value}
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            # Another component's settings do not fit: naming one starts afresh.
            other = "name" in value and value["name"] != old.get("name")
            both[key] = dict(value) if other else merged(old, value)
        else:
            both[key] = value
    return both


def parsed(key: str, value: Any) -> Any:
    """Return the frozen value of one entry of a recipe.

    Raises
    ------
    RecipeError
        If it is none, by its dotted path.
    """
    if key == "name":
        return convert(value, str, key)
    if key == "chain":
        return parse_chain(value)
    if isinstance(value, str) and key not in (*SETTINGS, "stages", "parallel"):
        value = {"name": value}  # fuser = "mean" is short for [fuser] name = "mean"
    value = _table(value, key)
    if key in SETTINGS:
        check_keys(value, SETTINGS[key], key)
        if key == "search":
            check_keys(value.get("alphas", {}), AlphaGrids, "search.alphas")
            check_keys(value.get("stop", {}), StopSettings, "search.stop")
        plain = as_numbers(value) if key == "limits" else dict(value)
        return convert(plain, SETTINGS[key], key)
    if key == "parallel":
        return frozen_mapping(convert(dict(value), dict[str, str], key))
    if key == "stages":
        return _stages(value)
    return _choice(key, value)


def _stages(value: Mapping[str, Any]) -> dict[str, Choice]:
    if not value:
        raise RecipeError("stages: got none; expected at least one, e.g. [stages.tree]")
    for name in value:
        check_stage_name(name)
    return {name: _stage(name, _table(each, f"stages.{name}")) for name, each in value.items()}


def _table(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RecipeError(f"{path}: got {value!r}; expected a table")
    return value


def _stage(name: str, value: Mapping[str, Any]) -> Choice:
    return _choice(f"stages.{name}", {"name": name, **value})


def _choice(path: str, value: Mapping[str, Any]) -> Choice:
    if "name" not in value:
        raise RecipeError(f'{path}: no name given; write {path}.name = "…"')
    settings = {key: each for key, each in value.items() if key != "name"}
    return Choice(convert(value["name"], str, f"{path}.name"), frozen_mapping(settings))
