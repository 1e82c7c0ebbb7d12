"""AutoDistiller from its arguments to its results."""

from __future__ import annotations

import ast
import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd import AutoDistiller, DataError, DBDataset, RecipeError
from hpmkd.deepbridge import ModelType
from hpmkd.deepbridge.metrics import quality
from hpmkd.deepbridge.results import COLUMNS

# ------------------------------------------------------------------------------ results


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
        student = distiller.get_trained_model(row.model_type, row.temperature, row.alpha)
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
        (trial.configuration.stage, trial.configuration.temperature, trial.configuration.alpha)
        for trial in distiller.distillation.racing
        if trial.configuration.share == 1
    }
    shown = [(STAGES[row.model_type], row.temperature, row.alpha) for row in results.itertuples()]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= tried
    for stage in ("logistic", "xgboost"):
        assert {(stage, 1.0, 0.0)} < {cell for cell in shown if cell[0] == stage}


def test_the_rows_are_within_the_budget_of_models(hpm):
    distiller, results = hpm
    assert distiller.distillation.recipe.budget.models == 64
    assert distiller.counts["models_trained"] <= 64
    # Something was left, so that rows were added to finalists and controls.
    assert len(results) > 4
    assert distiller.counts["models_refitted"] >= len(results) - 4


def test_what_the_run_fitted_is_not_fitted_again(hpm):
    distiller, results = hpm
    found = distiller.distillation
    for name in ("LOGISTIC_REGRESSION", "XGB"):
        mine = results[results["model_type"] == name]
        best = mine.loc[mine["selection_log_loss"].idxmin()]
        student = distiller.get_trained_model(name, best["temperature"], best["alpha"])
        assert student is found.students[STAGES[name]]
        assert distiller.get_trained_model(name, 1.0, 0.0) is found.controls[STAGES[name]]


def test_every_model_is_counted(made, runs, monkeypatch):
    from hpmkd.fitting import Fitting

    fits = []
    fit = Fitting.student
    monkeypatch.setattr(
        Fitting, "student", lambda self, *arguments: (fits.append(1), fit(self, *arguments))[1]
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
    assert sorted(results["model_type"]) == ["DECISION_TREE", "LOGISTIC_REGRESSION"]
    lowest = min(trial.log_loss for trial in distiller.distillation.racing)
    assert results["selection_log_loss"].min() == lowest


def test_the_same_seed_gives_the_same_results(made, runs):
    first, second = (runs(made("wine", method="hpm", random_state=3)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_no_row_looks_at_the_test_rows_to_choose(cancer, made, runs):
    """With other labels on the test rows, every student is the same."""
    X, y = cancer
    frame = pd.DataFrame(X[:, :5], columns=list("abcde")).assign(y=y)
    flipped = frame[400:].assign(y=1 - frame["y"][400:])
    students = []
    for test in (frame[400:], flipped):
        dataset = DBDataset(
            train_data=frame[:400], test_data=test, target_column="y", model=GaussianNB()
        )
        distiller = AutoDistiller(dataset, output_dir=None, n_trials=1, method="hpm")
        distiller.customize_config(["LOGISTIC_REGRESSION", "DECISION_TREE"])
        results = runs(distiller)
        students.append(results[["model_type", "temperature", "alpha", "selection_log_loss"]])
    pd.testing.assert_frame_equal(*students, check_exact=True)


def test_hybrid_has_the_rows_of_both(made, runs):
    distiller = made("wine", method="hybrid")
    results = runs(distiller)
    assert set(results["method"]) == {"standard", "hpm"}
    runs_of = [outcome.found for outcome in distiller._results.outcomes]
    assert distiller.counts["models_trained"] == sum(found.models_trained for found in runs_of)
    lowest = [min(trial.log_loss for trial in found.racing) for found in runs_of]
    assert distiller.distillation is runs_of[int(np.argmin(lowest))]


# ----------------------------------------------------------------------------- teachers


class CountingTeacher:
    """A fitted model that counts how often it is asked, and has a state of its own."""

    def __init__(self, model):
        self.model, self.classes_, self.calls = model, model.classes_, 0

    def predict_proba(self, table):
        self.calls += 1
        return self.model.predict_proba(table)


@pytest.fixture(scope="module")
def few(cancer):
    """120 rows and three columns: given teachers are compared with a panel that is trained."""
    return cancer[0][:120, :3], cancer[1][:120]


def test_probabilities_teach_if_there_are_some_and_the_model_if_they_are_not_wanted(few, runs):
    X, y = few
    said = np.column_stack([1 - 0.98 * y - 0.01, 0.98 * y + 0.01])
    teacher = CountingTeacher(GaussianNB().fit(X[:60], y[:60]))
    dataset = DBDataset(X, y, said, model=teacher)
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
    said = distiller.distillation.original.training
    labels = distiller.division.y_train
    assert distiller.original_metrics()["train"] == pytest.approx(quality(said, labels))
    assert not np.allclose(said, knowledge.soft_targets)


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


# ---------------------------------------------------------------------- the best of them


def test_the_best_model_is_that_of_the_best_row(standard):
    distiller, results = standard
    for metric, minimize in (
        ("test_accuracy", False),
        ("train_auc_pr", False),
        ("test_kl_divergence", True),
        ("selection_log_loss", True),
    ):
        at = results[metric].idxmin() if minimize else results[metric].idxmax()
        row = results.loc[at]
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
    with pytest.warns(UserWarning, match="test_kl_divergence is the better the smaller"):
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


def test_names_of_nothing_are_refused(standard):
    distiller, _ = standard
    with pytest.raises(RecipeError, match="metric: got 'acuracy'; expected one of test_accuracy"):
        distiller.best_model("acuracy")
    with pytest.raises(RecipeError, match="got 'best_params'"):
        distiller.best_model("best_params")
    with pytest.raises(RecipeError, match="'XGB' was not in the run, which had DECISION_TREE, LOG"):
        distiller.get_trained_model("XGB", 1.0, 0.5)
    with pytest.raises(RecipeError, match="alphas: got 2"):
        distiller.get_trained_model("DECISION_TREE", 1.0, 2)


def test_before_a_run_there_is_nothing(made):
    distiller = made()
    for asked in (
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
        with pytest.raises(RecipeError):
            asked()


# -------------------------------------------------------------------------------- files


def test_a_student_is_saved_and_read_again(standard, tmp_path):
    distiller, _ = standard
    path = distiller.save_best_model(file_path=tmp_path / "deep" / "best.hpmkd")
    student = hpmkd.Student.load(path)
    X = distiller.division.X_test
    np.testing.assert_array_equal(student.predict_proba(X), distiller.best_model().predict_proba(X))
    with pytest.warns(UserWarning, match=r"students are no pickles.*hpmkd\.Student\.load"):
        other = distiller.save_best_model(file_path=str(tmp_path / "best.pkl"))
    assert other == str(tmp_path / "best.hpmkd")


def test_a_run_writes_its_results_and_run_folders(made, runs, tmp_path):
    distiller = made("wine", method="hpm", output_dir=tmp_path / "deep" / "out")
    results = runs(distiller)
    runs(distiller)  # a second time is no trouble
    read = pd.read_csv(tmp_path / "deep" / "out" / "distillation_results.csv", sep=";")
    assert list(read.columns) == list(results.columns)
    np.testing.assert_allclose(read["test_accuracy"], results["test_accuracy"])
    assert hpmkd.load(tmp_path / "deep" / "out" / "hpm").chosen == distiller.distillation.chosen


def test_what_is_no_run_is_not_overwritten_and_no_time_is_lost(made, tmp_path):
    (tmp_path / "hpm").mkdir()
    (tmp_path / "hpm" / "thesis.tex").write_text("years of work")
    with pytest.raises(hpmkd.RunFolderError, match="something other than a run"):
        made("wine", method="hpm", output_dir=tmp_path).run()


# ---------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"method": "fast"}, RecipeError, "method: got 'fast'"),
        ({"test_size": 1}, RecipeError, "test_size: got 1; expected a share"),
        ({"random_state": -1}, RecipeError, "random_state: got -1"),
        ({"random_state": None}, RecipeError, "random_state: got None"),
        ({"n_trials": 0}, RecipeError, "n_trials: got 0"),
        ({"dataset": [[1, 2]]}, DataError, "dataset: got list"),
    ],
)
def test_arguments_that_cannot_be_are_refused(wine, options, error, said):
    with pytest.raises(error, match=said):
        AutoDistiller(**{"dataset": DBDataset(*wine), "output_dir": None, **options})


def test_positions_are_those_of_deepbridge(wine, tmp_path):
    distiller = AutoDistiller(DBDataset(*wine), tmp_path, 0.5, 7, 3, 0.3, False, "legacy")
    assert len(distiller.division.y_test) == 89
    assert (distiller.output_dir, distiller.random_state, distiller.method) == (
        tmp_path,
        7,
        "legacy",
    )


def test_verbose_tells_and_otherwise_nothing_is_printed(made, runs, capsys):
    runs(made("wine", method="hpm"))
    assert capsys.readouterr().out == ""
    distiller = made("wine", method="hpm", verbose=True)
    runs(distiller)
    told = capsys.readouterr().out
    assert told.startswith("hpm: 142 rows of 13 columns, 3 classes; logistic, tree\n")
    assert f"{distiller.counts['models_trained']} models trained" in told
    assert told.count("search: ") == 1
    runs(made("wine", method="hpm"), verbose_output=True)
    assert "search: " in capsys.readouterr().out
