"""What each method means: a recipe of hpmkd, with the caller's options on top."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from hpmkd.deepbridge.inputs import is_share
from hpmkd.deepbridge.model_types import stages_of
from hpmkd.errors import RecipeError, warn
from hpmkd.recipe.parsing import as_table
from hpmkd.recipe.recipe import Recipe, read_limits
from hpmkd.recipe.resolve import known_settings
from hpmkd.registry.registry import Registry

#: Which recipes a method runs, by its name. DeepBridge calls the standard method legacy.
METHODS: Mapping[str, tuple[str, ...]] = {
    "hpm": ("hpm",),
    "proposal": ("proposal",),
    "standard": ("grid",),
    "legacy": ("grid",),
    "hybrid": ("grid", "hpm"),
    "auto": ("hpm",),
}
#: The recipe of the standard method, which the others may fall back to.
STANDARD = "grid"
#: The method of a row of the results, by its recipe.
NAMES = {"hpm": "hpm", "proposal": "proposal", STANDARD: "standard"}
#: Methods that fall back to the standard one unless that is switched off.
FALL_BACK = ("auto",)
#: How a sampler that has such settings calls the number of configurations that it tunes, and
#: whether hard labels are part of its grid.
CONFIGS, HARD = "configs", "hard"
#: DeepBridge's two ways to teach; both are the same here.
DISTILLATION_METHODS = ("knowledge_distillation", "surrogate")


@dataclass(frozen=True)
class Options:
    """The options of an AutoDistiller that change its recipes; None is as in the recipe."""

    n_trials: int | None = None
    validation_split: float | None = None
    max_configs: int = 16
    parallel_workers: int | None = None
    use_cache: bool = True
    use_memory: bool = True
    progressive: bool = True
    multi_teacher: bool = True
    stages: tuple[str, ...] | None = None
    temperatures: tuple[float, ...] | None = None
    alphas: tuple[float, ...] | None = None
    limits: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("n_trials", "max_configs", "parallel_workers"):
            value = getattr(self, name)
            if value is None and name != "max_configs":
                continue
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise RecipeError(f"{name}: got {value!r}; expected an integer of 1 or more")
        for name in ("use_cache", "use_memory", "progressive", "multi_teacher"):
            check_switch(name, getattr(self, name))
        share = self.validation_split
        if share is not None and not is_share(share):
            raise RecipeError(
                f"validation_split: got {share!r}; expected a share of the training rows between "
                "0 and 1"
            )
        if self.limits is not None:
            read_limits(as_table(self.limits, "limits"))

    def customized(
        self,
        model_types: Iterable[Any] | None,
        temperatures: Iterable[float] | None,
        alphas: Iterable[float] | None,
    ) -> Options:
        """Return options with another grid; None leaves a setting unchanged."""
        tried = self.temperatures if temperatures is None else temperatures_of(temperatures)
        return replace(
            self,
            stages=self.stages if model_types is None else stages_of(model_types),
            temperatures=tried,
            alphas=self.alphas if alphas is None else alphas_of(alphas),
        )


def recipes_of(method: str) -> tuple[str, ...]:
    """Return the recipes that a method runs; a RecipeError lists the methods there are."""
    if not isinstance(method, str) or method not in METHODS:
        raise RecipeError(f"method: got {method!r}; expected one of {', '.join(METHODS)}")
    return METHODS[method]


def recipe_for(name: str, options: Options) -> Recipe:
    """Return a recipe of hpmkd with the caller's options on top."""
    recipe = Recipe.load(name)
    known = _settings_of_sampler(recipe)
    settings: dict[str, Any] = {}
    if CONFIGS in known:
        settings[f"sampler.{CONFIGS}"] = int(options.max_configs)
    if options.n_trials is not None:
        settings["sampler.trials"] = int(options.n_trials)
    if options.validation_split is not None:
        settings["split.selection_size"] = float(options.validation_split)
    if not options.use_cache:
        settings["cache"] = {"name": "memory", "max_bytes": 0}
    if not options.use_memory:
        settings["memory"] = "none"
    if not options.progressive:
        settings["chain"] = []
    if options.multi_teacher:
        settings["teacher"] = "panel"
    else:
        settings |= {"teacher": "quick", "reference": "quick", "ensemble.top": 0}
        if name != STANDARD:
            settings["fuser"] = "calibrated"
    if options.stages is not None:
        settings["stages"] = list(options.stages)
    if options.temperatures is not None:
        settings["search.temperatures"] = list(options.temperatures)
    if options.alphas is not None:
        settings |= {
            f"search.alphas.{each}": [*options.alphas] for each in ("self", "given", "external")
        }
        # The engine forbids to learn from probabilities alone that leak labels.
        settings["search.alphas.leaking"] = [each for each in options.alphas if each < 1] or [0.0]
        if HARD in known:
            settings[f"sampler.{HARD}"] = 0.0 in options.alphas
    if options.limits is not None:
        settings["limits"] = dict(options.limits)
    recipe = recipe.override(settings)
    workers = options.parallel_workers
    return recipe if workers is None else recipe.with_workers(int(workers))


def most_rows(recipe: Recipe, options: Options) -> int | None:
    """Return how many rows a run of a recipe gives at most; None if only its budget bounds them.

    The standard method gives its grid; where the sampler counts configurations itself,
    `max_configs` is its number.
    """
    if recipe.name == STANDARD or CONFIGS in _settings_of_sampler(recipe):
        return None
    return options.max_configs


def _settings_of_sampler(recipe: Recipe) -> list[str]:
    """Return the settings that the sampler of a recipe takes."""
    return known_settings(Registry.installed().offer("sampler", recipe.sampler.name, "sampler"))


def check_distillation_method(method: str | None) -> None:
    """Refuse an unknown way to teach, and warn that a surrogate is none here."""
    if method is not None and method not in DISTILLATION_METHODS:
        known = " or ".join(map(repr, DISTILLATION_METHODS))
        raise RecipeError(f"distillation_method: got {method!r}; expected {known}")
    if method == "surrogate":
        warn(
            "distillation_method='surrogate': every row is fitted at its own temperature and "
            "alpha; for the teacher alone, ask for alphas=[1.0]",
            UserWarning,
        )


def check_switch(name: str, value: Any) -> None:
    """Refuse what is neither true nor false: any text would count as true."""
    if not isinstance(value, (bool, np.bool_, Integral)) or value not in (0, 1):
        raise RecipeError(f"{name}: got {value!r}; expected True or False")


def temperatures_of(values: Any) -> tuple[float, ...]:
    """Return temperatures, each once; raise RecipeError if one is none."""
    return _numbers("temperatures", values, "numbers above 0", lambda each: each > 0)


def alphas_of(values: Any) -> tuple[float, ...]:
    """Return weights of the teacher, each once; raise RecipeError if one is none."""
    expected = "numbers from 0 (labels alone) to 1 (the teacher alone)"
    return _numbers("alphas", values, expected, lambda each: 0 <= each <= 1)


def _numbers(
    name: str, values: Any, expected: str, allowed: Callable[[float], bool]
) -> tuple[float, ...]:
    if isinstance(values, (Real, str)) or not isinstance(values, Iterable):
        values = [values]
    values = list(values)
    for value in values:
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not allowed(float(value)):
            raise RecipeError(f"{name}: got {value!r}; expected {expected}")
    if not values:
        raise RecipeError(f"{name}: got none; expected {expected}")
    return tuple(dict.fromkeys(map(float, values)))
