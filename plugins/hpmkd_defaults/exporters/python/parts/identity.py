"""The link of margins that are shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# ---------------------------------------------------------------- from margins to probabilities


def identity(margins: Sequence[float]) -> list[float]:
    """Return the margin of each class, divided by their sum."""
    total = sum(margins)
    return [margin / total for margin in margins]


def identity_many(margins: Any) -> Any:
    """Return the probabilities (n, K) of margins (K, n)."""
    shares = margins.astype(float)
    return (shares / shares.sum(axis=0)).T
