"""Every setting of every component, from the annotations that a recipe is checked against."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from docs.site.reference.markdown import table
from docs.site.reference.plugins import registry
from docs.site.reference.settings import allowed, descriptions, written
from hpmkd.hookspecs import OFFER_HOOKS
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import known_settings, setting_annotation
from hpmkd.registry.offers import RegisteredComponent

INTRODUCTION = """\
# Components

What a recipe may name, and the settings of each: `--set sampler.trials=2`, or in a
[recipe](../docs/recipes.md)

```toml
[sampler]
name = "staged"
trials = 2
```

Under *hpm* stands what the default recipe gives, where that is not the default of the component.
`hpmkd plugins` lists what is installed."""


def page() -> str:
    """Return the page of components, by kind."""
    parts = [INTRODUCTION]
    for kind in OFFER_HOOKS:
        parts.append(f"## {kind.capitalize()}")
        for offered in registry().offers(kind).values():
            parts += _sections(offered)
    return "\n\n".join(parts)


def _sections(offered: RegisteredComponent) -> Iterator[str]:
    name, summary = offered.offer.name, offered.offer.summary
    origin = "" if offered.plugin == "defaults" else f" From `{offered.source}`."
    yield f"### `{name}` {{ #{offered.kind}-{name} }}"
    yield f"{summary[:1].upper()}{summary[1:]}.{origin}"
    if rows := [*_settings(offered)]:
        yield table(["setting", "values", "default", "*hpm*", "what it is"], rows)


def _settings(offered: RegisteredComponent) -> Iterator[tuple[str, ...]]:
    factory = offered.factory
    signature = inspect.signature(factory).parameters
    described, chosen = descriptions(factory), given(offered)
    for name in known_settings(offered):
        default = signature[name].default
        yield (
            f"`{name}`",
            allowed(setting_annotation(signature[name], factory)),
            written(default),
            written(chosen[name]) if chosen.get(name, default) != default else "",
            described.get(name, ""),
        )


def given(offered: RegisteredComponent) -> dict[str, Any]:
    """Return the settings that the default recipe gives a component, if it names it."""
    recipe, name = Recipe.load("hpm"), offered.offer.name
    if offered.kind == "stage":
        choice = recipe.stages.get(name)
    else:
        choice = getattr(recipe, offered.kind, None)
    return dict(choice.settings) if choice is not None and choice.name == name else {}
