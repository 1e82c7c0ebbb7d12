"""Whole runs by another metric than log loss."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

import hpmkd
from hpmkd.errors import RecipeError
from hpmkd.evaluation.metrics import make_metric
from hpmkd.recipe.metric import parse_metric

SETTINGS = {
    "memory": "none",
    "stages": ["logistic", "tree"],
    "augmenter": "none",
    "split.folds": 3,
    "sampler.trials": 2,
}
COSTS = {"name": "cost", "classes": [0, 1], "costs": [[0, 1], [5, 0]]}


@pytest.fixture(scope="module")
def run(cancer):
    known = {}

    def distilled(metric):
        key = str(metric)
        if key not in known:
            known[key] = hpmkd.distill(*cancer, teacher="quick", settings=SETTINGS, metric=metric)
        return known[key]

    return distilled


@pytest.mark.parametrize("metric", ["auc", "f1", COSTS], ids=str)
def test_the_metric_ranks_what_ships_and_the_front(run, metric, cancer):
    found = run(metric)
    own = make_metric(parse_metric(metric), *np.unique(cancer[1], return_inverse=True))
    finalists = [each for each in found.front if each.role in ("student", "ensemble")]
    shipped = next(each for each in found.front if each.chosen)
    # Of near ties the smaller one ships.
    assert shipped.loss <= 1.2 * min(each.loss for each in finalists) + 1e-12
    assert [each.loss for each in found.front] == sorted(each.loss for each in found.front)
    for trial in found.trials:
        if trial.probabilities is not None:
            assert trial.loss == pytest.approx(
                own.loss(found.handle.training.labels, trial.probabilities)
            )
    record = next(each for each in found.records if each.chosen)
    assert record.log_loss > 0
    assert record.metric == pytest.approx(shipped.metric)
    assert record.selection_metric == pytest.approx(own.score(shipped.loss))
    assert f"{own.title} {record.metric:.4f} (log loss " in found.verdict.sentence


def test_log_loss_is_the_default_and_adds_nothing(run):
    found, named = run(None), run("log_loss")
    assert found.student.to_bytes() == named.student.to_bytes()
    assert found.verdict == named.verdict
    assert found.verdict.by_metric is None
    assert {each.selection_loss for each in found.front} == {None}


@pytest.mark.filterwarnings("ignore:test rows:hpmkd.DataWarning")
def test_many_classes_are_judged_one_versus_the_rest(wine):
    X, y = wine
    found = hpmkd.distill(
        X, y, X_test=X[::2], y_test=y[::2], teacher="quick", settings=SETTINGS, metric="auc"
    )
    predicted = found.student.predict_proba(X[::2])
    expected = roc_auc_score(y[::2], predicted, multi_class="ovr")
    assert found.verdict.by_metric.student == pytest.approx(expected)


def test_a_classifier_takes_one(cancer):
    model = hpmkd.DistilledClassifier("quick", settings=SETTINGS, metric="average_precision")
    X, y = cancer
    model.fit(X, y)
    assert model.distillation_.verdict.by_metric.metric == "average_precision"
    assert average_precision_score(y, model.predict_proba(X)[:, 1]) > 0.9
    assert model.score(X, y) == accuracy_score(y, model.predict(X))


def test_a_saved_run_picks_by_its_metric(run, tmp_path):
    found = run("auc")
    read = hpmkd.load(found.save(tmp_path / "run"))
    assert read.verdict == found.verdict
    assert read.front == found.front
    assert read.recipe.metric.name == "auc"
    assert read.evidence.confusion == found.evidence.confusion
    assert read.pick(max_size="1GB").name == read.front[0].name


def test_what_is_no_metric_is_refused_before_anything_is_fitted(cancer):
    with pytest.raises(RecipeError, match="got 'acu'; did you mean 'auc'"):
        hpmkd.distill(*cancer, metric="acu")
    with pytest.raises(RecipeError, match="expected those of the labels, '0', '1'"):
        hpmkd.distill(*cancer, metric={**COSTS, "classes": ["a", "b"]})
