"""Real problems with an honest teacher, and a quick way to fit a stage on them."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split

from hpmkd.student import Schema, fit_encoder
from hpmkd.values import Configuration, Softening, StageInputs

LOADERS = {"digits": load_digits, "breast_cancer": load_breast_cancer, "wine": load_wine}


class Constant:
    """The configuration's softening, in every round."""

    varies = False

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial):
        """Nothing to learn."""


class Watched(Constant):
    """The same answer, but asked in every round; keeps the states it saw."""

    varies = True

    def __init__(self):
        self.states = []

    def softening(self, configuration, state):
        self.states.append(state)
        return super().softening(configuration, state)


@cache
def real_problem(name):
    """Standardised train and test rows, with out-of-fold forest probabilities."""
    X, y = LOADERS[name](return_X_y=True)
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    forest = RandomForestClassifier(60, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    teacher = cross_val_predict(forest, X, y, cv=folds, method="predict_proba")
    for array in (X, y, teacher):
        array.flags.writeable = False
    return SimpleNamespace(
        X=X, y=y, teacher=teacher, X_test=X_test, y_test=y_test, n_classes=teacher.shape[1]
    )


@pytest.fixture
def problem():
    """``problem("digits" | "breast_cancer" | "wine")``."""
    return real_problem


@pytest.fixture
def watched():
    return Watched()


@pytest.fixture
def inputs_for():
    """``inputs_for(stage, problem, alpha=…, temperature=…, …)`` → StageInputs, read-only."""

    def make(stage, problem, *, alpha=0.5, temperature=1.0, scheduler=None, seed=0, **settings):
        encoder = fit_encoder(stage.encoding, Schema.fit(problem.X), problem.X)
        matrix = encoder.transform(problem.X)
        matrix.flags.writeable = False
        return StageInputs(
            matrix=matrix,
            encoder=encoder,
            labels=problem.y,
            soft_targets=problem.teacher,
            classes=np.arange(problem.n_classes),
            configuration=Configuration("stage", temperature, alpha, settings),
            scheduler=scheduler or Constant(),
            seed=seed,
        )

    return make


@pytest.fixture
def slope():
    """Central differences of a function of an array, entry by entry."""

    def differences(function, at, step=1e-5):
        result = np.empty(at.size)
        for i in range(at.size):
            shift = np.zeros(at.size)
            shift[i] = step
            shift = shift.reshape(at.shape)
            result[i] = (function(at + shift) - function(at - shift)) / (2 * step)
        return result.reshape(at.shape)

    return differences
