"""The page of whole runs against their rivals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmarks.common.pages import failures, filled, number, table
from benchmarks.rivals.aims import CPU_AIM, aims
from benchmarks.rivals.compare import OURS, OWN, SINGLE, Whole
from benchmarks.rivals.ours import POOL
from benchmarks.students.compare import RIVAL

PAGE = Path(__file__).with_name("page.md")
NAMES = {
    RIVAL: "XGBoost, tuned: the rival",
    "xgboost": "XGBoost, defaults",
    "xgboost stopped": "XGBoost, early stopping",
    "lightgbm": "LightGBM, defaults",
    "lightgbm stopped": "LightGBM, early stopping",
    "hpm": "**hpm, what ships**",
    SINGLE: "hpm, one student",
    POOL.format(OURS): "hpm, pool",
    "hpm real": "hpm with real rows, what ships",
    "hpm real, single": "hpm with real rows, one student",
    "hpm real, pool": "hpm with real rows, pool",
    "autogluon distill": "AutoGluon, `distill()`",
    "deepbridge": "deepbridge-distillation",
}
#: Left out of the picture, which compares what people would use.
NOT_DRAWN = {SINGLE, POOL.format(OURS), *(name for name in OWN if name.startswith("hpm real"))}
NOT_DRAWN |= {name for name in OWN if name.endswith((", single", ", pool"))}


def report(frame: pd.DataFrame, before: pd.DataFrame, main: int, facts: Mapping[str, str]) -> str:
    """Return the page: all numbers of rows, the main one first."""
    sizes = sorted(frame.rows.unique(), key=lambda n: (n != main, n))
    parts = {n: _whole(frame, before, n) for n in sizes}
    first = parts[sizes[0]]
    sections = [section for n, draws in parts.items() for section in _sections(n, draws)]
    sections += [f"## Aims at {n:,} rows\n\n{aims(parts[n])}" for n in sizes[1:]]
    return filled(
        PAGE,
        **facts,
        main=f"{sizes[0]:,}",
        aims=aims(first),
        cost=cost(parts),
        failed=failures(frame, NAMES),
        sections="\n\n".join(sections),
    )


def drawn(frame: pd.DataFrame, before: pd.DataFrame, main: int) -> pd.DataFrame:
    """Return log losses relative to the rival's for the picture: of arms that all sets have."""
    draws = _whole(frame, before, main)
    losses = pd.DataFrame({arm: draws.relative(arm, RIVAL) for arm in draws.arms})
    shown = losses.drop(columns=[name for name in losses if name in NOT_DRAWN])
    shown = shown.dropna(axis=1)
    return shown.rename(columns={name: plain(NAMES.get(name, name)) for name in shown})


def _whole(frame: pd.DataFrame, before: pd.DataFrame, rows: int) -> Whole:
    old = before[before.rows == rows] if len(before) else before
    return Whole(frame[frame.rows == rows], old)


def _sections(rows: int, draws: Whole) -> list[str]:
    return [
        f"## {rows:,} training rows",
        counts(draws),
        against_rival(draws),
        tests(draws),
        by_set(draws),
        choices(draws),
    ]


def counts(draws: Whole) -> str:
    """Return the number of draws, and of rows per set."""
    lines = draws.frame[draws.frame.arm == OURS]
    rows = [
        (name, len(part), *part.n.iloc[0], int(part.n_classes.iloc[0]))
        for name, part in lines.groupby("set", sort=False)
    ]
    return table(["set", "draws", "training", "test", "real", "K"], rows)


def against_rival(draws: Whole) -> str:
    """Return what each arm reaches and costs beside the rival."""
    rows = []
    for arm in draws.arms:
        relative, (won, pairs) = draws.relative(arm, RIVAL), draws.won(arm, RIVAL)
        accuracy = draws.paired(arm, RIVAL, "accuracy")
        rows.append(
            [
                NAMES.get(arm, arm),
                *(number(value, "+.1%") for value in (relative.mean(), relative.median())),
                f"{won} of {pairs}",
                number(100 * (accuracy[arm] - accuracy[RIVAL]).mean(), "+.2f"),
                number(draws.ratio(arm, RIVAL, "bytes").mean(), ".3f"),
                number(draws.means(arm, "bytes").mean() / 1e3, ".1f"),
                number(draws.means(arm, "row_us").mean(), ".1f"),
                number(draws.ratio(arm, RIVAL, "seconds").mean(), ".2f"),
                number(draws.means(arm, "seconds").mean(), ".1f"),
                number(draws.values(arm, "models").max(), ".0f"),
                number(draws.values(arm, "teacher_fits").max(), ".0f"),
            ]
        )
    header = ["log loss relative to the rival's", "mean", "median", "won", "accuracy, points"]
    header += ["bytes / rival's", "KB", "µs a row", "CPU / rival's", "CPU s"]
    return table([*header, "models, most", "teacher fits, most"], rows)


def tests(draws: Whole) -> str:
    """Return what ships against every other arm: differences, and whether they are chance."""
    rows = []
    for arm, (p, adjusted) in draws.against(OURS).items():
        relative, (won, pairs) = draws.relative(OURS, arm), draws.won(OURS, arm)
        cells = [number(value, "+.1%") for value in (relative.mean(), relative.median())]
        cells += [f"{won} of {pairs}", str(len(relative))]
        cells += [number(value, ".3f") or "too few sets" for value in (p, adjusted)]
        rows.append([NAMES.get(arm, arm), *cells])
    header = ["what hpm ships, against", "mean", "median", "won", "sets", "Wilcoxon p", "Holm p"]
    return table(header, rows)


def by_set(draws: Whole) -> str:
    """Return mean log losses: the rival's as it is, others relative to it, set by set."""
    rival = draws.means(RIVAL, "log_loss")
    rows = [["the rival's", *(number(rival.get(each), ".4f") for each in draws.sets)]]
    for arm in draws.arms:
        if arm != RIVAL:
            found = draws.relative(arm, RIVAL)
            cells = [number(found.get(each), "+.1%") for each in draws.sets]
            rows.append([NAMES.get(arm, arm), *cells])
    return table(["test log loss", *draws.sets], rows)


def choices(draws: Whole) -> str:
    """Return what runs reported, what they shipped, and how well they chose."""
    rows = []
    for arm in ("hpm", "hpm real", "proposal", "grid"):
        lines = draws.frame[draws.frame.arm == arm]
        if len(lines):
            said, ships = lines.verdict.value_counts(), lines.ships.value_counts()
            rows.append(
                [
                    NAMES.get(arm, arm),
                    *(said.get(each, 0) for each in ("pays", "no difference", "hurts")),
                    *(ships.get(each, 0) for each in ("single", "pool")),
                    *(number(value, ".4f") for value in (lines.regret.mean(), lines.regret.max())),
                ]
            )
    _, old = draws.regrets()
    if len(old):
        figures = [number(value, ".4f") for value in (old.mean(), old.max())]
        rows.append(["hpm, the engine before", *[""] * 5, *figures])
    header = ["runs", "pays", "no difference", "hurts", "ships one", "ships a pool"]
    return table([*header, "regret, mean", "regret, most"], rows)


def cost(parts: Mapping[int, Whole]) -> str:
    """Return the CPU of a run relative to the rival's, by number of rows; the aim is on all."""
    arms = ["hpm", "hpm real", "proposal", "grid", "autogluon distill"]
    rows = []
    for arm in arms:
        ratios = {n: draws.ratio(arm, RIVAL, "seconds") for n, draws in parts.items()}
        together = pd.concat(list(ratios.values()))
        if len(together):
            cells = [number(ratios[n].mean(), ".2f") for n in sorted(parts)]
            rows.append([NAMES.get(arm, arm), *cells, number(together.mean(), ".2f")])
    header = ["CPU / the rival's", *(f"{n:,} rows" for n in sorted(parts))]
    return table([*header, f"all (aim: ≤ {CPU_AIM:.0f})"], rows)


def plain(name: str) -> str:
    """Return a name without Markdown."""
    return name.replace("*", "").replace("`", "")
