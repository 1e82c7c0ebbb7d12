"""Runs of a second, for tests of what surrounds them."""

from __future__ import annotations

import numpy as np
from sklearn.naive_bayes import GaussianNB

import hpmkd

RNG = np.random.default_rng(3)
X = RNG.normal(size=(120, 4))
Y = (X[:, 0] + X[:, 1] ** 2 + RNG.normal(0, 0.5, 120) > 0.6).astype(int)

LIGHT = {
    "stages": ["logistic", "tree"],
    "augmenter.name": "none",
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "front.size": 0,
    "split.folds": 3,
    "search.alphas.self": [0.0, 1.0],
    "ensemble.top": 0,
    "memory.name": "none",
    "pipeline.start_seconds": 0,  # workers at once
}


def light(X=X, y=Y, **options):
    """Distil in about a second."""
    settings = {**LIGHT, **options.pop("settings", {})}
    return hpmkd.distill(X, y, teacher=GaussianNB(), settings=settings, **options)


def student_bytes(found):
    """Return the student to ship, as bytes."""
    return found.student.to_bytes()
