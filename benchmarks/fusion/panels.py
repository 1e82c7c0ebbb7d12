"""Teachers for the fusion benchmark: three panels, the full one of hpmkd, and a rival.

Every teacher is cross-fitted in five folds on the training rows; test rows are read by the
mean of its five fold models.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from benchmarks.common.rivals import tuned_xgboost
from hpmkd.student.encoders.sklearn import TableEncoder
from hpmkd.values import DataFacts
from hpmkd_defaults.teachers.boosted import BoostedTeacher
from hpmkd_defaults.teachers.network import NetworkTeacher
from hpmkd_defaults.teachers.panel import FullPanel

FOLDS = 5
REGIONS = 4


class Specialist(BaseEstimator):
    """A model that is fitted on the training rows of one region only."""

    def __init__(self, model, inside):
        self.model = model
        self.inside = inside

    def fit(self, table, labels, rows):
        """Fit on those of the rows, given by number, that are in the region."""
        own = np.flatnonzero(self.inside[rows])
        if len(own) == 0:  # a region of outliers: nothing but the shares of the classes
            self.fitted_ = DummyClassifier().fit(table, labels)
        else:
            self.fitted_ = clone(self.model).fit(table.iloc[own], labels[own])
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, table):
        """Predict any row, also outside the region."""
        return self.fitted_.predict_proba(table)


class Shuffled(Specialist):
    """A broken model: its training labels are in another order."""

    def fit(self, table, labels, rows):
        """Fit on shuffled labels."""
        shuffled = np.random.default_rng(len(rows)).permutation(labels)
        self.fitted_ = clone(self.model).fit(table, shuffled)
        self.classes_ = self.fitted_.classes_
        return self


def members(panel: str, table, labels, seed: int) -> dict[str, object]:
    """Return the unfitted teachers of a panel by name."""
    n_classes = int(labels.max()) + 1
    if panel == "full":
        facts = DataFacts(len(table), table.shape[1], n_classes)
        return dict(FullPanel().members(facts, seed))
    forest = make_pipeline(TableEncoder("tree"), RandomForestClassifier(100, random_state=seed))
    if panel == "specialists":
        encoded = TableEncoder("linear").fit_transform(table)
        region = KMeans(REGIONS, n_init=3, random_state=seed).fit_predict(encoded)
        return {f"region {r}": Specialist(forest, region == r) for r in range(REGIONS)}
    trees = ExtraTreesClassifier(100, random_state=seed)
    generalists = {
        "forest": forest,
        "trees": make_pipeline(TableEncoder("tree"), trees),
        "boosted": make_pipeline(TableEncoder("tree"), BoostedTeacher(random_state=seed)),
        "network": make_pipeline(TableEncoder("linear"), NetworkTeacher(random_state=seed)),
    }
    return generalists if panel == "generalists" else {"broken": Shuffled(forest, None)}


def cross_fitted(teacher, table, labels, test, seed: int):
    """Return out-of-fold probabilities (n, K) and the fold models' mean on the test rows."""
    n_classes = int(labels.max()) + 1
    held_out = np.empty((len(table), n_classes))
    bag = np.zeros((len(test), n_classes))
    for seen, held in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(table, labels):
        extra = {"rows": seen} if isinstance(teacher, Specialist) else {}
        model = clone(teacher).fit(table.iloc[seen], labels[seen], **extra)
        held_out[held] = aligned(model, table.iloc[held], n_classes)
        bag += aligned(model, test, n_classes) / FOLDS
    return held_out, bag


def aligned(model, table, n_classes: int):
    """Return probabilities with a column for every class."""
    probabilities = np.zeros((len(table), n_classes))
    probabilities[:, model.classes_] = model.predict_proba(table)
    return probabilities


def rival(table, labels, test, seed: int):
    """Return test probabilities of an Optuna-tuned XGBoost."""
    return tuned_xgboost(table, labels, seed).predict_proba(test)
