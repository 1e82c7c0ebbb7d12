"""The measurements of every contestant, ours and others alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.students.data import Problem
from hpmkd.data.probabilities import row_losses

#: The key of a line.
KEY = ("set", "rows", "seed", "arm")


@dataclass(frozen=True)
class Measured:
    """A finished model on the test rows.

    Parameters
    ----------
    test : ndarray of shape (m, K)
        Probabilities of the test rows.
    n_bytes : int
        Of the model as a file.
    row_us : float
        Microseconds of one row.
    seconds : float
        CPU of everything that led to it, children included.
    models, teacher_fits : int
        Fits of students, and of teachers.
    facts : mapping
        What else is known; plain JSON values.
    """

    test: np.ndarray
    n_bytes: int
    row_us: float
    seconds: float
    models: int
    teacher_fits: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def line(self, problem: Problem, arm: str) -> dict[str, Any]:
        """Return the line of a file of results."""
        labels = problem.test.labels
        return {
            **dict(zip(KEY, (*problem.key, arm), strict=True)),
            "log_loss": float(row_losses(self.test, labels).mean()),
            "accuracy": float((self.test.argmax(axis=1) == labels).mean()),
            "bytes": self.n_bytes,
            "row_us": round(self.row_us, 2),
            "seconds": round(self.seconds, 2),
            "models": self.models,
            "teacher_fits": self.teacher_fits,
            "n_classes": problem.n_classes,
            "n": [len(problem.training), len(problem.test), len(problem.real)],
            **self.facts,
        }
