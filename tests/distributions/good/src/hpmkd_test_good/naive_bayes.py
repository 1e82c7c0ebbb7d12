"""Gaussian naive Bayes with one variance per column: linear, and of one pass over the rows."""

from types import MappingProxyType

import numpy as np

from hpmkd.student import LinearModel, Student
from hpmkd.values import TrainingState


class NaiveBayes:
    """Class means and shared variances, weighted by the mixed target."""

    encoding = "linear"
    complexity = 0
    defaults = MappingProxyType({"smoothing": 0.1})

    def space(self, trial):
        return {"smoothing": trial.suggest_float("smoothing", 1e-3, 1.0, log=True)}

    def fit(self, inputs):
        settings = {**self.defaults, **inputs.configuration.hyperparameters}
        target = self.target(inputs)
        if inputs.weights is not None:
            target *= inputs.weights[:, np.newaxis]
        mass = target.sum(axis=0) + 1.0 / target.shape[1]
        means = (target.T @ inputs.matrix) / mass[:, None]
        spread = inputs.matrix.var(axis=0) + settings["smoothing"]
        weights = (means / spread).T
        intercept = np.log(mass) - 0.5 * (means**2 / spread).sum(axis=1)
        if len(mass) == 2:
            weights, intercept = np.diff(weights, axis=1), np.diff(intercept)
        return Student(inputs.encoder, LinearModel(weights, intercept), inputs.classes)

    def target(self, inputs):
        """Mix the tempered teacher and the label."""
        softening = inputs.scheduler.softening(inputs.configuration, TrainingState(0.0))
        hard = np.eye(len(inputs.classes))[inputs.labels]
        if softening.alpha == 0:
            return hard
        soft = inputs.soft_targets ** (1.0 / softening.temperature)
        soft /= soft.sum(axis=1, keepdims=True)
        return softening.alpha * soft + (1.0 - softening.alpha) * hard
