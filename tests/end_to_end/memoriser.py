"""A teacher that knows by heart the label of every row that it has seen."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier


class Memoriser(ClassifierMixin, BaseEstimator):
    """Gives the label of the row itself, or of the nearest one that it has seen, with certainty."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.nearest_ = KNeighborsClassifier(1).fit(X, y)
        return self

    def predict_proba(self, X):
        return self.nearest_.predict_proba(X)
