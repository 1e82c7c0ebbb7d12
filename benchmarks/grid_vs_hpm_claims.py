"""Targets and claims of the comparison, with what was measured beside each."""

from __future__ import annotations

import pandas as pd
from grid_vs_hpm_pairs import (
    ARMS,
    Pairs,
    cpu_ratio,
    fewer_calls,
    gain,
    lost,
    memory_ratio,
    students,
)


def targets(pairs: Pairs) -> pd.DataFrame:
    """Return each target with what was measured, set by set, and by how much it is missed."""
    ratio, fewer, memory = cpu_ratio(pairs), fewer_calls(pairs), memory_ratio(pairs)
    lines = []
    for what, measured, form, bound, missed in (
        ("CPU of standard over that of hpm, ≥ 12", ratio, "{:.1f}", 12, lambda v: 12 / v),
        (
            "teacher calls saved against a grid without cache, ≥ 95 %",
            100 * fewer,
            "{:.1f}",
            95,
            None,
        ),
        (
            "peak memory of hpm over that of standard, ≤ 0.5",
            memory,
            "{:.2f}",
            0.5,
            lambda v: v / 0.5,
        ),
    ):
        line = {"target": what}
        line |= {name: form.format(measured[name]) for name in pairs.sets}
        line |= {"mean": form.format(measured.mean()), "median": form.format(measured.median())}
        value = measured.mean()
        met = value <= bound if bound < 1 else value >= bound
        short = f"by {missed(value):.1f} ×" if missed else f"by {bound - value:.1f} points"
        line["met (mean)?"] = "yes" if met else f"no, missed {short}"
        lines.append(line)
    searched = students(pairs, "standard") / students(pairs, "hpm")
    line = {"target": "*CPU of the students alone, standard over hpm*"}
    line |= {name: f"{searched[name]:.1f}" for name in pairs.sets}
    lines.append(
        line
        | {"mean": f"{searched.mean():.1f}", "median": f"{searched.median():.1f}"}
        | {"met (mean)?": "no target"}
    )
    return pd.DataFrame(lines)


def claims(pairs: Pairs) -> pd.DataFrame:
    """Return the proposal's claims, each with our mean and median over the sets."""
    time = 100 * (1 / cpu_ratio(pairs) - 1)
    calls_saved = -100 * fewer_calls(pairs)
    kl = 100 * (pairs.of("hpm", "kl") / pairs.of("standard", "kl") - 1)
    models = {arm: pairs.of(arm, "models") for arm in ARMS}
    # Of sums, for the loss of a single set may be next to nothing.
    total = 100 * (1 - lost(pairs, "hpm").sum() / lost(pairs, "standard").sum())
    better = int((lost(pairs, "hpm") < lost(pairs, "standard")).sum())

    def points(key: str) -> tuple[str, str]:
        found = 100 * gain(pairs, key)
        return f"{found.mean():+.2f} points", f"{found.median():+.2f} points"

    rows = [
        (
            "models trained",
            "640 → 80 (−87.5 %)",
            f"{models['standard'].mean():.0f} → {models['hpm'].mean():.0f} "
            f"({100 * (models['hpm'] / models['standard'] - 1).mean():+.1f} %)",
            f"{models['standard'].median():.0f} → {models['hpm'].median():.0f}",
        ),
        ("time", "−90 %", f"{time.mean():+.1f} %", f"{time.median():+.1f} %"),
        (
            "memory",
            "−75 %",
            f"{100 * (memory_ratio(pairs).mean() - 1):+.1f} %",
            f"{100 * (memory_ratio(pairs).median() - 1):+.1f} %",
        ),
        (
            "redundant calculations",
            "−95 %",
            f"{calls_saved.mean():+.1f} %",
            f"{calls_saved.median():+.1f} %",
        ),
        ("accuracy", "+2–3 %", *points("accuracy")),
        ("F1", "+3–4 %", *points("f1")),
        ("AUC", "+1–2 %", *points("auc")),
        ("KL divergence", "−15–20 %", f"{kl.mean():+.1f} %", f"{kl.median():+.1f} %"),
        (
            "robustness",
            "+10–15 %",
            f"{total:+.1f} % (accuracy lost, all sets together)",
            f"less lost in {better} of {len(pairs.sets)} sets",
        ),
    ]
    return pd.DataFrame(rows, columns=["what", "the proposal's claim", "measured, mean", "median"])
