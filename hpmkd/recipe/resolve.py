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
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.settings import Choice, convert, unknown_key
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
    """Look up every name of a recipe and check every setting against its factory.

    Raises
    ------
    RecipeError
        With the dotted path of what is unknown or of the wrong type.
    """
    return Components(
        teacher=select(registry, "teacher", recipe.teacher, "teacher"),
        reference=select(registry, "teacher", recipe.reference, "reference"),
        fuser=select(registry, "fuser", recipe.fuser, "fuser"),
        ensemble_fuser=_ensemble_fuser(recipe, registry),
        augmenter=select(registry, "augmenter", recipe.augmenter, "augmenter"),
        sampler=select(registry, "sampler", recipe.sampler, "sampler"),
        scheduler=select(registry, "scheduler", recipe.scheduler, "scheduler"),
        memory=select(registry, "memory", recipe.memory, "memory"),
        cache=select(registry, "cache", recipe.cache, "cache"),
        executor=select(registry, "executor", recipe.place, "executor"),
        stand_in=_stand_in(recipe, registry),
        stages={
            name: select(registry, "stage", choice, f"stages.{name}")
            for name, choice in recipe.stages.items()
        },
        links=links_between(recipe, registry),
        transfers={
            link.label: select(registry, "transfer", link.transfer, f"chain[{at}].transfer")
            for at, link in enumerate(recipe.chain)
            if link.transfer is not None
        },
    )


def _ensemble_fuser(recipe: Recipe, registry: Registry) -> ComponentSpec:
    name = recipe.ensemble.fuser
    if not name or recipe.ensemble.top < 2:
        return select(registry, "fuser", recipe.fuser, "fuser")
    return ComponentSpec(registry.offer("fuser", name, "ensemble.fuser"), {})


def _stand_in(recipe: Recipe, registry: Registry) -> ComponentSpec | None:
    choice = recipe.stand_in
    return None if choice is None else select(registry, "executor", choice, "parallel")


def links_between(recipe: Recipe, registry: Registry) -> tuple[Link, ...]:
    """Return the links that hand something over between stages in the race.

    Raises
    ------
    RecipeError
        If the chain names a stage that is neither in the race nor offered by a plugin.
    """
    for at, link in enumerate(recipe.chain):
        if link.stage not in recipe.stages:
            registry.offer("stage", link.stage, f"chain[{at}].stage")
    return tuple(
        link
        for link in recipe.chain
        if link.transfer is not None and link.stage in recipe.stages and link.after in recipe.stages
    )


def select(registry: Registry, kind: str, choice: Choice, path: str) -> ComponentSpec:
    """Look up one component and check its settings."""
    name_path = path if kind in ("stage", "exporter") else f"{path}.name"
    offered = registry.offer(kind, choice.name, name_path)
    return ComponentSpec(offered, _checked(offered, choice.settings, path))


def _checked(
    offered: RegisteredComponent, settings: Mapping[str, Any], path: str
) -> dict[str, Any]:
    factory = offered.offer.factory
    with offered.blamed("has a factory whose signature cannot be read"):
        parameters = inspect.signature(factory).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return dict(settings)
    keyword = {name: each for name, each in parameters.items() if _is_setting(each)}
    checked = {}
    for key, value in settings.items():
        if key not in keyword:
            raise unknown_key(path, key, list(keyword))
        with offered.blamed(f"has a setting {key!r} whose annotation cannot be read"):
            annotation = _evaluated(key, keyword[key].annotation, factory)
        checked[key] = convert(value, annotation, f"{path}.{key}")
    return checked


def _is_setting(parameter: inspect.Parameter) -> bool:
    # What has no default and may be given by position is the engine's (a search space).
    by_either = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    has_default = parameter.default is not parameter.empty
    return parameter.kind is parameter.KEYWORD_ONLY or (by_either and has_default)


def _evaluated(key: str, annotation: Any, factory: Any) -> Any:
    if annotation is inspect.Parameter.empty:
        return Any
    # The annotation of this one setting is looked at alone: others may name types that are
    # imported for type checkers only.
    alone = SimpleNamespace(__annotations__={key: annotation})
    names = _names_seen_by(factory)
    return typing.get_type_hints(alone, globalns=names, include_extras=True)[key]


def _names_seen_by(factory: Any) -> dict[str, Any]:
    while isinstance(factory, functools.partial):
        factory = factory.func
    # An inherited __init__ was written in the module of the parent.
    function = inspect.getattr_static(factory, "__init__") if isinstance(factory, type) else factory
    return getattr(inspect.unwrap(function), "__globals__", {})
