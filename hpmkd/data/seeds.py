"""One seed in, one independent seed for each use of randomness out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import numpy as np

from hpmkd.errors import RecipeError


def as_seed(value: Any, name: str = "seed") -> int:
    """Return a seed that a caller gave; `name` is what the error calls it.

    Raises
    ------
    RecipeError
        If it is not an integer of 0 or more.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
        raise RecipeError(f"{name}: got {value!r}; expected an integer of 0 or more")
    return int(value)


@dataclass(frozen=True)
class Seeds:
    """Seeds of a run's parts (``numpy.random.SeedSequence.spawn``), each in [0, 2³¹)."""

    test: int
    selection: int
    teachers: int
    sampler: int
    students: int
    verdict: int
    augmenter: int
    evidence: int

    @classmethod
    def spawn(cls, seed: int) -> Seeds:
        """Derive them from one non-negative integer."""
        children = np.random.SeedSequence(seed).spawn(len(fields(cls)))
        return cls(*(int(child.generate_state(1)[0] >> 1) for child in children))
