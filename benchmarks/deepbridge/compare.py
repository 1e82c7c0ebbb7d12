"""The quality of a student on fresh rows, and whether it depends on its teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.common.runs import log_loss
from benchmarks.deepbridge.data import Rows
from hpmkd.evaluation.scores import fidelity

#: Two metrics, or two answers, that differ by less are the same.
SAME = 1e-9
#: Left out of the lines.
HEAVY = ("predicted", "half_soft", "rows")


def compared(rows: Rows, plain: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a run as a line: its student's quality, and what its teacher changes.

    `other` is the same run with the probabilities of other rows; empty if there was none.
    """
    facts = {name: value for name, value in plain.items() if name not in HEAVY}
    facts["n_rows"] = len(plain.get("rows", ()))
    predicted = plain.get("predicted")
    if predicted is not None and not sound(predicted, len(rows.labels)):
        shape = "×".join(map(str, predicted.shape))
        facts["errors"] = {
            **facts["errors"],
            "predict_proba": f"gave {shape} numbers, or no shares",
        }
        predicted = None
    facts["quality"] = None if predicted is None else quality(predicted, rows.labels, rows.teacher)
    facts["teacher"] = quality(rows.teacher, rows.labels, rows.teacher)
    facts["depends"] = depends(plain, other)
    facts["total_cpu"] = cpu(plain) + cpu(other)
    return facts


def sound(predicted: np.ndarray, n_rows: int) -> bool:
    """Return whether an array has two shares per row that sum to 1."""
    if predicted.shape != (n_rows, 2) or not np.isfinite(predicted).all():
        return False
    return bool((predicted >= 0).all() and np.allclose(predicted.sum(axis=1), 1, atol=1e-4))


def quality(predicted: np.ndarray, labels: np.ndarray, teacher: np.ndarray) -> dict[str, float]:
    """Return accuracy, log loss and the distance from the teacher."""
    return {
        "accuracy": float((predicted.argmax(axis=1) == labels).mean()),
        "log_loss": log_loss(predicted, labels),
        "kl": fidelity(teacher, predicted).kl,
    }


def depends(plain: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how far answers move, and how many rows of the results, with another teacher.

    Only rows of configurations that both runs show are compared, by metrics that do not look at
    the teacher.
    """
    if not other or "rows" not in other or "rows" not in plain:
        return None
    student, asked = (
        moved(plain.get(name), other.get(name)) for name in ("predicted", "half_soft")
    )
    first, second = (
        {tuple(row["cell"]): row["quality"] for row in each["rows"]} for each in (plain, other)
    )
    both = [cell for cell in first if cell in second]
    changed = sum(differ(first[cell], second[cell]) for cell in both)
    return {"student": student, "half_soft": asked, "changed": changed, "compared": len(both)}


def moved(first: np.ndarray | None, second: np.ndarray | None) -> float | None:
    """Return by how much answers differ at most; None if one of them is not there."""
    if first is None or second is None or first.shape != second.shape:
        return None
    return float(np.abs(first - second).max())


def differ(first: list[float | None], second: list[float | None]) -> bool:
    """Return whether any metric that both have differs."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if None not in (a, b)]
    return any(abs(a - b) > SAME for a, b in pairs)


def cpu(facts: Mapping[str, Any]) -> float:
    """Return the CPU seconds of all steps."""
    return float(sum(each["cpu"] for each in facts.get("seconds", {}).values()))
