"""One run of the benchmark ``cache``, in a process of its own; prints a line of JSON for each run.

python -m benchmarks.cache.one_run phoneme first FOLDER
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import click
from sklearn.ensemble import RandomForestClassifier

import hpmkd
from benchmarks.claims.arm import Clock, Rows, divided, spent
from hpmkd.contracts import Cache
from hpmkd.data.splits import holdout
from hpmkd_defaults.caches.memory import MemoryCache
from hpmkd_defaults.caches.partitioned import IntelligentCache

#: A quarter of them are test rows.
ROWS = 2_000
SEED = 0


class CachedArm(NamedTuple):
    """A run.

    Parameters
    ----------
    recipe : str
        Its name.
    settings : mapping
        What differs from the recipe.
    cached : bool
        Whether it has the cache, with the folder that the runs before it have filled.
    again : bool
        Whether it is run a second time in the same process.
    fitted : bool
        Whether its teacher is a forest that is fitted already, on half of the rows.
    """

    recipe: str = "hpm"
    settings: Mapping[str, Any] = MappingProxyType({})
    cached: bool = True
    again: bool = False
    fitted: bool = False


MEAN = {"fuser": "mean"}
#: In their order, for each leaves files for the next ones.
ARMS = {
    "no cache": CachedArm(cached=False),
    "first": CachedArm(again=True),
    "second": CachedArm(),
    "mean, no cache": CachedArm(settings=MEAN, cached=False),
    "mean": CachedArm(settings=MEAN),
    "proposal, no cache": CachedArm("proposal", cached=False),
    "proposal": CachedArm("proposal"),
    "fitted teacher, no cache": CachedArm(cached=False, fitted=True),
    "fitted teacher": CachedArm(fitted=True),
}
#: The name of the second run in the process of the first one.
SAME_PROCESS = "second, same process"


def cache_of(arm: CachedArm, folder: str) -> Cache:
    """Return the cache of a run; without one, everything is computed on request."""
    if not arm.cached:
        return MemoryCache(max_bytes=0)
    return IntelligentCache(disk=True, folder=folder)


def measured(arm: CachedArm, rows: Rows, cache: Cache, teacher: Any) -> dict[str, Any]:
    """Run it; return counts, and CPU seconds by phase and in all, of the whole process so far."""
    clock = Clock()
    found = hpmkd.distill(
        rows.X,
        rows.y,
        teacher=teacher,
        X_test=rows.X_test,
        y_test=rows.y_test,
        recipe=arm.recipe,
        settings={"teacher": "panel", "memory": "none", **arm.settings},
        seed=SEED,
        cache=cache,
        observers=[clock],
    )
    cost = spent()
    counts = found.counts
    return {
        "cpu": cost["cpu"],
        "peak_mb": cost["peak_mb"],
        "teachers_cpu": clock.phases["teachers"],
        "members": len(found.facts["teachers"]),
        "regions": counts["cache_regions"],
        "rate": counts["cache_rate"],
        "fits": counts["teacher_fits"],
        "calls": counts["teacher_calls"],
        "log_loss": next(each for each in found.records if each.chosen).log_loss,
    }


def runs(name: str, rows: Rows, folder: str) -> Iterator[dict[str, Any]]:
    """Yield what was measured of each run of an arm."""
    arm = ARMS[name]
    cache = cache_of(arm, folder)
    teacher = None
    if arm.fitted:
        theirs, ours = holdout(rows.y, 0.5, SEED)
        forest = RandomForestClassifier(200, random_state=SEED, n_jobs=1)
        teacher = forest.fit(rows.X.iloc[theirs], rows.y[theirs])
        rows = rows._replace(X=rows.X.iloc[ours], y=rows.y[ours])
    first = measured(arm, rows, cache, teacher)
    yield {"arm": name, **first}
    if arm.again:
        again = measured(arm, rows, cache, teacher)
        # Of the second alone: what was imported stays so.
        yield {"arm": SAME_PROCESS, **again, "cpu": again["cpu"] - first["cpu"]}


@click.command()
@click.argument("name")
@click.argument("arm", type=click.Choice(list(ARMS)))
@click.argument("folder")
def main(name: str, arm: str, folder: str) -> None:
    """Run one arm on a set, with a folder of the cache."""
    warnings.simplefilter("ignore")
    rows = divided(name, ROWS, SEED)
    for line in runs(arm, rows, folder):
        click.echo(json.dumps({"set": name, "rows": len(rows.y), **line}))


if __name__ == "__main__":
    main()
