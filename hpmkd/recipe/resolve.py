"""Turns the names of a recipe into live components, once per run."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hpmkd.recipe.chain_settings import Link
from hpmkd.recipe.parsing import convert, unknown_key
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.settings import Choice
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.registry.registry import Registry
from hpmkd.registry.validation.proxy import blaming


@dataclass(frozen=True)
class ComponentSpec:
    """A component that a recipe chose, its settings checked, not built yet."""

    offered: RegisteredComponent
    settings: Mapping[str, Any]

    def create(self, *arguments: Any) -> Any:
        """Build it, behind the proxy that blames its plugin."""
        component = self.offered.create(*arguments, **self.settings)
        return blaming(component, self.offered.culprit, *arguments)


@dataclass(frozen=True)
class Components:
    """The components of one run."""

    teacher: ComponentSpec
    reference: ComponentSpec
    fuser: ComponentSpec
    ensemble_fuser: ComponentSpec
    augmenter: ComponentSpec
    sampler: ComponentSpec
    scheduler: ComponentSpec
    memory: ComponentSpec
    cache: ComponentSpec
    executor: ComponentSpec
    stand_in: ComponentSpec | None
    stages: Mapping[str, ComponentSpec]
    links: tuple[Link, ...]
    transfers: Mapping[str, ComponentSpec]


def resolve(recipe: Recipe, registry: Registry) -> Components:
    """Look up every name of a recipe and check every setting against what it is built by.

    Raises
    ------
    RecipeError
        With the dotted path of what is unknown or of the wrong type.
    """

    def chosen(kind: str, choice: Choice, path: str = "") -> ComponentSpec:
        return select(registry, kind, choice, path or kind)

    stand_in = recipe.stand_in
    return Components(
        teacher=chosen("teacher", recipe.teacher),
        reference=chosen("teacher", recipe.reference, "reference"),
        fuser=chosen("fuser", recipe.fuser),
        ensemble_fuser=_ensemble_fuser(recipe, registry),
        augmenter=chosen("augmenter", recipe.augmenter),
        sampler=chosen("sampler", recipe.sampler),
        scheduler=chosen("scheduler", recipe.scheduler),
        memory=chosen("memory", recipe.memory),
        cache=chosen("cache", recipe.cache),
        executor=chosen("executor", recipe.place),
        stand_in=None if stand_in is None else chosen("executor", stand_in, "parallel"),
        stages={
            name: chosen("stage", choice, f"stages.{name}")
            for name, choice in recipe.stages.items()
        },
        links=_chain_links(recipe, registry),
        transfers={
            link.label: chosen("transfer", link.transfer, f"chain[{at}].transfer")
            for at, link in enumerate(recipe.chain)
            if link.transfer is not None
        },
    )


def _ensemble_fuser(recipe: Recipe, registry: Registry) -> ComponentSpec:
    own = recipe.ensemble.fuser
    if not own.name or recipe.ensemble.top < 2:
        return select(registry, "fuser", recipe.fuser, "fuser")
    return select(registry, "fuser", own, "ensemble.fuser")


def _chain_links(recipe: Recipe, registry: Registry) -> tuple[Link, ...]:
    """Return the links between stages of the recipe; another stage must be known, at least."""
    stages = recipe.stages
    for at, link in enumerate(recipe.chain):
        if link.stage not in stages:
            registry.offer("stage", link.stage, f"chain[{at}].stage")
    return tuple(
        link
        for link in recipe.chain
        if link.transfer is not None and link.stage in stages and link.after in stages
    )


def select(registry: Registry, kind: str, choice: Choice, path: str) -> ComponentSpec:
    """Look up one component and check its settings.

    Raises
    ------
    RecipeError
        No plugin offers it, or a setting is unknown or of the wrong type.
    PluginError
        It cannot be imported, or its signature cannot be read.
    """
    name_path = path if kind in ("stage", "exporter") else f"{path}.name"
    offered = registry.offer(kind, choice.name, name_path)
    return ComponentSpec(offered, _checked_settings(offered, choice.settings, path))


def _checked_settings(
    offered: RegisteredComponent, settings: Mapping[str, Any], path: str
) -> dict[str, Any]:
    factory = offered.factory
    parameters = _parameters(offered)
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return dict(settings)
    known = known_settings(offered)
    checked = {}
    for key, value in settings.items():
        if key not in known:
            raise unknown_key(path, key, known)
        with offered.blamed(f"has a setting {key!r} whose annotation cannot be read"):
            annotation = setting_annotation(parameters[key], factory)
        checked[key] = convert(value, annotation, f"{path}.{key}")
    return checked


def known_settings(offered: RegisteredComponent) -> list[str]:
    """Return the names of the settings that a component declares."""
    return [name for name, each in _parameters(offered).items() if _is_setting(each)]


def _parameters(offered: RegisteredComponent) -> Mapping[str, inspect.Parameter]:
    with offered.blamed("has a factory whose signature cannot be read"):
        return inspect.signature(offered.factory).parameters


def _is_setting(parameter: inspect.Parameter) -> bool:
    # What has no default and may be given by position is the engine's (a search space).
    by_either = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    has_default = parameter.default is not parameter.empty
    return parameter.kind is parameter.KEYWORD_ONLY or (by_either and has_default)


def setting_annotation(parameter: inspect.Parameter, factory: Any) -> Any:
    """Return the type of one setting, by the names of the module where it was written."""
    if parameter.annotation is parameter.empty:
        return Any
    while isinstance(factory, functools.partial):
        factory = factory.func
    # An inherited __init__ was written in the module of the parent.
    function = inspect.getattr_static(factory, "__init__") if isinstance(factory, type) else factory
    names = getattr(inspect.unwrap(function), "__globals__", {})
    # Alone: others may name types that are imported for type checkers only.
    alone = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    hints = typing.get_type_hints(alone, globalns=names, include_extras=True)
    return hints[parameter.name]
