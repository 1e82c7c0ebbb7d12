"""Tables of the benchmark ``cache``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean

from benchmarks.cache.one_run import ROWS, SAME_PROCESS
from benchmarks.claims.calls import grid_points
from benchmarks.common.pages import filled, table

PAGE = Path(__file__).with_name("page.md")
REGIONS = ("teacher", "feature", "attention")
ASKED = ("hits", "misses")
COUNTED = ("fits", "calls")
#: In the order of the tables, with the run without a cache that each is compared with.
BASELINES = {
    "no cache": "no cache",
    "first": "no cache",
    SAME_PROCESS: "no cache",
    "second": "no cache",
    "mean, no cache": "mean, no cache",
    "mean": "mean, no cache",
    "proposal, no cache": "proposal, no cache",
    "proposal": "proposal, no cache",
    "fitted teacher, no cache": "fitted teacher, no cache",
    "fitted teacher": "fitted teacher, no cache",
}
#: The proposal's claim on redundant calculations, in percent.
CLAIM = 95
Run = dict


def document(lines: Iterable[Run], encoding: str, missing: Sequence[str] = ()) -> str:
    """Return the measured part of the page.

    Parameters
    ----------
    lines : iterable of dict
        What ``one_run`` printed, of whole sets.
    encoding : str
        The table of what the region ``feature`` saves.
    missing : sequence of str
        Sets that are not run yet.
    """
    by_set: dict[str, dict[str, Run]] = {}
    for line in lines:
        by_set.setdefault(line["set"], {})[line["arm"]] = line
    grid = sum(1 for _ in grid_points(ROWS, 0))
    sizes = ", ".join(f"{name} {arms['first']['rows']:,}" for name, arms in by_set.items())
    return filled(
        PAGE,
        sizes=sizes,
        missing=f" Not run yet: {', '.join(missing)}." if missing else "",
        hits=table(HIT_COLUMNS, _hit_lines(by_set)),
        saved=table(SAVED_COLUMNS, _saved_lines(by_set, grid)),
        grid=grid,
        claimed=CLAIM,
        first=_first_run(by_set),
        fitted=_fitted(by_set),
        second=_second_run(by_set),
        others=_other_recipes(by_set),
        claim=_claim(by_set, grid),
        encoding=encoding,
    )


HIT_COLUMNS = ("set", "run", *REGIONS, "all", "teacher fits", "teacher calls")
HIT_COLUMNS += ("CPU s, phase teachers", "CPU s, whole run", "peak MB")


def _hit_lines(by_set: dict[str, dict[str, Run]]) -> Iterable[Iterable[object]]:
    for name, arms in by_set.items():
        for arm in BASELINES:
            run = arms[arm]
            regions = [_region(_region_counts(run, region)) for region in REGIONS]
            costs = [f"{run[each]:.1f}" for each in ("teachers_cpu", "cpu")]
            counts = (run["fits"], run["calls"], *costs, f"{run['peak_mb']:.0f}")
            yield name, arm, *regions, f"{run['rate']:.0%}", *counts


def _region_counts(run: Run, region: str) -> dict:
    return run["regions"].get(region, {"hits": 0, "misses": 0, "disk_hits": 0})


def _region(counts: dict) -> str:
    asked = counts["hits"] + counts["misses"]
    if not asked:
        return "not asked"
    disk = f", {counts['disk_hits']} from disk" if counts["disk_hits"] else ""
    return f"{counts['hits']} of {asked} ({counts['hits'] / asked:.0%}{disk})"


#: Figures of a run that are compared with those without a cache.
MEASURED = ("fits", "calls", "teachers_cpu", "cpu")
SAVED_COLUMNS = ("run", "teacher fits saved", "teacher calls saved", "CPU of phase teachers saved")
SAVED_COLUMNS += ("CPU of the whole run saved", "calls fewer than the grid's", "… of each member's")


def _saved_lines(by_set: dict[str, dict[str, Run]], grid: int) -> Iterable[Iterable[object]]:
    for arm, baseline in BASELINES.items():
        own = ["–" if arm == baseline else _shares(by_set, arm, each) for each in MEASURED]
        if arm == SAME_PROCESS:
            own[-1] = "–"  # its process has imported everything before
        against = [_percents(_fewer(by_set, arm, grid, members)) for members in (False, True)]
        yield arm, *own, *against


def _saved(by_set: dict[str, dict[str, Run]], arm: str, what: str) -> list[float]:
    """Return by set the share that the cache saves of what the same run takes without it."""
    return [1 - arms[arm][what] / arms[BASELINES[arm]][what] for arms in by_set.values()]


def _fewer(by_set: dict[str, dict[str, Run]], arm: str, grid: int, members: bool) -> list[float]:
    """Return by set the share of the grid's calls that a run does not make."""
    return [
        1 - arms[arm]["calls"] / (grid * (arms[arm]["members"] if members else 1))
        for arms in by_set.values()
    ]


def _shares(by_set: dict[str, dict[str, Run]], arm: str, what: str) -> str:
    return _percents(_saved(by_set, arm, what))


def _percents(shares: Iterable[float]) -> str:
    """Return the mean of shares, and the least and the greatest of them."""
    found = [100 * share for share in shares]
    return f"{mean(found):.1f} % ({min(found):.1f} … {max(found):.1f})"


def _total(by_set: dict[str, dict[str, Run]], arm: str, region: str, what: str) -> int:
    return sum(_region_counts(arms[arm], region)[what] for arms in by_set.values())


def _first_run(by_set: dict[str, dict[str, Run]]) -> str:
    """Return a sentence on the cache within a first run."""
    hits = {region: _total(by_set, "first", region, "hits") for region in REGIONS}
    asked = sum(hits.values()) + sum(_total(by_set, "first", each, "misses") for each in REGIONS)
    found = ", ".join(f"{n} in `{region}`" for region, n in hits.items() if n)
    return (
        f"{sum(hits.values())} of {asked} look-ups are hits{found and f' ({found})'}. "
        f"Teacher fits saved: {_shares(by_set, 'first', 'fits')}; calls: "
        f"{_shares(by_set, 'first', 'calls')}; CPU of the whole run: "
        f"{_shares(by_set, 'first', 'cpu')}."
    )


def _fitted(by_set: dict[str, dict[str, Run]]) -> str:
    """Return a sentence on a first run with a teacher that is not fitted here."""
    hits, misses = (_total(by_set, "fitted teacher", "teacher", each) for each in ASKED)
    return (
        f"{hits} of {hits + misses} look-ups of its region are hits, and "
        f"{_shares(by_set, 'fitted teacher', 'calls')} of the calls are saved"
    )


def _second_run(by_set: dict[str, dict[str, Run]]) -> str:
    """Return a sentence on a second run, in a new process and in the same one."""
    parts = []
    for arm, where in (("second", "in a new process"), (SAME_PROCESS, "in the same process")):
        fits, calls = (sum(arms[arm][what] for arms in by_set.values()) for what in COUNTED)
        parts.append(
            f"{where} it takes {fits} teacher fits and {calls} teacher calls and saves "
            f"{_shares(by_set, arm, 'teachers_cpu')} of the CPU of the phase `teachers`"
        )
    whole = _shares(by_set, "second", "cpu")
    return f"{parts[0][0].upper()}{parts[0][1:]}, {whole} of the whole run's; {parts[1]}."


def _other_recipes(by_set: dict[str, dict[str, Run]]) -> str:
    """Return a sentence on runs by other recipes."""
    return ". ".join(
        f"`{arm}` finds {_total(by_set, arm, 'teacher', 'hits')} of "
        f"{sum(_total(by_set, arm, 'teacher', each) for each in ASKED)} entries of "
        f"teachers and saves {_shares(by_set, arm, 'calls')} of its calls"
        for arm in ("mean", "proposal")
    )


def _claim(by_set: dict[str, dict[str, Run]], grid: int) -> str:
    """Return a sentence on the calls that the proposal claims the cache saves."""

    def fewer(arm: str, members: bool = False) -> float:
        return 100 * mean(_fewer(by_set, arm, grid, members))

    def share(arm: str, baseline: str) -> str:
        points = fewer(arm) - fewer(baseline)
        return f"{points:.1f} points are the cache's" if points else "nothing is the cache's"

    fitted, alone = "fitted teacher", "fitted teacher, no cache"
    return (
        f"Against a grid that calls the teacher before each of its {grid} fits, a first run with "
        f"the panel makes {fewer('first'):.1f} % fewer calls ({fewer('first', True):.1f} % if each "
        f"member is called), and {fewer('no cache'):.1f} % fewer without any cache: "
        f"{share('first', 'no cache')}. With a fitted teacher it is {fewer(fitted):.1f} %, without "
        f"a cache {fewer(alone):.1f} %: {share(fitted, alone)}. In a second run it is "
        f"{fewer('second'):.1f} %. The claim is {CLAIM} %."
    )
