"""What a run is asked, compared with what a finished one was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpmkd.data.dataset import Dataset, make_dataset, separate_test
from hpmkd.data.raw_rows import aligned
from hpmkd.data.seeds import Seeds
from hpmkd.runs.fingerprint import DIVIDED, differences, settings_of

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


def differences_from(
    facts: Mapping[str, Any],
    done: Recipe,
    asked: Recipe,
    seed: int,
    X: Any,
    y: Any,
    X_test: Any = None,
) -> list[str]:
    """Say in what a run that is asked for differs from a finished one, as far as that is kept.

    Parameters
    ----------
    facts : mapping
        Of the finished run: its seed, its target, and size and digest of its rows.
    done, asked : Recipe
        Of the finished run, and of the one that is asked for.
    seed : int
        Of the one that is asked for; so are the rows.
    X, X_test : DataFrame
        Rows with the target; without `X_test`, a share of `X` is what is tested on.
    y : Series or str
        The target, or its name.
    """
    if isinstance(y, str) and facts["target"] not in (None, y):
        return [f"target: was {facts['target']!r}, is {y!r}"]
    dataset = make_dataset(X, y)
    if X_test is None:
        tables = divided(dataset, asked, Seeds.spawn(seed))[0]
    else:
        tables = (dataset, with_test(dataset, X_test, y))
    # A run of before kept no digests: then their numbers have to do.
    kept: Mapping[str, str] = facts.get("digests", {})
    columns, was, now = facts["columns"], {}, {}
    for name, part, table in zip(DIVIDED, ("training", "test"), tables, strict=True):
        digest = table.digest if part in kept else ""
        was[name] = _told(facts["rows"][part], columns, kept.get(part, ""))
        now[name] = _told(len(table), table.facts.n_columns, digest)
    same: dict[str, Any] = {"libraries": {}, "code": {}, "teachers": {}}
    return differences(
        {**same, "seed": facts["seed"], "recipe": settings_of(done), "data": was},
        {**same, "seed": seed, "recipe": settings_of(asked), "data": now},
    )


def _told(rows: int, columns: int, digest: str) -> dict[str, Any]:
    return {"rows": rows, "columns": columns, "digest": digest}
