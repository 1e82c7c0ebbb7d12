"""Writes the document of the comparison: what each arm cost, what it gave, claims and targets."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd

from benchmarks.common.pages import filled, frame_table
from benchmarks.grid_vs_hpm.claims import claims, targets
from benchmarks.grid_vs_hpm.pairs import (
    ARMS,
    SHOWN,
    Pairs,
    gain,
    kinds,
    lost_to,
    net_memory,
    students,
    teachers,
)

PAGE = Path(__file__).with_name("page.md")
SCORES = ("accuracy", "f1", "auc", "log_loss", "kl")


def document(found: list[dict]) -> str:
    """Return the whole of it; of sets whose arms are all there."""
    pairs = Pairs(found)
    if not pairs.sets:
        return "no set is complete yet"
    counted = [each for each in found if each["arm"] == "counted"]
    return filled(
        PAGE,
        seeds="one seed" if pairs.seeds == 1 else f"{pairs.seeds} seeds",
        targets=frame_table(targets(pairs)),
        claims=frame_table(claims(pairs)),
        costs=frame_table(costs(pairs)),
        reasons=reasons(pairs),
        scores=frame_table(scores(pairs)),
        picks=picks(pairs),
        robustness=frame_table(robustness(pairs)),
        calls=frame_table(calls(counted[0])) if counted else "Not counted yet.",
    )


# ------------------------------------------------------------------------------- what it cost


def costs(pairs: Pairs) -> pd.DataFrame:
    """Return models, CPU seconds, memory and calls, by set and arm."""
    return pd.DataFrame([_cost(pairs, name, arm) for name in pairs.sets for arm in SHOWN])


def _cost(pairs: Pairs, name: str, arm: str) -> dict[str, str]:
    return {
        "set": pairs.size(name),
        "method": SHOWN[arm],
        "models": f"{pairs.of(arm, 'models')[name]:.0f}",
        "CPU s": f"{pairs.of(arm, 'cpu')[name]:.1f}",
        "of them teachers": f"{teachers(pairs, arm)[name]:.1f}",
        "students": f"{students(pairs, arm)[name]:.1f}",
        "idle CPU s": f"{pairs.of('idle', 'cpu')[name]:.1f}",
        "peak MB": f"{pairs.of(arm, 'peak_mb')[name]:.0f}",
        "idle MB": f"{pairs.of('idle', 'peak_mb')[name]:.0f}",
        "peak − idle": f"{net_memory(pairs, arm)[name]:.0f}",
        "teacher calls": f"{pairs.of(arm, 'teacher_calls')[name]:.0f}",
    }


# ------------------------------------------------------------------------------- what it gave


def reasons(pairs: Pairs) -> str:
    """Say where the CPU seconds and the memory go: medians over the sets."""
    cpu, fitted = pairs.of("hpm", "cpu"), students(pairs, "hpm")
    share = {arm: 100 * (teachers(pairs, arm) / pairs.of(arm, "cpu")).median() for arm in ARMS}
    rest = 100 * ((cpu - teachers(pairs, "hpm") - fitted) / cpu).median()
    each = {arm: students(pairs, arm) / pairs.of(arm, "models") for arm in SHOWN}
    dearer = {arm: (each[arm] / each["standard"]).median() for arm in ("hpm", "bare")}
    bare = (pairs.of("standard", "cpu") / pairs.of("bare", "cpu")).median()
    peak = (net_memory(pairs, "bare") / net_memory(pairs, "standard")).median()
    fewer = (pairs.of("standard", "models") / pairs.of("hpm", "models")).median()
    text = (
        f"Where it goes, as medians over the sets. The teachers are {share['hpm']:.0f} % of "
        f"hpm's CPU and {share['standard']:.0f} % of the grid's; imports, the controls of the "
        f"verdict and measuring are {rest:.0f} % of hpm's. It trains {fewer:.0f} times fewer "
        f"models, and one of them takes {dearer['hpm']:.1f} times the CPU of one of the grid's: "
        "it is trained on made rows as well, up to five for each training row. Without them it "
        f"would be {dearer['bare']:.1f} times, the whole run {bare:.1f} times cheaper than the "
        f"grid, and the peak {peak:.2f} of the grid's."
    )
    return textwrap.fill(text, 98)


def scores(pairs: Pairs) -> pd.DataFrame:
    """Return the scores of each method's student, by set; then the mean differences."""
    lines = []
    for name in pairs.sets:
        for arm in SHOWN:
            first = pairs.arms[name][0][arm]
            line = {"set": name, "method": SHOWN[arm], "student": _student(first)}
            line |= {key: f"{pairs.of(arm, key)[name]:.4f}" for key in SCORES}
            line["bytes"] = f"{pairs.of(arm, 'bytes')[name]:,.0f}"
            line["teacher's accuracy"] = f"{pairs.of(arm, 'teacher_accuracy')[name]:.4f}"
            fused = pairs.values(arm, lambda each: each["ensemble_accuracy"] or float("nan"))[name]
            line["ensemble's accuracy"] = "" if fused != fused else f"{fused:.4f}"
            lines.append(line)
    for how in ("mean", "median"):
        line = {"set": f"**hpm − standard, {how}**", "method": "", "student": ""}
        lines.append(line | {key: f"{getattr(gain(pairs, key), how)():+.4f}" for key in SCORES})
    return pd.DataFrame(lines).fillna("")


def _student(arm: dict) -> str:
    after = f" after {arm['after']}" if arm["after"] else ""
    soft = f", T {arm['temperature']:g}" if arm["alpha"] else ""
    return f"{arm['chosen']}{after}, alpha {arm['alpha']:g}{soft}"


def picks(pairs: Pairs) -> str:
    """Say how often which student is the better one, and what the grid picked."""
    loss, n = gain(pairs, "log_loss"), len(pairs.sets)
    picked = [arms["standard"] for drawn in pairs.arms.values() for arms in drawn]
    soft = [arm for arm in picked if arm["alpha"] > 0]
    text = (
        f"The log loss of hpm's student is the lower one in {(loss < 0).sum()} of {n} sets and the "
        f"higher one in {(loss > 0).sum()}, by {loss.mean():+.4f} nats on average. Of the grid's "
        f"{len(picked)} picks {len(soft)} are trained on the teacher, "
        f"{sum(arm['temperature'] != 1 for arm in soft)} of them at a temperature other than 1, "
        "which hpm does not try (`search.temperatures`). What the search alone loses is measured "
        "in [search.md](search.md), on more sets and seeds."
    )
    return textwrap.fill(text, 98)


def robustness(pairs: Pairs) -> pd.DataFrame:
    """Return the loss of accuracy by kind of harm, in percentage points."""
    lines = []
    for name in pairs.sets:
        for arm in ARMS:
            lost = {kind: lost_to(pairs, arm, kind)[name] for kind in kinds(pairs)}
            lines.append(
                {"set": name, "method": arm} | {k: f"{100 * v:.2f}" for k, v in lost.items()}
            )
    for arm in ARMS:
        mean = {kind: f"{100 * lost_to(pairs, arm, kind).mean():.2f}" for kind in kinds(pairs)}
        lines.append({"set": "**mean**", "method": arm} | mean)
    return pd.DataFrame(lines)


def calls(counted: dict) -> pd.DataFrame:
    """Return the calls of the counting teacher."""
    rows = [
        ("a grid without cache", counted["naive_fits"], counted["naive_calls"], ""),
        *((arm, "", counted[f"{arm}_calls"], counted[f"{arm}_all_calls"]) for arm in ARMS),
    ]
    names = ["method", "fits", "calls of the teacher", "with those of the reference panel"]
    return pd.DataFrame(rows, columns=names)
