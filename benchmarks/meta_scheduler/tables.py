"""The page about the meta scheduler: its tables and the verdict on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.common.pages import filled, table

PAGE = Path(__file__).with_name("page.md")

CHOSEN, UNTUNED = "constant, alpha chosen", "constant, untuned"
META, META_CHOSEN, BOUND = "meta", "meta, alpha chosen", "best constant, by the test rows"
#: Arms in the order of the tables, and how many students are fitted to choose a softening.
ARMS = {
    "hard labels": 0, CHOSEN: 4, UNTUNED: 0, "anneal": 0, META: 0, "meta, reach 4": 0,
    META_CHOSEN: 4, BOUND: 13,
}  # fmt: skip
#: Differences of log loss below this are ties: rounding between two ways to the same student.
TIE = 1e-4


def report(found: pd.DataFrame) -> str:
    """Return the page; `found` has a line per set, seed, stage and arm."""
    title = "### Every set: {} on the test rows, mean of the draws\n\n"
    tables = [
        *(f"### Against `{base}`\n\n{differences(found, base)}" for base in (CHOSEN, UNTUNED)),
        title.format("log loss") + every_set(found, "log_loss"),
        title.format("accuracy in %") + every_set(found, "accuracy"),
        moves(found),
    ]
    return filled(
        PAGE,
        sets=found["set"].nunique(),
        seeds=found["seed"].nunique(),
        verdict=verdict(found),
        tables="\n\n".join(tables),
    )


def against(found: pd.DataFrame, stage: str, arm: str, base: str, what: str) -> pd.DataFrame:
    """Return arm minus base, a row per set, a column per seed."""
    own = found[found["stage"] == stage].pivot(index=["set", "seed"], columns="arm", values=what)
    return (own[arm] - own[base]).unstack("seed")


def mean_and_error(table: pd.DataFrame) -> tuple[float, float]:
    """Return the mean over the sets, and its standard error."""
    means = table.mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means)))


def verdict(found: pd.DataFrame) -> str:
    """Write in words whether it pays, from the differences and their standard errors."""
    lines, better = [], []
    for stage in sorted(found["stage"].unique()):
        for arm, base in ((META, CHOSEN), (META, UNTUNED), (META_CHOSEN, CHOSEN)):
            mean, error = mean_and_error(against(found, stage, arm, base, "log_loss"))
            sure = abs(mean) > 2 * error
            word = ("better" if mean < 0 else "worse") if sure else "not different"
            better.append(word == "better")
            compared = f"`{stage}`: `{arm}` against `{base}`"
            lines.append(f"* {compared}: {word} ({mean:+.4f} ± {error:.4f}).")
    bounds = [
        mean_and_error(against(found, stage, BOUND, UNTUNED, "log_loss"))[0]
        for stage in sorted(found["stage"].unique())
    ]
    learned = found[found["arm"] == META]["learned"].mean()
    pays = "**It pays.**" if all(better) else "**It does not pay, and stays out of the default.**"
    gains = " and ".join(f"{-bound:.4f}" for bound in bounds)
    compared = "\n".join(lines)
    return (
        f"{pays} `meta` had learned enough to\nmove anything in {learned:.0%} of the fits. Log "
        f"loss (two standard errors decide):\n\n{compared}\n\n"
        f"The best constant softening, read off the test rows,\nwould gain {gains} over "
        f"`{UNTUNED}`:\nthat is all that one softening per data set can bring, and part of it is "
        "luck on those very rows.\n"
    )


def differences(found: pd.DataFrame, base: str) -> str:
    """Return a table with a row per stage and arm."""
    header = ("stage", "arm", "fits to choose", "log loss", "median", "wins/ties/losses")
    lines = []
    for stage in sorted(found["stage"].unique()):
        for arm, fits in ARMS.items():
            if arm == base:
                continue
            loss = against(found, stage, arm, base, "log_loss")
            right = 100 * against(found, stage, arm, base, "accuracy")
            mean, error = mean_and_error(loss)
            each = loss.to_numpy().ravel()
            score = (np.sum(each < -TIE), np.sum(abs(each) <= TIE), np.sum(each > TIE))
            points, spread = mean_and_error(right)
            lines.append(
                (
                    stage, arm, str(fits), f"{mean:+.4f} ± {error:.4f}", f"{np.median(each):+.4f}",
                    "/".join(map(str, score)), f"{points:+.2f} ± {spread:.2f}",
                    f"{np.median(right.to_numpy()):+.2f}",
                )
            )  # fmt: skip
    return table((*header, "accuracy", "median"), lines)


def every_set(found: pd.DataFrame, what: str) -> str:
    """Return a table with a row per stage and set, a column per arm."""
    means = found.pivot_table(index=["stage", "set"], columns="arm", values=what)[[*ARMS]]
    if what == "accuracy":
        rows = [(*at, *(f"{100 * value:.2f}" for value in line)) for at, line in _lines(means)]
    else:
        rows = [(*at, *(f"{value:.4f}" for value in line)) for at, line in _lines(means)]
    return table(("stage", "set", *ARMS), rows)


def moves(found: pd.DataFrame) -> str:
    """Return what `meta` made of alpha .5 and T 1, set by set."""
    own = found[found["arm"] == META]
    means = own.groupby(["stage", "set"])[["learned", "alpha", "temperature"]].mean()
    rows = [
        (*at, f"{learned:.0%}", f"{alpha:.2f}", f"{temperature:.2f}")
        for at, (learned, alpha, temperature) in _lines(means)
    ]
    title = "### What `meta` made of alpha .5 and T 1\n\nMeans over rounds and draws.\n\n"
    return title + table(("stage", "set", "had learned", "alpha", "T"), rows)


def _lines(means: pd.DataFrame):
    return [(at, tuple(line)) for at, line in zip(means.index, means.to_numpy(), strict=True)]
