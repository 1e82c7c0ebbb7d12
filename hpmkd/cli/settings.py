"""What a user said about the recipe: options, and settings given with ``--set``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.recipe.recipe import Recipe

#: The options that are short for a setting; a limit has the option of its name.
OPTIONS = {
    "executor.name": "--executor",
    "budget.models": "--budget-models",
    "budget.seconds": "--budget-seconds",
    "budget.trial_seconds": "--trial-timeout",
    "memory.name": "--no-memory",
    "split.test_size": "--test-size",
}
#: Those of them that take no value.
FLAGS = frozenset({"--no-memory"})


@dataclass(frozen=True)
class Plan:
    """What a user said about the recipe.

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
            If what was said contradicts itself, or there is no such setting.
        """
        from hpmkd.recipe.files import parse_setting
        from hpmkd.recipe.recipe import Recipe

        given = dict(parse_setting(text) for text in self.settings)
        short = {**self.shortcuts, **shortcuts}
        for path, value in short.items():
            _check_agreement(given, path, value)
        recipe = Recipe.load(self.recipe)
        if self.workers is not None:
            _check_workers(recipe, given, short, self.workers)
        return recipe.with_options({**given, **short}, self.student, self.workers)


def _check_agreement(given: Mapping[str, Any], path: str, value: Any) -> None:
    """Refuse a setting that says something else than the option that is short for it."""
    from hpmkd.errors import RecipeError
    from hpmkd.recipe.limits import as_numbers, option

    said = _said(given, path)
    table, _, name = path.partition(".")
    if table == "limits":
        same = said is None or as_numbers({name: said})[name] == value
    else:
        same = said is None or said == value
    if same:
        return
    short = option(name) if table == "limits" else OPTIONS[path]
    typed = short if short in FLAGS else f"{short} {value}"
    raise RecipeError(
        f"got {typed} and --set {path}={said}; expected them to agree: leave one of them out"
    )


def _check_workers(
    recipe: Recipe, given: Mapping[str, Any], short: Mapping[str, Any], workers: int
) -> None:
    """Refuse a number of workers that what was named besides has no room for."""
    from hpmkd.errors import RecipeError

    said = _said(given, "executor.workers")
    if said is not None and said != workers:
        raise RecipeError(
            f"got --workers {workers} and --set executor.workers={said}; expected them to agree: "
            "leave one of them out"
        )
    name, path = short.get("executor.name"), "executor.name"
    typed = f"{OPTIONS[path]} {name}"
    if name is None:
        name = _said(given, path)
        typed = f"--set {path}={name}"
    if workers > 1 and name in recipe.parallel:
        raise RecipeError(
            f"got {typed} and --workers {workers}; expected one worker, for {name} is one process: "
            f"type --workers 1, or --executor {recipe.parallel[name]} --workers {workers}"
        )


def _said(given: Mapping[str, Any], path: str) -> Any:
    """Return what was given for a dotted setting; None if nothing was."""
    from hpmkd.recipe.files import nested_settings

    found: Any = nested_settings(given)
    for step in path.split("."):
        if step == "name" and isinstance(found, str):
            return found  # executor = "loky" is short for executor.name = "loky"
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    return found
