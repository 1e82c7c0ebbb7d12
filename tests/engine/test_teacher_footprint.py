"""Teachers are measured once each, and the fused one is the sum of its parts."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.make_dataset import make_dataset
from hpmkd.engine import teacher_footprint
from hpmkd.engine.teacher_footprint import fuser_footprint, member_footprint, total
from hpmkd.evaluation import latency
from hpmkd.evaluation.footprint import Footprint
from hpmkd.execution.counters import Counts
from hpmkd.knowledge.cached_fusion import CachedFusion
from hpmkd.knowledge.crossfit import Queries
from hpmkd.knowledge.model_size import pickled_bytes
from hpmkd.knowledge.predictions import CrossFittedPredictions, stack
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.knowledge.teachers import CloneableTeacher, FittedTeacher, GivenTeacher
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.values import Fused, Offer


@pytest.fixture
def reader(people, dict_cache, in_process):
    X, y = people[["children", "member"]], people["bought"].to_numpy()
    training = make_dataset(X[:100], y[:100])
    test = make_dataset(X[100:], y[100:], training.classes)
    fold_of_row = np.arange(100) % 3
    return TeacherPredictor(training, test, dict_cache, in_process(), fold_of_row, 0, Counts())


def predicted(reader, *teachers):
    held = [(fold,) for fold in range(3)]
    found = reader.predict(teachers, held, Queries(reader.test.table))
    names = tuple(each.name for each in teachers)
    return CrossFittedPredictions(names, found, reader.fold_of_row)


class Mean:
    """Fuses by the mean, and checks that rows and their probabilities go together."""

    sizes = ()

    def fit(self, probabilities, labels, table):
        return self

    def fuse(self, probabilities, table):
        m, n, _ = probabilities.shape
        assert n == table.shape[0]
        type(self).sizes = (*self.sizes, n)
        return Fused(probabilities.mean(axis=0), np.full((n, m), 1 / m))

    def summary(self):
        return {}


BAYES = CloneableTeacher("bayes", GaussianNB())


def test_parts_add_up():
    parts = [Footprint(100.0, 2.0, 30.0), Footprint(11.0, 0.5, 4.0)]
    assert total(parts) == Footprint(111, 2.5, 34.0)
    unknown = total([*parts, Footprint(np.nan, 1.0, 1.0)])
    assert np.isnan(unknown.n_bytes)
    assert (unknown.row_us, unknown.batch_us) == (3.5, 35.0)


def test_a_member_is_measured_once_as_one_fold_model(reader, monkeypatch):
    predicted(reader, BAYES)
    footprint = member_footprint(BAYES, reader)
    assert footprint.n_bytes == pickled_bytes(reader.deployed(BAYES))
    assert footprint.row_us > 0
    assert footprint.batch_us > 0
    fits = reader.counts.teacher_fits
    monkeypatch.setattr(teacher_footprint, "latency", None)
    assert member_footprint(BAYES, reader) == footprint
    assert reader.counts.teacher_fits == fits


def test_what_is_given_has_no_cost_and_a_model_has(reader):
    given = GivenTeacher("given", np.full((100, 2), 0.5))
    assert np.isnan(astuple(member_footprint(given, reader))).all()
    training = reader.training
    model = DecisionTreeClassifier(max_depth=2).fit(
        training.table, training.classes[training.labels]
    )
    assert np.isfinite(astuple(member_footprint(FittedTeacher("tree", model), reader))).all()


def test_a_fuser_is_timed_on_rows_and_what_was_said_of_them(reader, dict_cache):
    selected = ComponentSpec(RegisteredComponent("fuser", Offer("mean", Mean, ""), "p"), {})
    predictions = predicted(reader, BAYES, BAYES)
    training, test = predictions.out_of_fold(), stack(predictions.test())
    cached_fusion = CachedFusion(
        selected, training, reader.training, CacheRegion(dict_cache, "attention")
    )
    Mean.sizes = ()
    cost = fuser_footprint(cached_fusion, test, reader.test.table)
    assert np.isfinite(astuple(cost)).all()
    assert set(Mean.sizes) == {1, latency.BATCH}
    again = CachedFusion(selected, training, reader.training, CacheRegion(dict_cache, "attention"))
    assert fuser_footprint(again, test, reader.test.table) == cost
