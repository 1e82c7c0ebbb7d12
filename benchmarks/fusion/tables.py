"""The tables of the fusion benchmark, as Markdown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.common.pages import filled, table

PAGE = Path(__file__).with_name("page.md")

ARMS = (
    "best single", "uniform", "calibrated uniform", "calibrated", "pool", "attention ungated",
    "attention", "rival",
)  # fmt: skip


def report(lines: list[dict], n_wanted: int) -> str:
    """Return all tables; `n_wanted` is how many lines a complete run has."""
    records = []
    for line in lines:
        record = {what: line[what] for what in ("set", "panel", "seed")}
        for arm, scores in line["arms"].items():
            record |= {(arm, what): value for what, value in scores.items()}
        records.append(record)
    pairs = pd.DataFrame(records)
    parts = []
    for panel in pairs.panel.unique():
        part = pairs[pairs.panel == panel]
        parts += [f"## Panel: {panel}", "Test log loss, mean of the draws:", arms(part, "log_loss")]
        parts += ["Test accuracy:", arms(part, "accuracy")]
        gates = [line["gate"] for line in lines if line["panel"] == panel and line.get("gate")]
        accepted = sum(gate["accepted"] for gate in gates)
        parts.append(f"The gate accepted attention in {accepted} of {len(gates)} pairs.")
    return filled(
        PAGE,
        done=len(lines),
        wanted=n_wanted,
        targets=targets(pairs, lines),
        panels="\n\n".join(parts),
    )


def arms(pairs: pd.DataFrame, what: str) -> str:
    """Return one line per set, then mean, median and the share of pairs that beat uniform."""
    shown = [
        arm for arm in ARMS if (arm, what) in pairs.columns and pairs[(arm, what)].notna().any()
    ]
    values = pairs[[(arm, what) for arm in shown]].set_axis(shown, axis=1)
    by_set = values.groupby(pairs["set"], sort=False).mean()
    better = (
        values.lt(values.uniform, axis=0)
        if what == "log_loss"
        else values.gt(values.uniform, axis=0)
    )
    rows = [[name, *(f"{v:.4f}" for v in row)] for name, *row in by_set.itertuples()]
    rows.append(["**mean**", *(f"{v:.4f}" for v in by_set.mean())])
    rows.append(["**median**", *(f"{v:.4f}" for v in by_set.median())])
    rows.append(["**better than uniform**", *(f"{v:.0%}" for v in better.mean())])
    return table(["set", *shown], rows)


def targets(pairs: pd.DataFrame, lines: list[dict]) -> str:
    """Return every target, what was measured, and whether it is met."""
    rows = []

    def add(what: str, measured: float, target: str, met: bool, form: str = "+.4f") -> None:
        rows.append([what, format(measured, form), target, "yes" if met else "**no**"])

    def against(panel: str, arm: str, other: str) -> pd.Series:
        part = pairs[pairs.panel == panel]
        return (part[(arm, "log_loss")] - part[(other, "log_loss")]).groupby(part["set"]).mean()

    def present(panel: str) -> bool:
        return bool((pairs.panel == panel).any())

    ordinary = pairs[pairs.panel == "generalists"]
    if len(ordinary):
        mean = float(against("generalists", "calibrated", "uniform").mean())
        add("generalists: `calibrated` − uniform", mean, "≤ −0.035", mean <= -0.035)
        won = ordinary[("calibrated", "log_loss")] < ordinary[("uniform", "log_loss")]
        add("… share of pairs won", won.mean(), "≥ 80 %", won.mean() >= 0.8, ".0%")
        for other in ("pool", "calibrated"):
            worse = against("generalists", "attention", other)
            add(
                f"generalists: attention − `{other}`, mean",
                worse.mean(),
                "≤ +0.001",
                worse.mean() <= 0.001,
            )
            add("… worst set", worse.max(), "≤ +0.001", worse.max() <= 0.001)
    if present("specialists"):
        for other in ("calibrated", "pool"):
            gained = against("specialists", "attention", other)
            add(
                f"specialists: attention − `{other}`",
                gained.mean(),
                "≤ −0.025",
                gained.mean() <= -0.025,
            )
            rows.append(["… median", f"{gained.median():+.4f}", "", ""])
    broken = [line["last_weight"] for line in lines if line["panel"] == "broken"]
    for arm in ("calibrated", "pool", "attention") if broken else ():
        most = max(weights[arm] for weights in broken)
        add(f"broken: its greatest weight in `{arm}`", most, "< 5 %", most < 0.05, ".1%")
    if present("full"):
        gained = against("full", "pool", "rival")
        add(
            "full panel in `pool` − rival, mean",
            gained.mean(),
            "≤ −0.010",
            gained.mean() <= -0.01,
        )
        add("… median", gained.median(), "< 0", gained.median() < 0)
    return table(["what", "measured", "target", "met"], rows)
