"""What the shell completes beside names of commands, options and files.

Click calls these with the arguments typed so far; each returns what may come next. A
problem with a run folder or a recipe is ignored here: then nothing is completed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click import Context, Parameter
from click.shell_completion import CompletionItem

from hpmkd.errors import HpmkdError

if TYPE_CHECKING:
    from hpmkd.registry.registry import Registry

    Names = Callable[[Context, str], Iterable[str]]
    Complete = Callable[[Context, Parameter, str], list[CompletionItem]]

#: Tables of a recipe that name a component of another kind than they are called.
KINDS = {"reference": "teacher"}


def completing(names: Names, *, files: bool = False) -> Complete:
    """Return what click calls: it completes `names`, and files beside them if so wished."""

    @functools.wraps(names)
    def complete(context: Context, parameter: Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            known = [name for name in names(context, incomplete) if name.startswith(incomplete)]
        except (HpmkdError, OSError):
            known = []
        found = [CompletionItem(name) for name in known]
        return [*found, CompletionItem(incomplete, type="file")] if files else found

    return complete


def _registry() -> Registry:
    from hpmkd.registry.registry import Registry

    return Registry.installed()


def offers(kind: str, *, files: bool = False) -> Complete:
    """Return what completes the components of a kind."""
    return completing(lambda context, incomplete: _registry().offers(kind), files=files)


def _plugins(context: Context, incomplete: str) -> list[str]:
    return [plugin.name for plugin in _registry().plugins]


def _recipes(context: Context, incomplete: str) -> Iterable[str]:
    from hpmkd.recipe.files import shipped

    return shipped()


def _metrics(context: Context, incomplete: str) -> list[str]:
    from hpmkd.recipe.metric import METRICS

    return [f"{name}=" if name == "cost" else name for name in METRICS]


def _students(context: Context, incomplete: str) -> list[str]:
    from hpmkd.cli.load_student import names_of

    # Click leaves arguments in front of an option whose value is still missing unread.
    typed = [context.params.get("run"), *context.args]
    return next((names_of(Path(run)) for run in typed if run is not None), [])


def _settings(context: Context, incomplete: str) -> Iterator[str]:
    """Yield the settings of the recipe at hand, and of components the names on offer."""
    from hpmkd.recipe.recipe import Recipe

    recipe = Recipe.load(context.params.get("recipe") or "hpm")
    registry = _registry()
    for key in _dotted(recipe.to_mapping()):
        table, _, last = key.rpartition(".")
        names = registry.offers(KINDS.get(table, table)) if last == "name" else {}
        yield from (f"{key}={name}" for name in names)
        if not names:
            yield f"{key}="


def _dotted(nested: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


plugin_names = completing(_plugins)
recipe_names = completing(_recipes, files=True)
student_names = completing(_students)
setting_names = completing(_settings)
metric_names = completing(_metrics)
