"""The rows of the results, and what they cost."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB

from hpmkd import AutoDistiller, DBDataset
from hpmkd.deepbridge import methods
from hpmkd.deepbridge.metrics import quality
from hpmkd.deepbridge.results import COLUMNS, Results


def test_the_standard_grid_has_a_row_for_each_configuration(standard):
    distiller, results = standard
    cells = list(results[["model_type", "temperature", "alpha"]].itertuples(index=False, name=None))
    types = ["LOGISTIC_REGRESSION", "DECISION_TREE"]
    assert cells == list(itertools.product(types, [1.0, 2.0], [0.3, 0.7]))
    assert tuple(results.columns) == COLUMNS
    assert set(results["method"]) == {"standard"}
    pd.testing.assert_frame_equal(results, distiller.results_df)


def test_the_names_of_deepbridge_are_there(hpm):
    names = "accuracy precision recall f1 auc_roc auc_pr kl_divergence ks_statistic r2_score"
    for name in names.split():
        for part in ("train", "test"):
            assert hpm[1][f"{part}_{name}"].notna().all()
    assert isinstance(ast.literal_eval(hpm[1]["best_params"][0]), dict)


@pytest.mark.parametrize("which", ["standard", "hpm"])
def test_a_row_tells_of_the_student_that_it_stands_for(which, request):
    distiller, results = request.getfixturevalue(which)
    rows = distiller.division
    classes = np.unique(rows.y_train)
    for row in results.itertuples():
        softening = (row.temperature, row.alpha)
        student = distiller.get_trained_model(
            row.model_type, *softening, extra_weight=row.extra_weight
        )
        for part, X, y in (
            ("train", rows.X_train, rows.y_train),
            ("test", rows.X_test, rows.y_test),
        ):
            own = quality(student.predict_proba(X), np.searchsorted(classes, y))
            for name, value in own.items():
                assert getattr(row, f"{part}_{name}") == pytest.approx(value), (row.Index, name)


STAGES = {"LOGISTIC_REGRESSION": "logistic", "DECISION_TREE": "tree", "XGB": "xgboost"}


def test_rows_of_hpm_were_evaluated_on_all_rows_and_each_family_has_its_control(hpm):
    distiller, results = hpm
    tried = {
        trial.configuration.key[:4]
        for trial in distiller.distillation.handle.trials
        if trial.configuration.share == 1
    }
    shown = [
        (STAGES[row.model_type], row.temperature, row.alpha, row.extra_weight)
        for row in results.itertuples()
    ]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= tried
    for stage in ("logistic", "xgboost"):
        assert {(stage, 1.0, 0.0, 0.0)} <= {cell for cell in shown if cell[0] == stage}


def test_the_rows_are_within_the_budget_of_models(hpm):
    distiller, results = hpm
    assert distiller.distillation.recipe.budget.models == 80
    assert distiller.counts["models_trained"] <= 80
    # Rows beyond finalists and controls were fitted for them, if anything was left.
    assert len(results) >= 4


def test_what_the_run_fitted_is_not_fitted_again(hpm):
    distiller, results = hpm
    found = distiller.distillation
    for name in ("LOGISTIC_REGRESSION", "XGB"):
        mine = results[results["model_type"] == name]
        best = mine.loc[mine["selection_log_loss"].idxmin()]
        student = distiller.get_trained_model(
            name, best["temperature"], best["alpha"], extra_weight=best["extra_weight"]
        )
        assert student is found.students[STAGES[name]]
        assert (
            distiller.get_trained_model(name, 1.0, 0.0)
            is found.handle.finalists.controls[STAGES[name]].student
        )


def test_every_model_is_counted(made, runs, monkeypatch):
    from hpmkd.training.fit import FitContext

    fits = []
    fit = FitContext.fit
    monkeypatch.setattr(
        FitContext, "fit", lambda self, *arguments: (fits.append(1), fit(self, *arguments))[1]
    )
    distiller = made(method="standard")
    runs(distiller)
    assert distiller.counts["models_trained"] == len(fits)
    assert 0 < distiller.counts["models_refitted"] < len(fits)
    assert distiller.distillation.counts["models_trained"] + distiller.counts[
        "models_refitted"
    ] == len(fits)
    distiller.get_trained_model("DECISION_TREE", 0.25, 0.25)
    assert distiller.counts["models_trained"] == len(fits)


def test_max_configs_bounds_the_rows_and_keeps_the_best_of_each_family(made, runs):
    distiller = made("wine", method="hpm", max_configs=2)
    results = runs(distiller)
    # Both families are there, each with the row that a run without a bound has as its best.
    every = runs(made("wine", method="hpm"))
    assert len(every) > 2
    at = every.groupby("model_type")["selection_log_loss"].idxmin()
    shown = ["model_type", "temperature", "alpha", "selection_log_loss"]
    pd.testing.assert_frame_equal(
        results[shown].sort_values("model_type").reset_index(drop=True),
        every.loc[at, shown].sort_values("model_type").reset_index(drop=True),
        check_exact=True,
    )


def test_the_same_seed_gives_the_same_results(made, runs):
    first, second = (runs(made("wine", method="hpm", random_state=3)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_no_row_looks_at_the_test_rows_to_choose(cancer, made, runs):
    """With other labels on the test rows, every student predicts the same."""
    X, y = cancer
    frame = pd.DataFrame(X[:, :5], columns=list("abcde")).assign(y=y)
    flipped = frame[400:].assign(y=1 - frame["y"][400:])
    rows, students = [], []
    for test in (frame[400:], flipped):
        dataset = DBDataset(
            train_data=frame[:400], test_data=test, target_column="y", model=GaussianNB()
        )
        distiller = AutoDistiller(dataset, output_dir=None, n_trials=1, method="hpm")
        distiller.customize_config(["LOGISTIC_REGRESSION", "DECISION_TREE"])
        results = runs(distiller)
        cells = results[["model_type", "temperature", "alpha"]]
        rows.append(results[[*cells, "selection_log_loss"]])
        models = [distiller.get_trained_model(*cell) for cell in cells.itertuples(index=False)]
        models.append(distiller.distillation.student)
        students.append([model.predict_proba(frame[list("abcde")]) for model in models])
    pd.testing.assert_frame_equal(*rows, check_exact=True)
    np.testing.assert_array_equal(*students)


def test_hybrid_has_the_rows_of_both(made, runs):
    distiller = made("wine", method="hybrid")
    results = runs(distiller)
    assert set(results["method"]) == {"standard", "hpm"}
    alone = {}
    for method in ("standard", "hpm"):
        one = made("wine", method=method)
        alone[method] = runs(one), one.counts["models_trained"]
        own = results[results["method"] == method].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone[method][0], check_exact=True)
    assert distiller.counts["models_trained"] == sum(trained for _, trained in alone.values())
    # Without a choice of one's own it is the run whose best row the selection rows prefer.
    preferred = results.loc[results["selection_log_loss"].idxmin(), "method"]
    names = {"standard": "grid", "hpm": "hpm"}
    assert distiller.distillation.recipe.name == names[preferred]


def test_a_best_that_saw_a_share_of_the_rows_alone_prefers_no_run(made, runs):
    distiller = made("wine", method="hpm")
    runs(distiller)
    (outcome,) = distiller._results.outcomes
    found = outcome.found
    trial = found.handle.trials[0]
    part = replace(trial.configuration, share=0.5)
    lucky = replace(trial, configuration=part, row_losses=np.zeros(9))
    provenance = replace(found.handle.provenance, trials=[*found.handle.trials, lucky])
    handle = replace(found.handle, provenance=provenance)
    other = replace(outcome, found=replace(found, handle=handle), most=None)
    assert Results([outcome, other]).preferred is outcome
    assert Results([other, outcome]).preferred is other


def test_the_standard_grid_shows_no_alpha_that_nobody_asked_for(made, runs):
    for alphas in ([1.0], [0.5, 1.0]):
        distiller = made(method="standard", grid=False)
        distiller.customize_config(["LOGISTIC_REGRESSION"], [1.0, 2.0], alphas)
        results = runs(distiller)
        assert sorted(set(results["alpha"])) == alphas
        assert len(results) == 2 * len(alphas)


def test_where_probabilities_leak_hard_labels_stand_for_the_teacher_alone(few, runs):
    X, y = few
    probabilities = np.column_stack([1 - 0.98 * y - 0.01, 0.98 * y + 0.01])
    distiller = AutoDistiller(
        DBDataset(X, y, probabilities),
        output_dir=None,
        n_trials=1,
        method="standard",
        multi_teacher=False,
    )
    for alphas, shown in (([1.0], {0.0}), ([0.5, 1.0], {0.5})):
        distiller.customize_config(["LOGISTIC_REGRESSION"], [1.0], alphas)
        assert set(runs(distiller)["alpha"]) == shown
    assert distiller.distillation.knowledge.regime.name == "leaking"


def test_of_many_rows_a_row_has_the_number_that_its_student_has(monkeypatch, runs):
    few = {"split.once_above": 2000, "split.trial_rows": 900, "split.selection_rows": 300}
    load = methods.Recipe.load
    patched = SimpleNamespace(load=lambda name: load(name).override(few))
    monkeypatch.setattr(methods, "Recipe", patched)
    X, y = make_classification(3000, 6, random_state=0)
    probabilities = GaussianNB().fit(X[:500], y[:500]).predict_proba(X)
    distiller = AutoDistiller(
        DBDataset(X, y, probabilities), output_dir=None, n_trials=1, method="hpm"
    )
    distiller.customize_config(["LOGISTIC_REGRESSION", "DECISION_TREE"], [1.0], [0.5])
    results = runs(distiller)
    pool = next(each for each in distiller.distillation.front if each.role == "ensemble")
    for row in results.itertuples():
        student = distiller.get_trained_model(row.model_type, row.temperature, row.alpha)
        facts = student.facts["training"]
        assert facts["rows"] == 2400 - 300
        if row.model_type == "ensemble":
            assert student is distiller.distillation.students["ensemble"]
            assert row.selection_log_loss == pytest.approx(pool.selection_log_loss)
            continue
        assert row.selection_log_loss == pytest.approx(facts["selection_log_loss"], abs=1e-6)
    best = results.loc[results["selection_log_loss"].idxmin()]
    (chosen,) = (each for each in distiller.distillation.records if each.chosen)
    assert STAGES.get(best["model_type"], best["model_type"]) == chosen.name
    assert chosen.role == "ensemble" or best["alpha"] == chosen.alpha
