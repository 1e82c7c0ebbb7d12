"""Names and forms of a run's values in MLflow."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: The longest value of a parameter, and of a tag, that every store of MLflow 3 takes.
MOST_IN_PARAM, MOST_IN_TAG = 6000, 5000


def flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield nested values by their dotted names: ``recipe.sampler.trials``, ``"8"``.

    Lists, and tables without content, are written as JSON.
    """
    for key, value in values.items():
        name = f"{prefix}.{key}"
        if isinstance(value, Mapping) and value:
            yield from flat(value, name)
        else:
            yield name, written(value)[:MOST_IN_PARAM]


def written(value: Any) -> str:
    """Return a value as text; a text as it is."""
    if isinstance(value, str):
        return value
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, default=str)


def safe(name: str) -> str:
    """Return any name, such as a teacher's, as a part of a metric's name."""
    return re.sub(r"[^\w -]", "_", name)


def metrics(values: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """Return those values that are finite numbers, as metrics below a prefix."""
    return {
        f"{prefix}/{safe(name)}": float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def of_leaderboard(leaderboard: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the figures of all that were measured; those of the shipped student twice.

    ``student/xgboost/log_loss``, and ``shipped/log_loss`` to compare runs by.
    """
    found: dict[str, float] = {}
    for record in leaderboard:
        found |= metrics(record, f"{record['role']}/{safe(record['name'])}")
        if record["chosen"]:
            found |= metrics(record, "shipped")
    return found


def of_verdict(verdict: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of the verdict."""
    low, high = verdict["interval"]
    values = {"delta_log_loss": verdict["delta_log_loss"], "low": low, "high": high}
    repeated = metrics(verdict["repeated"] or {}, "verdict/repeated")
    return metrics(values, "verdict") | repeated | metrics(verdict["searched"], "verdict/searched")


def of_counts(counts: Mapping[str, Any]) -> dict[str, float]:
    """Return what the run took: ``counts/models_trained``, ``seconds/search``."""
    return metrics(counts, "counts") | metrics(counts["seconds"], "seconds")
