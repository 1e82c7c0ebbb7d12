"""What is fused: each row with its own predictions, also where not all were predicted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.unlabeled import ExtraSource
from hpmkd.execution.counters import Counts
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.knowledge.regime import SELF, Regime
from hpmkd.knowledge.teachers import CloneableTeacher
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.recipe.settings import ExtraSettings
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.values import Fused, Offer

FITTED = []
TEACHERS = [
    CloneableTeacher("nearest", KNeighborsClassifier(5)),
    CloneableTeacher("line", LogisticRegression()),
]


class Mean:
    """Fuses to the mean, and keeps what it was fitted on."""

    def fit(self, probabilities, labels, table):
        FITTED.append((probabilities, labels, table))
        return self

    def fuse(self, probabilities, table):
        assert len(table) == probabilities.shape[1]
        weights = np.full(probabilities.shape[1::-1], 1 / len(probabilities))
        return Fused(probabilities.mean(axis=0), weights)

    def summary(self):
        return {}


@pytest.fixture
def builder(dict_cache, in_process):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    labels = (X[:, 0] + rng.normal(size=500) > 0).astype(int)
    whole = make_dataset(X, labels)
    predictor = TeacherPredictor(
        whole.rows(np.arange(400)),
        whole.rows(np.arange(400, 500)),
        cache=dict_cache,
        pipeline=in_process(),
        fold_of_row=np.arange(400) % 3 - 1,  # a third is a holdout
        seed=0,
        counts=Counts(),
    )
    fuser = ComponentSpec(RegisteredComponent("fuser", Offer("mean", Mean, ""), "p", "1"), {})
    source = ExtraSource(ExtraSettings(rows=0.0), None, None, 0)
    return KnowledgeBuilder(TEACHERS, predictor, fuser, lambda: (), source).with_sources_for(SELF)


def test_where_one_fold_was_predicted_each_row_has_its_own_predictions(builder):
    FITTED.clear()
    training, fold_of_row = builder.predictor.training, builder.predictor.fold_of_row
    predictions = builder.predict(TEACHERS, builder.folds[:1], builder.queries)
    asked, unseen = np.arange(0, 400, 2), np.flatnonzero(fold_of_row < 0)
    known = builder.finish(Regime("self", ""), predictions, asked, unseen)
    ((probabilities, labels, table),) = FITTED
    both = np.intersect1d(asked, np.flatnonzero(fold_of_row < 1))
    of_row = dict(zip(predictions.rows, predictions.out_of_fold().swapaxes(0, 1), strict=True))
    assert (probabilities == np.stack([of_row[row] for row in both], axis=1)).all()
    assert (labels == training.labels[both]).all()
    assert (table == training.table[both]).all()
    assert (known.rows == unseen).all()
    expected = np.stack([of_row[row].mean(axis=0) for row in unseen])
    assert known.fused.soft_targets == pytest.approx(expected)
    assert len(known.fused.row_weights) == len(unseen)
