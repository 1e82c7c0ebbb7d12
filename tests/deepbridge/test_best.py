"""The best of the rows, and the student of any configuration."""

from __future__ import annotations

import numpy as np
import pytest

import hpmkd
from hpmkd import RecipeError
from hpmkd.deepbridge import ModelType
from hpmkd.deepbridge.metrics import SMALL_IS_GOOD
from hpmkd.deepbridge.results import METRICS


def test_the_best_model_is_that_of_the_best_row(standard):
    distiller, results = standard
    for metric, minimize in (
        ("test_accuracy", False),
        ("train_auc_pr", False),
        ("test_kl_divergence", True),
        ("selection_log_loss", True),
    ):
        best = results[metric].min() if minimize else results[metric].max()
        equals = results[results[metric] == best]
        row = results.loc[equals["selection_log_loss"].idxmin()]
        found = distiller.find_best_model(metric, minimize)
        assert found["model_type"] is ModelType[row["model_type"]]
        assert found[metric] == row[metric]
        assert isinstance(found[metric], float)
        wanted = distiller.get_trained_model(found["model_type"], row["temperature"], row["alpha"])
        assert distiller.best_model(metric, minimize) is wanted


def test_a_metric_without_a_part_is_that_of_the_test_rows_also_from_the_frame(standard):
    distiller, results = standard
    assert distiller.best_model("f1_score") is distiller.best_model("test_f1")
    assert results.best_model("accuracy") is distiller.best_model()


def test_the_worst_is_returned_only_with_a_warning(standard):
    distiller, results = standard
    with pytest.warns(UserWarning, match="a smaller test_kl_divergence is better"):
        found = distiller.find_best_model("kl_divergence")
    assert found["test_kl_divergence"] == results["test_kl_divergence"].max()


def test_what_the_caller_does_to_the_frame_changes_nothing(standard):
    distiller, results = standard[0], standard[0].results_df
    best = distiller.best_model()
    mine = distiller.results_df
    mine["test_accuracy"] = 0.0
    results.loc[0, "test_accuracy"] = 2.0
    assert distiller.best_model() is best
    assert 0 < distiller.results_df["test_accuracy"].max() <= 1


def test_a_configuration_that_was_not_tried_is_fitted_with_the_best_of_its_family(standard):
    distiller, _ = standard
    student = distiller.get_trained_model(ModelType.DECISION_TREE, 0.5, 0.5)
    assert student is distiller.get_trained_model("tree", 0.5, 0.5)
    assert student is not distiller.get_trained_model("tree", 1.0, 0.3)
    hard = distiller.get_trained_model("LOGISTIC_REGRESSION", 3.0, 0.0)
    assert hard is distiller.get_trained_model("LOGISTIC_REGRESSION", 1.0, 0.0)


@pytest.mark.parametrize("method", ["hpm", "proposal", "auto"])
def test_the_ensemble_is_a_row_a_best_model_and_a_file(pooled, method, tmp_path):
    distiller, results = pooled(method)
    (row,) = results[results["model_type"] == "ensemble"].to_dict("records")
    assert row["method"] == {"auto": "hpm"}.get(method, method)
    ensemble = distiller.get_trained_model("ensemble", row["temperature"], row["alpha"])
    right = ensemble.predict(distiller.division.X_test) == distiller.division.y_test
    assert row["test_accuracy"] == pytest.approx(right.mean())
    led = set()
    for metric in METRICS:
        small = metric.endswith(SMALL_IS_GOOD)
        best = distiller.find_best_model(metric, small)
        assert best[metric] == (results[metric].min() if small else results[metric].max())
        student = distiller.best_model(metric, small)
        assert (student is ensemble) == (best["model_type"] == "ensemble")
        if student is ensemble:
            led.add(metric)
            path = distiller.save_best_model(metric, small, tmp_path / "best.hpmkd")
    # It is the best by some, or else nothing above was tried.
    assert led
    rows = distiller.division.X_test
    np.testing.assert_array_equal(
        hpmkd.Student.load(path).predict_proba(rows), ensemble.predict_proba(rows)
    )


def test_a_grid_has_no_ensemble(standard):
    distiller, results = standard
    assert "ensemble" not in set(results["model_type"])
    with pytest.raises(RecipeError, match="'ensemble' was not in the run"):
        distiller.get_trained_model("ensemble", 1.0, 0.5)


def test_names_of_nothing_are_refused(standard):
    distiller, _ = standard
    with pytest.raises(RecipeError, match="metric: got 'acuracy'; expected one of test_accuracy"):
        distiller.best_model("acuracy")
    for column in ("best_params", "temperature", "alpha", "model_type"):
        with pytest.raises(RecipeError, match=f"got '{column}'.*selection_log_loss"):
            distiller.best_model(column)
    with pytest.raises(RecipeError, match="'XGB' was not in the run, which had DECISION_TREE, LOG"):
        distiller.get_trained_model("XGB", 1.0, 0.5)
    with pytest.raises(RecipeError, match="alphas: got 2"):
        distiller.get_trained_model("DECISION_TREE", 1.0, 2)


def test_before_a_run_there_is_nothing(made, tmp_path):
    distiller = made()
    for call in (
        lambda: distiller.save_best_model(file_path=tmp_path / "best.hpmkd"),
        distiller.best_model,
        distiller.find_best_model,
        distiller.compare_models,
        distiller.generate_report,
        distiller.generate_summary,
        lambda: distiller.results_df,
        lambda: distiller.counts,
        lambda: distiller.distillation,
        lambda: distiller.get_trained_model("XGB", 1.0, 0.5),
    ):
        with pytest.raises(RecipeError, match=r"type: distiller\.run\(\)"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_of_equal_rows_the_selection_rows_choose(made, runs):
    """All logistic students are right on all of these 18 rows."""
    distiller = made("wine", method="standard", test_size=0.1, random_state=1)
    results = runs(distiller)
    equals = results[results["test_accuracy"] == results["test_accuracy"].max()]
    assert len(equals) > 1
    lowest = equals["selection_log_loss"].min()
    assert equals["selection_log_loss"].iloc[0] > lowest
    assert distiller.find_best_model("test_accuracy")["selection_log_loss"] == lowest


def test_a_frame_answers_for_its_own_run(made, runs):
    distiller = made(method="standard", grid=False)
    distiller.customize_config(["DECISION_TREE"], [1.0], [0.5])
    first = runs(distiller)
    tree = distiller.best_model()
    distiller.customize_config(["LOGISTIC_REGRESSION"])
    second = runs(distiller)
    assert first.best_model() is tree
    assert second.best_model() is distiller.best_model() is not tree
