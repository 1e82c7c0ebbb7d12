"""The page about the meta scheduler: what it does, and the tables that say what it is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

CHOSEN, UNTUNED = "constant, alpha chosen", "constant, untuned"
META, META_CHOSEN, BOUND = "meta", "meta, alpha chosen", "best constant, by the test rows"
#: Arms in the order of the tables, and how many students are fitted to choose a softening.
ARMS = {
    "hard labels": 0, CHOSEN: 4, UNTUNED: 0, "anneal": 0, META: 0, "meta, reach 4": 0,
    META_CHOSEN: 4, BOUND: 13,
}  # fmt: skip
#: Differences of log loss below this are ties: rounding between two ways to the same student.
TIE = 1e-4

ABOUT = """# The scheduler `meta`: alpha and temperature that helped on other data

```console
$ hpmkd distill adult.csv --target income --set scheduler=meta --out runs/meta
```

`MetaTemperatureScheduler` is the proposal's: it moves alpha and T, round by round, to where they
promise the least regret. It is part of `--recipe proposal` and of no other recipe; the tables below
say why. This page is written by `python benchmarks/meta.py --markdown docs/meta.md`.

## What it predicts from

The [memory](memory.md) tells it, before the search, what became of configurations on other data
sets (`Scheduler.learn`). Stage by stage it fits a ridge regression of the regret: log loss less
the mean of the trials with the same hyperparameters on the same data, over the standard deviation
of that data set. So hyperparameters, which count for more than softening, cannot be taken for it;
a trial whose hyperparameters no other trial shares tells nothing. Columns are α, α², α·log T and
α·(log T)², by themselves and times each of

* the facts of the data: log of rows, columns and classes, balance of the classes, noise (the share
  of rows that the teachers get wrong out of fold) and regime;
* the state of the fit: how far the student's log loss is above its teacher's on the training rows
  (`gap`), KL(teacher ‖ student) (`kl`), and the change of the loss per round (`trend`). What was
  learned from are states at the end of fits; so they are multiplied by the share of the rounds
  that are done. The stages compute them only for a scheduler that varies.

Facts and states are scaled to the data sets learned from and cut off at two standard deviations.
The strength of the ridge, and how much facts and states may matter, are chosen by leaving out one
data set after the other.

## When it falls back

For a stage it does as `constant` does (softening as configured) while

* fewer than `scheduler.least_sets` (3) other data sets, or fewer than `scheduler.least_outcomes`
  (30) outcomes of the stage, share hyperparameters with another trial of their data set;
* or its predictions for data sets that are left out are not better, by two standard errors over
  the sets, than saying that softening does not matter.

An unlearned `meta` still hears how the fits go, and so does the memory. Whatever it did to a trial,
the memory is told the alpha and T that the trial was taught with, on average over its rounds.

## What alpha and T of a configuration mean under it

They are where it starts. It multiplies each by one of five factors from 1 / `scheduler.reach` to
`scheduler.reach` (2), as long as the result is within what was tried elsewhere, and keeps what is
configured if nothing promises less. Thus a search over alpha and T is not wasted: configurations
more than a factor of four apart never meet, and a softening of a coarse grid is refined. To spare
that search, give it one start: `search.temperatures = [1.0]`, `search.alphas.self = [0.0, 0.5]`.

Alpha stays 0 where it is 0 (the control hears of no teacher) and is never raised where the
teachers leak. The trials of the run teach it nothing: what is chosen is fitted once more at the
end, and has to be the student that was chosen. So the number of workers does not matter either.
"""

METHOD = """
## Does it pay?

{sets} real sets × {seeds} draws of rows, at most 1,500 to train on and 4,000 to test on; the
default panel cross-fitted, calibrated and fused, no made rows; the stages `gbm` and `xgboost` with
their default hyperparameters. On each set a search of 3 hyperparameter draws × 8 random softenings
(alpha in [0, 1], T in [0.5, 3]) per stage fills the memory. `meta` learns from the other sets alone
and starts from alpha .5 and T 1, as do `{untuned}` and `anneal`.
`{chosen}` takes alpha from 0, .1, .5 and 1 by the selection rows, as the default
recipe does, at T = 1; `meta, alpha chosen` does so under `meta`, and `meta, reach 4` may move
further. `{bound}` looks at the test rows: the best of 13 softenings
that stand still, to show how much there is to be had.

Log loss in nats, negative is better; accuracy in percentage points, positive is better. Mean ±
standard error over the sets (each the mean of its draws); wins, ties and losses over all draws,
in log loss.
"""


def written(found: pd.DataFrame) -> str:
    """Return the page; `found` has a line per set, seed, stage and arm."""
    n_sets, n_seeds = found["set"].nunique(), found["seed"].nunique()
    method = METHOD.format(sets=n_sets, seeds=n_seeds, untuned=UNTUNED, chosen=CHOSEN, bound=BOUND)
    title = "### Every set: {} on the test rows, mean of the draws\n\n"
    return "\n".join(
        [
            ABOUT,
            method,
            verdict(found),
            *(f"### Against `{base}`\n\n{differences(found, base)}" for base in (CHOSEN, UNTUNED)),
            title.format("log loss") + every_set(found, "log_loss"),
            title.format("accuracy in %") + every_set(found, "accuracy"),
            moves(found),
        ]
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
    """Say in words whether it pays, from the differences and their standard errors."""
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
    said = "**It pays.**" if all(better) else "**It does not pay, and stays out of the default.**"
    return (
        f"{said} `meta` had learned enough to\nmove anything in {learned:.0%} of the fits. Log "
        "loss (two standard errors decide):\n\n" + "\n".join(lines) + "\n\nWhoever could read the "
        "best softening that stands still off the test rows\nwould gain "
        + " and ".join(f"{-bound:.4f}" for bound in bounds)
        + f" over `{UNTUNED}`:\nthat is all that one softening per data set can bring, and part of "
        "it is luck on those very rows.\n"
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


def table(header: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Write a table in Markdown."""
    rows = [header, ("---",) * len(header), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _lines(means: pd.DataFrame):
    return [(at, tuple(line)) for at, line in zip(means.index, means.to_numpy(), strict=True)]
