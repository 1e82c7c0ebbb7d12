"""One seed in, one independent seed for each use of randomness out."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


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

    @classmethod
    def spawn(cls, seed: int) -> Seeds:
        """Derive them from one non-negative integer."""
        children = np.random.SeedSequence(seed).spawn(len(fields(cls)))
        return cls(*(int(child.generate_state(1)[0] >> 1) for child in children))
