"""The runs of an experiment: each method on each data set with each seed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

from hpmkd.data.seeds import as_seed
from hpmkd.deepbridge.dataset import DBDataset, as_dataset
from hpmkd.deepbridge.experiments.run import ExperimentRun
from hpmkd.deepbridge.methods import METHODS, NAMES, recipes_of
from hpmkd.errors import DataError, RecipeError

#: What a data set is called that has no name.
UNNAMED = "dataset"
#: What of a name cannot be part of that of a folder on every system.
NOT_IN_FOLDERS = re.compile(r"[^\w.-]+")


def datasets_of(dataset: Any) -> dict[str, DBDataset]:
    """Return data sets by name: one, or a mapping of names to them.

    Raises
    ------
    HpmkdError
        If there are none, one is not valid, or two names are nearly the same.
    """
    if not isinstance(dataset, Mapping):
        only = as_dataset(dataset)
        return {str(only.dataset_name or UNNAMED): only}
    if not dataset:
        raise RecipeError(
            "dataset: got no data sets; expected a DBDataset, or a mapping of names to them"
        )
    found: dict[str, DBDataset] = {}
    for name, each in dataset.items():
        try:
            found[str(name)] = as_dataset(each)
        except DataError as error:
            raise DataError(f"data set {name!r}: {error}") from error
    folders = Counter(map(folder_name, map(str, dataset)))
    if shared := [str(name) for name in dataset if folders[folder_name(str(name))] > 1]:
        raise RecipeError(
            f"dataset: the names {', '.join(map(repr, shared))} stand for the same folder; "
            "expected names that differ in letters or digits"
        )
    return found


def folder_name(name: str) -> str:
    """Return the folder of a data set: its name in small letters, without odd characters."""
    folder = NOT_IN_FOLDERS.sub("-", name).strip("-.").lower()
    if not folder:
        raise RecipeError(f"dataset: got the name {name!r}; expected letters or digits in it")
    return folder


def methods_of(methods: Any) -> tuple[str, ...]:
    """Return the names of methods; each is a run of its own.

    Raises
    ------
    RecipeError
        If one is unknown, is named twice, or runs two recipes; if there are none.
    """
    named = [methods] if isinstance(methods, str) else _listed("methods", methods)
    found = []
    for name in named:
        recipes = recipes_of(name)
        if len(recipes) > 1:
            own = ", ".join(repr(NAMES[each]) for each in recipes)
            raise RecipeError(f"methods: {name!r} is several runs; name each: {own}")
        found.append(NAMES[recipes[0]])
    known = ", ".join(name for name, recipes in METHODS.items() if len(recipes) == 1)
    return _each_once("methods", found, f"some of {known}, each once (legacy is standard)")


def seeds_of(seeds: Any) -> tuple[int, ...]:
    """Return seeds; a RecipeError, if one is invalid or named twice, or if there are none."""
    named = [seeds] if isinstance(seeds, Integral) else _listed("seeds", seeds)
    return _each_once("seeds", [as_seed(each, "seeds") for each in named], "integers, each once")


def runs_of(
    datasets: Iterable[str], methods: Iterable[str], seeds: Iterable[int], folder: Path | None
) -> list[ExperimentRun]:
    """Return the runs, data set by data set; each in a folder of its own, if there is one."""
    return [
        ExperimentRun(
            name,
            method,
            seed,
            None if folder is None else folder / folder_name(name) / f"seed-{seed}" / method,
        )
        for name in datasets
        for seed in seeds
        for method in methods
    ]


def _listed(argument: str, values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise RecipeError(f"{argument}: got {values!r}; expected a list")
    return [*values]


def _each_once(argument: str, values: list[Any], expected: str) -> tuple[Any, ...]:
    repeated = [str(value) for value, n in Counter(values).items() if n > 1]
    if repeated or not values:
        got = f"{', '.join(repeated)} more than once" if repeated else "none"
        raise RecipeError(f"{argument}: got {got}; expected {expected}")
    return tuple(values)
