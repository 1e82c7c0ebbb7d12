"""A requested run, compared with a finished one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpmkd.data.seeds import Seeds
from hpmkd.runs.fingerprint import DIVIDED, describe_table, differences, settings_of

if TYPE_CHECKING:
    from hpmkd.data.given_rows import GivenRows
    from hpmkd.recipe.recipe import Recipe


def diff_with_finished_run(
    facts: Mapping[str, Any],
    finished: Recipe,
    requested: Recipe,
    seed: int,
    rows: GivenRows,
) -> list[str]:
    """Return in what a requested run differs from a finished one, as far as its folder shows.

    Parameters
    ----------
    facts : mapping
        Of the finished run: its seed, its target, and size and digest of its rows.
    finished, requested : Recipe
        Of the two runs.
    seed : int
        Of the requested one; so are the rows.
    rows : GivenRows
        As they were handed in.
    """
    if isinstance(rows.y, str) and facts["target"] not in (None, rows.y):
        return [f"target: was {facts['target']!r}, is {rows.y!r}"]
    tables = rows.divided(requested.split.test_size, Seeds.spawn(seed).test)
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
