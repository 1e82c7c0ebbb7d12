"""The tables of the chain benchmark, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from chain_targets import TARGETS, by_set, paired, table_of

#: Arms that all others are compared with.
REFERENCES = ("hard A", "naive A", "hard tree", "optuna")
SUMMARY = {
    "accuracy": ("accuracy", 1.0, ".4f"),
    "log_loss": ("log loss", 1.0, ".4f"),
    "tempered": ("at best T", 1.0, ".4f"),
    "kl": ("KL", 1.0, ".4f"),
    "ubj": ("UBJ KB", 1e-3, ".0f"),
    "packed": ("packed KB", 1e-3, ".1f"),
    "seconds": ("seconds", 1.0, ".1f"),
}
TITLES = {
    "self": "Teachers of the same rows, up to 2,000",
    "large": "Teachers of the same rows, up to 20,000",
    "external-300": "Teachers of other rows, 300 labels",
    "external-1000": "Teachers of other rows, 1,000 labels",
}
INTRODUCTION = """# The chain, against every rival

Written by `python benchmarks/chain.py --settings all --sets SETS --arms ARMS --markdown
docs/chain.md`, with the sets and arms below. One thread; three draws per set.
Every figure is from up to 4,000 test rows that nothing else has seen. A mean counts every set
once, a median is over sets, and pairs are (set, draw); below 0 is better in log loss. `hard …`
are controls on hard labels, tuned in step, rounds, leaves and ridge on the selection rows; `naive
…` is KD from the uniform mean of the raw teachers (alpha .5, T 3) with the same candidates and
selection rows; `plain …` is KD from the fused teachers at T 1 without a chain; `optuna` is
XGBoost of 50 … 300 rounds and depth 3 … 10, the best of 40 trials (TPE) by log loss on a holdout
of 25 %, refitted. A is 30 rounds × 12 leaves (8 for K > 8), B 60 × 16, tree a single tree at its
best size. UBJ is XGBoost's file, packed is ours. Seconds are CPU time with the teachers' answers
at hand; `at best T` is after the one temperature that is best on the test rows themselves, a
diagnosis.

`ours …` are built from the engine's own stages, transfers and cross-fits, not from a whole run:
the candidates are those of `chain_ours.py`, and the selection rows choose the least log loss
among them and three hard students of the same size; there is no gate of one standard error. Where
a hard student wins, the answer is `hard A` itself: such pairs are ties, neither won nor lost.
`mix A` is the proposal's chain logistic → tree → gbm, each mixed into the next; its last stage,
xgboost, is left out so that the size is A's. `ours A: step tuned` was added when the others had
been seen.

## What it says

* The single tree gains most: taught by teachers and munge rows it loses far less against the
  boosted students. The assistant adds nothing beside munge rows (log loss .3193 with it, .3192
  without).
* Students of a teacher from other rows gain as hoped for.
* Student A beats naive distillation clearly and its hard control a little, less than hoped for.
  It does not reach the Optuna-tuned XGBoost, which is some seven times larger. What it loses it
  loses to selection: 500 selection rows choose among candidates that differ by less than their
  error, and now and then by mistake (`segment`, draw 2: .126 where hard labels had .065). The
  teachers themselves are only .016 better than hard A.
* Of its parts, munge rows and the teachers matter: without either nothing is left of the gain.
  Linear start, refits and several kinds of target differ by about .001 in the mean, less than the
  noise of 24 pairs, though each decides a set: the start wins `german` and `satimage` and loses
  `segment`.
* `mix`, the proposal's rule, is worse than hard labels in the mean."""


def report(frame: pd.DataFrame) -> str:
    """Return all tables of the lines of :meth:`chain_results.Results.frame`."""
    parts = [INTRODUCTION, "## Targets", targets(frame)]
    for setting in frame.setting.cat.categories:
        if not (frame.setting == setting).any():
            continue
        parts += [f"## {TITLES[setting]}", summary(frame, setting)]
        for reference in REFERENCES:
            if not ((frame.setting == setting) & (frame.arm == reference)).any():
                continue
            for measure in ("log_loss", "accuracy"):
                name = SUMMARY[measure][0]
                parts.append(f"### {name.capitalize()}, minus that of `{reference}`")
                parts.append(differences(frame, setting, measure, reference))
        parts += ["### Log loss of every set", every_set(frame, setting, "log_loss")]
        parts += ["### UBJ KB of every set", every_set(frame, setting, "ubj")]
    return "\n\n".join(parts) + "\n"


def targets(frame: pd.DataFrame) -> str:
    """Return every promise, what was measured, and whether it is met."""
    header = ["what", "statistic", "target", "measured", "met", "pairs"]
    return markdown(header, [target.row(frame) for target in TARGETS])


def summary(frame: pd.DataFrame, setting: str) -> str:
    """Return the mean of every measure per arm."""
    part = frame[frame.setting == setting]
    rows = []
    for arm in frame.arm.cat.categories:
        lines = part[part.arm == arm]
        if lines.empty:
            continue
        means = lines.groupby("set", observed=True)[list(SUMMARY)].mean().mean()
        cells = [_cell(means[what] * by, form) for what, (_, by, form) in SUMMARY.items()]
        rows.append([arm, *cells, str(len(lines))])
    return markdown(["arm", *(name for name, *_ in SUMMARY.values()), "pairs"], rows)


def differences(frame: pd.DataFrame, setting: str, measure: str, reference: str) -> str:
    """Return per arm: mean, its standard error, median, wins, losses, and every set."""
    sets = [
        name
        for name in frame.set.cat.categories
        if ((frame.setting == setting) & (frame.set == name)).any()
    ]
    sign = -1 if measure == "log_loss" else 1
    rows = []
    for arm in frame.arm.cat.categories:
        pairs = paired(frame, setting, measure, arm, reference)
        if arm == reference or pairs.empty:
            continue
        means = by_set(pairs)
        error = means.std(ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.nan
        better = sign * pairs
        counts = [f"{(better > 0).mean():.0%}", f"{(better < 0).mean():.0%}", str(len(pairs))]
        cells = [_cell(value, "+.4f") for value in (means.mean(), error, means.median())]
        cells[1] = cells[1].lstrip("+")
        each = [_cell(means.get(name, np.nan), "+.4f") for name in sets]
        rows.append([arm, *cells, *counts, *each])
    return markdown(["arm", "mean", "SE", "median", "won", "lost", "pairs", *sets], rows)


def every_set(frame: pd.DataFrame, setting: str, measure: str) -> str:
    """Return the mean of the draws, a line per set, then mean and median."""
    _, by, form = SUMMARY[measure]
    means = by * table_of(frame, setting, measure).groupby(level="set", observed=True).mean()
    rows = [[str(name), *(_cell(v, form) for v in row)] for name, *row in means.itertuples()]
    rows.append(["**mean**", *(_cell(v, form) for v in means.mean(skipna=False))])
    rows.append(["**median**", *(_cell(v, form) for v in means.median(skipna=False))])
    return markdown(["set", *means.columns], rows)


def _cell(value: float, form: str) -> str:
    return "" if pd.isna(value) else format(value, form)


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a table."""
    written = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in written)
