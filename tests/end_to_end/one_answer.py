"""A teacher that is sure of one class, whatever the row."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class OneAnswer(ClassifierMixin, BaseEstimator):
    """Gives one class, by its place among the classes, with certainty."""

    def __init__(self, place=0):
        self.place = place

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.tile(np.eye(len(self.classes_))[self.place], (len(X), 1))
