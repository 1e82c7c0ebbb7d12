"""The results of an experiment as one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.deepbridge.experiments.results import CLOSENESS, QUALITY, RUN_COLUMNS
from hpmkd.deepbridge.report import SHOWN, check_type, page_of

if TYPE_CHECKING:
    import pandas as pd

#: Figures of runs that are compared between methods.
COMPARED = (
    *(*QUALITY, *CLOSENESS),
    *("bytes", "cpu_seconds", "models_trained", "teacher_calls", "cache_hits"),
)


def methods(runs: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return mean and median of each method, and over how many divisions of data sets they are.

    Only over those where every method finished: else one that fails on a hard data set
    would seem to be the better one.
    """
    import pandas as pd

    division = ["dataset", "seed"]
    complete = runs["error"].isna().groupby([runs[name] for name in division]).transform("all")
    common, lines = runs[complete], []
    for method, own in common.groupby("method", sort=False):
        verdicts = ", ".join(f"{n} {name}" for name, n in own["verdict"].value_counts().items())
        for what in ("mean", "median"):
            figures = own[list(COMPARED)].astype(float).agg(what)
            lines.append({"method": method, "over runs": what, **figures, "verdicts": verdicts})
    columns = ["method", "over runs", *COMPARED, "verdicts"]
    return pd.DataFrame(lines, columns=columns), len(common[division].drop_duplicates())


def page(runs: pd.DataFrame, configurations: pd.DataFrame, report_type: str) -> str:
    """Return a page that needs nothing else: no network, no other file."""
    check_type(report_type)
    means, n = methods(runs)
    failed = runs[runs["error"].notna()]
    names = [", ".join(map(str, runs[name].drop_duplicates())) for name in ("method", "dataset")]
    lines = [
        f"{len(runs)} runs: {names[0]} on {names[1]}",
        f"{len(failed)} failed" + (": the last column of the runs says why" if len(failed) else ""),
        "Figures describe what each run ships, on the test rows, which no choice in a run uses; "
        "the highest test score of many configurations is optimistic",
    ]
    shown = [name for name in RUN_COLUMNS if name not in ("error", "folder")]
    tables = {
        f"Methods, over {n} divisions of data sets that every method finished": means,
        "Runs": runs[[*shown, *(["error"] if len(failed) else [])]],
        "Configurations": configurations[["dataset", "seed", *SHOWN]].dropna(subset="model_type"),
    }
    return page_of("Distillation experiments", lines, tables, report_type)
