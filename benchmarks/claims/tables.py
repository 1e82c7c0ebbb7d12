"""Writes the page: the claims, what each arm cost, what it gave, and how the cost grows."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd

from benchmarks.claims.claims import claims
from benchmarks.claims.growth import growth
from benchmarks.claims.pairs import (
    ARMS,
    OURS,
    STANDARD,
    Pairs,
    kinds,
    lost_to,
    net_memory,
    students,
    teachers,
)
from benchmarks.common.pages import filled, frame_table

PAGE = Path(__file__).with_name("page.md")
SCORES = ("accuracy", "f1", "auc", "log_loss", "kl")


def document(found: list[dict], grown: list[dict], rows_of_changes: int) -> str:
    """Return the whole of it; of sets whose arms are all there.

    Parameters
    ----------
    found : list of dict
        Lines of the comparison, and of the counted calls.
    grown : list of dict
        Lines of the set that was grown.
    rows_of_changes : int
        Rows of those whose settings were changed.
    """
    pairs = Pairs(found)
    if not pairs.sets:
        return "no set is complete yet"
    counted = [each for each in found if each["arm"] == "counted"]
    return filled(
        PAGE,
        sets=len(pairs.sets),
        seeds="one seed" if pairs.seeds == 1 else f"{pairs.seeds} seeds",
        claims=frame_table(claims(pairs)),
        costs=frame_table(costs(pairs)),
        scores=frame_table(scores(pairs)),
        picks=picks(pairs),
        robustness=frame_table(robustness(pairs)),
        growth=frame_table(growth(grown, rows_of_changes)),
        calls=frame_table(calls(counted[0])) if counted else "Not counted yet.",
    )


# ------------------------------------------------------------------------------- what it cost


def costs(pairs: Pairs) -> pd.DataFrame:
    """Return models, CPU seconds, memory and calls, by set and arm."""
    return pd.DataFrame([_cost(pairs, name, arm) for name in pairs.sets for arm in ARMS])


def _cost(pairs: Pairs, name: str, arm: str) -> dict[str, str]:
    return {
        "set": pairs.size(name),
        "method": arm,
        "models": f"{pairs.of(arm, 'models')[name]:.0f}",
        "CPU s": f"{pairs.of(arm, 'cpu')[name]:.1f}",
        "of them teachers": f"{teachers(pairs, arm)[name]:.1f}",
        "students": f"{students(pairs, arm)[name]:.1f}",
        "peak MB": f"{pairs.of(arm, 'peak_mb')[name]:.0f}",
        "peak − idle": f"{net_memory(pairs, arm)[name]:.0f}",
        "teacher calls": f"{pairs.of(arm, 'teacher_calls')[name]:.0f}",
    }


# ------------------------------------------------------------------------------- what it gave


def scores(pairs: Pairs) -> pd.DataFrame:
    """Return the scores of each method's student, by set; then the differences."""
    lines = [_scores(pairs, name, arm) for name in pairs.sets for arm in ARMS]
    for arm in OURS:
        for how in ("mean", "median"):
            line = {"set": f"**{arm} − {STANDARD}, {how}**", "method": "", "student": ""}
            gains = {key: getattr(pairs.gain(arm, key), how)() for key in SCORES}
            lines.append(line | {key: f"{gain:+.4f}" for key, gain in gains.items()})
    return pd.DataFrame(lines).fillna("")


def _scores(pairs: Pairs, name: str, arm: str) -> dict[str, str]:
    line = {"set": name, "method": arm, "student": _student(pairs.arms[name][0][arm])}
    line |= {key: f"{pairs.of(arm, key)[name]:.4f}" for key in SCORES}
    line["bytes"] = f"{pairs.of(arm, 'bytes')[name]:,.0f}"
    line["teacher's accuracy"] = f"{pairs.of(arm, 'teacher_accuracy')[name]:.4f}"
    fused = pairs.values(arm, lambda each: each["ensemble_accuracy"] or float("nan"))[name]
    line["ensemble's accuracy"] = "" if fused != fused else f"{fused:.4f}"
    return line


def _student(arm: dict) -> str:
    """Return what ships and how it was trained; members of an ensemble may differ in that."""
    after = f" after {arm['after']}" if arm["after"] else ""
    taught = {"alpha": arm["alpha"], "T": arm["temperature"] if arm["alpha"] else None}
    said = [f"{name} {value:g}" for name, value in taught.items() if value is not None]
    return ", ".join([f"{arm['chosen']}{after}", *said])


def picks(pairs: Pairs) -> str:
    """Return a sentence on how often each student is the better one."""
    parts = []
    for arm in OURS:
        loss = pairs.gain(arm, "log_loss")
        parts.append(
            f"The log loss of {arm}'s student is the lower one in {(loss < 0).sum()} of "
            f"{len(loss)} sets and the higher one in {(loss > 0).sum()}, by {loss.mean():+.4f} "
            "nats on average."
        )
    return textwrap.fill(" ".join(parts), 98)


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
    names = ["method", "fits", "calls of the teacher", "counted by the run, panel included"]
    return pd.DataFrame(rows, columns=names)
