"""What a run is asked to do, compared with what a finished one did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpmkd.data.dataset import Dataset, make_dataset, separate_test
from hpmkd.data.raw_rows import aligned
from hpmkd.data.seeds import Seeds
from hpmkd.runs.fingerprint import DIVIDED, describe_table, differences, settings_of

if TYPE_CHECKING:
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.values import IntArray


def with_test(training: Dataset, X_test: Any, target: Any) -> Dataset:
    """Return test rows that were given, with the classes and the columns of the training rows."""
    test = make_dataset(X_test, target, classes=training.classes)
    return replace(test, whole=aligned(test.table, training.table))


def divided(
    dataset: Dataset, recipe: Recipe, seeds: Seeds
) -> tuple[tuple[Dataset, Dataset], tuple[IntArray, IntArray]]:
    """Return training and test rows of a data set, and their numbers in it."""
    parts = separate_test(dataset, recipe.split.test_size, seeds.test)
    return (dataset.rows(parts[0]), dataset.rows(parts[1])), parts


def diff_with_finished_run(
    facts: Mapping[str, Any],
    finished: Recipe,
    requested: Recipe,
    seed: int,
    X: Any,
    y: Any,
    X_test: Any = None,
) -> list[str]:
    """Say in what a requested run differs from a finished one, as far as its folder tells.

    Parameters
    ----------
    facts : mapping
        Of the finished run: its seed, its target, and size and digest of its rows.
    finished, requested : Recipe
        Of the two runs.
    seed : int
        Of the requested one; so are the rows.
    X, X_test : DataFrame
        Rows with the target; without `X_test`, a share of `X` is what is tested on.
    y : Series or str
        The target, or its name.
    """
    if isinstance(y, str) and facts["target"] not in (None, y):
        return [f"target: was {facts['target']!r}, is {y!r}"]
    dataset = make_dataset(X, y)
    if X_test is None:
        tables = divided(dataset, requested, Seeds.spawn(seed))[0]
    else:
        tables = (dataset, with_test(dataset, X_test, y))
    was = {
        name: {
            "rows": facts["rows"][part],
            "columns": facts["columns"],
            "digest": facts["digests"][part],
        }
        for name, part in zip(DIVIDED, ("training", "test"), strict=True)
    }
    now = {name: describe_table(each) for name, each in zip(DIVIDED, tables, strict=True)}
    same: dict[str, Any] = {"libraries": {}, "code": {}, "teachers": {}}
    return differences(
        {**same, "seed": facts["seed"], "recipe": settings_of(finished), "data": was},
        {**same, "seed": seed, "recipe": settings_of(requested), "data": now},
    )
