"""Who teaches an AutoDistiller's students, and what that costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB

from hpmkd import AutoDistiller, DBDataset, RecipeError
from hpmkd.deepbridge.metrics import quality


class CountingTeacher:
    """A fitted model that counts how often it is asked, and has a state of its own."""

    def __init__(self, model):
        self.model, self.classes_, self.calls = model, model.classes_, 0

    def predict_proba(self, table):
        self.calls += 1
        return self.model.predict_proba(table)


def test_probabilities_teach_if_there_are_some_and_the_model_if_they_are_not_wanted(few, runs):
    X, y = few
    probabilities = np.column_stack([1 - 0.98 * y - 0.01, 0.98 * y + 0.01])
    teacher = CountingTeacher(GaussianNB().fit(X[:60], y[:60]))
    dataset = DBDataset(X, y, probabilities, model=teacher)
    distiller = AutoDistiller(dataset, output_dir=None, method="standard", n_trials=1)
    distiller.customize_config(["LOGISTIC_REGRESSION"], [1.0], [0.5])
    assert distiller.original_metrics()["test"]["accuracy"] == 1
    runs(distiller, use_probabilities=True)
    assert teacher.calls == 0
    assert distiller.original_metrics()["test"]["accuracy"] == 1
    assert distiller.distillation.facts["teachers"] == {"given": "given probabilities"}
    runs(distiller, use_probabilities=False)
    assert teacher.calls > 0
    rows = distiller.division
    own = quality(teacher.predict_proba(rows.X_test), rows.y_test)
    assert distiller.original_metrics()["test"] == pytest.approx(own)


def test_a_fitted_model_is_known_before_the_run_and_one_to_be_trained_is_not(cancer, made):
    model = GaussianNB().fit(*cancer)
    distiller = AutoDistiller(DBDataset(*cancer, model=model), output_dir=None)
    rows = distiller.division
    for part, X, y in (("train", rows.X_train, rows.y_train), ("test", rows.X_test, rows.y_test)):
        found = distiller.original_metrics()[part]["accuracy"]
        assert found == pytest.approx(model.score(X, y))
    with pytest.raises(RecipeError, match="the teacher is trained by the run"):
        made().original_metrics()


def test_without_a_teacher_one_is_trained(wine, runs):
    # Of several it would be the panel of the recipe, which takes longer.
    distiller = AutoDistiller(
        DBDataset(*wine), output_dir=None, n_trials=1, multi_teacher=False, method="hpm"
    )
    distiller.customize_config(["LOGISTIC_REGRESSION"])
    runs(distiller)
    knowledge = distiller.distillation.knowledge
    assert knowledge.teachers == ("boosted",)
    # One teacher is judged as it is, out of fold, though its soft targets are calibrated.
    teacher = distiller.distillation.handle.teacher
    probabilities, labels = teacher.training, distiller.division.y_train[teacher.rows]
    assert distiller.original_metrics()["train"] == pytest.approx(quality(probabilities, labels))
    assert not np.allclose(probabilities, knowledge.soft_targets)


def test_a_teacher_that_says_nothing_of_the_test_rows_has_no_distance_there(few, runs):
    X, y = few
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=y)
    dataset = DBDataset(
        train_data=frame[:90],
        test_data=frame[90:],
        target_column="y",
        train_predictions=pd.DataFrame({"p": 0.02 + 0.9 * y[:90]}),
    )
    distiller = AutoDistiller(dataset, output_dir=None, n_trials=1, method="standard")
    distiller.customize_config(["LOGISTIC_REGRESSION"], [1.0], [0.5])
    results = runs(distiller)
    assert results["train_kl_divergence"].notna().all()
    assert results["test_kl_divergence"].isna().all()
    assert distiller.original_metrics()["test"] == {}
    assert distiller.compare_models()["original"].isna().sum() == 6
    with pytest.raises(RecipeError, match="test_r2_score is not known"):
        distiller.best_model("r2_score")


def test_the_cache_answers_a_second_run_and_without_it_the_teacher_does(few, runs):
    calls = {}
    for cached in (True, False):
        teacher = CountingTeacher(RandomForestClassifier(5, random_state=0).fit(*few))
        distiller = AutoDistiller(
            DBDataset(*few, model=teacher),
            output_dir=None,
            n_trials=1,
            method="standard",
            use_cache=cached,
        )
        distiller.customize_config(["LOGISTIC_REGRESSION"], [1.0], [0.5])
        calls[cached] = []
        for _ in range(1 + cached):
            teacher.calls = 0
            runs(distiller)
            calls[cached].append(teacher.calls)
    # Apart from the cache a teacher is asked to measure its speed, in all alike.
    assert calls[True][1] < calls[True][0] < calls[False][0]


def test_given_probabilities_cost_a_reference_panel_and_the_summary_says_so(few, runs):
    X, y = few
    probabilities = GaussianNB().fit(X[:60], y[:60]).predict_proba(X)
    fits = {}
    for several in (True, False):
        # The small panel is part of the large one: a cache would keep it.
        distiller = AutoDistiller(
            DBDataset(X, y, probabilities),
            output_dir=None,
            n_trials=1,
            multi_teacher=several,
            use_cache=False,
        )
        distiller.customize_config(["LOGISTIC_REGRESSION"], [1.0], [0.5])
        runs(distiller)
        fits[several] = distiller.counts["teacher_fits"]
        panel = "reference" if several else "quick"
        line = distiller.generate_summary().splitlines()[1]
        assert line.startswith(f"Teachers: {fits[several]} fits, ")
        assert f"those of the reference panel {panel!r}" in line
    assert 0 < fits[False] < fits[True]


def test_teachers_that_are_trained_are_no_reference(hpm):
    line = hpm[0].generate_summary().splitlines()[1]
    counts = hpm[0].counts
    assert line == f"Teachers: {counts['teacher_fits']} fits, {counts['teacher_calls']} calls"
