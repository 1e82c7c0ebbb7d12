"""What was typed for the recipe: options, and settings given with ``--set``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.recipe.recipe import Recipe

#: The options of every run that are short for a setting; a limit has the option of its name.
SHORTCUTS = {
    "executor.name": "--executor",
    "budget.models": "--budget-models",
    "budget.seconds": "--budget-seconds",
    "budget.trial_seconds": "--trial-timeout",
    "memory.name": "--no-memory",
    "cache.name": "--no-cache",
    "drift.sketch": "--no-sketch",
    "metric": "--metric",
}
OPTIONS = {**SHORTCUTS, "split.test_size": "--test-size"}
#: Those of them that take no value.
FLAGS = frozenset({"--no-memory", "--no-cache", "--no-sketch"})


@dataclass(frozen=True)
class Plan:
    """What was typed for the recipe.

    Parameters
    ----------
    recipe : str
        Name or file.
    settings : tuple of str
        As given to ``--set``.
    shortcuts : mapping
        Settings that have an option of their own.
    student : str or None
        The only stage.
    workers : int or None
        How many.
    """

    recipe: str
    settings: tuple[str, ...] = ()
    shortcuts: Mapping[str, Any] = field(default_factory=dict)
    student: str | None = None
    workers: int | None = None

    def read(self, **shortcuts: Any) -> Recipe:
        """Read the recipe and put the options, and further dotted settings, on top.

        Raises
        ------
        RecipeError
            If an option and a setting contradict each other, or there is no such setting.
        """
        from hpmkd.recipe.files import nested_settings, parse_setting
        from hpmkd.recipe.recipe import Recipe

        settings = dict(parse_setting(text) for text in self.settings)
        nested = nested_settings(settings)
        short = {**self.shortcuts, **shortcuts}
        for path, value in short.items():
            _check_agreement(path, value, _lookup(nested, path))
        recipe = Recipe.load(self.recipe)
        if self.workers is not None:
            _check_workers(recipe, nested, short.get("executor.name"), self.workers)
        return recipe.with_options({**settings, **short}, self.student, self.workers)


def _check_agreement(path: str, value: Any, setting: Any) -> None:
    """Refuse a setting that differs from the option that is short for it."""
    from hpmkd.recipe.limits import as_numbers, option

    table, _, name = path.partition(".")
    limit = table == "limits"
    if setting is None or value == (as_numbers({name: setting})[name] if limit else setting):
        return
    short = option(name) if limit else OPTIONS[path]
    typed = short if short in FLAGS else f"{short} {value}"
    raise _contradiction(typed, path, setting)


def _check_workers(
    recipe: Recipe, nested: Mapping[str, Any], executor: str | None, workers: int
) -> None:
    """Refuse several workers of an executor that is one process, or two numbers of them."""
    from hpmkd.errors import RecipeError

    setting = _lookup(nested, "executor.workers")
    if setting is not None and setting != workers:
        raise _contradiction(f"--workers {workers}", "executor.workers", setting)
    name = executor or _lookup(nested, "executor.name")
    if workers > 1 and name in recipe.parallel:
        typed = f"--executor {name}" if executor else f"--set executor.name={name}"
        raise RecipeError(
            f"got {typed} and --workers {workers}; expected one worker, because {name} is one "
            f"process: type --workers 1, or --executor {recipe.parallel[name]} --workers {workers}"
        )


def _contradiction(typed: str, path: str, setting: Any) -> Exception:
    from hpmkd.errors import RecipeError

    return RecipeError(
        f"got {typed} and --set {path}={setting}; expected them to agree: leave one of them out"
    )


def _lookup(nested: Any, path: str) -> Any:
    """Return the setting at a dotted path; None if it is not given."""
    for step in path.split("."):
        if step == "name" and isinstance(nested, str):
            return nested  # executor = "loky" is short for executor.name = "loky"
        if not isinstance(nested, Mapping) or step not in nested:
            return None
        nested = nested[step]
    return nested
