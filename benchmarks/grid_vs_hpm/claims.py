"""Targets and claims of the comparison, with what was measured beside each."""

from __future__ import annotations

import pandas as pd

from benchmarks.grid_vs_hpm.pairs import (
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
    models = 100 * (pairs.of("hpm", "models") / pairs.of("standard", "models") - 1)
    trained = " → ".join(f"{pairs.of(arm, 'models').mean():.0f}" for arm in ARMS)
    kl = 100 * (pairs.of("hpm", "kl") / pairs.of("standard", "kl") - 1)
    return pd.DataFrame(
        [
            _claim("models trained", "640 → 80 (−87.5 %)", models, " %", -87.5, f"{trained}, "),
            _claim("time", "−90 %", 100 * (1 / cpu_ratio(pairs) - 1), " %", -90),
            _claim("memory", "−75 %", 100 * (memory_ratio(pairs) - 1), " %", -75),
            _claim("redundant calculations", "−95 %", -100 * fewer_calls(pairs), " %", -95),
            _claim("accuracy", "+2–3 %", 100 * gain(pairs, "accuracy"), " points", 2),
            _claim("F1", "+3–4 %", 100 * gain(pairs, "f1"), " points", 3),
            _claim("AUC", "+1–2 %", 100 * gain(pairs, "auc"), " points", 1),
            _claim("KL divergence", "−15–20 %", kl, " %", -15),
            _robustness(pairs),
        ]
    )


def _claim(
    what: str, claim: str, found: pd.Series, unit: str, bound: float, before: str = ""
) -> dict[str, str]:
    """Return a line; a claim of less is reached below its bound, one of more above it."""
    mean = found.mean()
    return {
        "what": what,
        "the proposal's claim": claim,
        "measured, mean": f"{before}{mean:+.1f}{unit}",
        "median": f"{found.median():+.1f}{unit}",
        "reached (mean)?": "yes" if (mean <= bound if bound < 0 else mean >= bound) else "no",
    }


def _robustness(pairs: Pairs) -> dict[str, str]:
    hpm, standard = (lost(pairs, arm) for arm in ("hpm", "standard"))
    # Of sums, for the loss of a single set may be next to nothing.
    spared = 100 * (1 - hpm.sum() / standard.sum())
    less, more = int((hpm < standard).sum()), int((hpm > standard).sum())
    return {
        "what": "robustness",
        "the proposal's claim": "+10–15 %",
        "measured, mean": f"{spared:+.1f} % (all sets together)",
        "median": f"spared in {less} of {len(hpm)} sets, loses more in {more}",
        "reached (mean)?": "yes" if spared >= 10 else "no",
    }
