"""The tables of the chain benchmark, as Markdown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.chain.targets import TARGETS, by_set, paired, table_of
from benchmarks.common.pages import filled, table

PAGE = Path(__file__).with_name("page.md")

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


def report(frame: pd.DataFrame) -> str:
    """Return the page about the lines of :meth:`Results.frame`."""
    parts = []
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
    return filled(PAGE, targets=targets(frame), settings="\n\n".join(parts))


def targets(frame: pd.DataFrame) -> str:
    """Return every target, what was measured, and whether it is met."""
    header = ["what", "statistic", "target", "measured", "met", "pairs"]
    return table(header, [target.row(frame) for target in TARGETS])


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
    return table(["arm", *(name for name, *_ in SUMMARY.values()), "pairs"], rows)


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
    return table(["arm", "mean", "SE", "median", "won", "lost", "pairs", *sets], rows)


def every_set(frame: pd.DataFrame, setting: str, measure: str) -> str:
    """Return the mean of the draws, a line per set, then mean and median."""
    _, by, form = SUMMARY[measure]
    means = by * table_of(frame, setting, measure).groupby(level="set", observed=True).mean()
    rows = [[str(name), *(_cell(v, form) for v in row)] for name, *row in means.itertuples()]
    rows.append(["**mean**", *(_cell(v, form) for v in means.mean(skipna=False))])
    rows.append(["**median**", *(_cell(v, form) for v in means.median(skipna=False))])
    return table(["set", *means.columns], rows)


def _cell(value: float, form: str) -> str:
    return "" if pd.isna(value) else format(value, form)
