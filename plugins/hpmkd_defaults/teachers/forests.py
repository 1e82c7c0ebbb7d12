"""Forests whose trees see no more rows than they need, however many a fold has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class _Capped:
    """A forest each of whose trees sees at most `most` rows.

    Parameters
    ----------
    n_estimators : int
        Trees.
    min_samples_leaf : int
        Least rows of a leaf.
    n_jobs : int
        Threads.
    random_state : int or None
        Source of all randomness.
    most : int
        Rows of a tree at most, drawn with replacement; 0 for as many as there are.
    """

    bootstrap: bool

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        min_samples_leaf: int = 1,
        n_jobs: int = 1,
        random_state: int | None = None,
        most: int = 0,
    ) -> None:
        settings: dict[str, Any] = {"n_jobs": n_jobs, "random_state": random_state}
        super().__init__(n_estimators, min_samples_leaf=min_samples_leaf, **settings)  # type: ignore[call-arg]
        self.most = most

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Grow the trees on rows of shape (n, d) with n labels, and n weights if they have any."""
        capped = 0 < self.most < len(np.asarray(y))
        self.bootstrap = capped or isinstance(self, RandomForestClassifier)
        self.max_samples = self.most if capped else None
        fitted: Self = super().fit(X, y, sample_weight)  # type: ignore[misc]
        return fitted


class CappedForest(_Capped, RandomForestClassifier):  # type: ignore[misc]
    """A random forest each of whose trees sees at most `most` rows."""


class CappedExtraTrees(_Capped, ExtraTreesClassifier):  # type: ignore[misc]
    """Extremely randomised trees; each sees all rows, unless there are more than `most`."""
