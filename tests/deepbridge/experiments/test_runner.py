"""What an ExperimentRunner gives: rows of configurations, a row of each run, students, files."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd import AutoDistiller, DBDataset, RecipeError
from hpmkd.deepbridge import DistillationConfig, ExperimentRunner, ModelType

RUN = ["dataset", "method", "seed"]


def test_every_method_runs_on_every_data_set_with_every_seed(done):
    expected = [
        (name, method, seed)
        for name in ("wine", "cancer")
        for seed in (0,)
        for method in ("standard", "hpm")
    ]
    assert [*done.runs_df[RUN].itertuples(index=False, name=None)] == expected
    rows = done.results_df
    assert [*rows[RUN].drop_duplicates().itertuples(index=False, name=None)] == expected
    standard = rows[rows["method"] == "standard"]
    assert len(standard) == 2  # a grid of one each
    assert set(standard["model_type"]) == {"DECISION_TREE"}
    assert set(rows["distillation_method"]) == {"knowledge_distillation"}
    assert "error" not in rows


def test_the_rows_are_those_of_an_auto_distiller(done, tables):
    own = AutoDistiller(
        DBDataset(*tables["wine"], model=GaussianNB()),
        output_dir=None,
        random_state=0,
        n_trials=1,
        method="hpm",
        use_memory=False,
        multi_teacher=False,
    )
    own.customize_config(["DECISION_TREE"], [1.0], [0.5])
    expected = own.run()
    rows = done.results_df.query("dataset == 'wine' and method == 'hpm'")
    pd.testing.assert_frame_equal(
        rows[list(expected.columns)].reset_index(drop=True), pd.DataFrame(expected)
    )


def test_a_run_is_told_by_its_folder(done):
    for line in done.runs_df.itertuples():
        found = hpmkd.load(line.folder)
        (shipped,) = (record for record in found.records if record.chosen)
        assert line.test_accuracy == shipped.accuracy
        assert line.kl_divergence == shipped.kl
        assert line.retention == shipped.retention
        assert line.bytes == shipped.bytes > 0
        assert line.models_trained == found.counts["models_trained"]
        assert line.teacher_calls == found.counts["teacher_calls"] > 0
        assert line.verdict == found.verdict.outcome
        assert line.cpu_seconds > 0
        assert line.resumed == 0
        assert pd.isna(line.error)


def test_a_student_is_that_of_its_row(done, tables):
    X, y = tables["cancer"]
    rows = done.results_df.query("dataset == 'cancer'")
    for row in rows.itertuples():
        student = done.get_trained_model(
            ModelType[row.model_type] if row.model_type in ModelType.__members__ else "ensemble",
            row.temperature,
            row.alpha,
            dataset="cancer",
            method=row.method,
        )
        division = DBDataset(X, y).divided(0.2, 0)
        predicted = student.predict_proba(division.X_test)
        same = rows[
            (rows["method"] == row.method)
            & (rows["model_type"] == row.model_type)
            & (rows["alpha"] == row.alpha)
        ]
        best = same.loc[same["selection_log_loss"].idxmin()]
        assert accuracy_score(division.y_test, predicted.argmax(1)) == best["test_accuracy"]
        assert log_loss(division.y_test, predicted) == pytest.approx(best["test_log_loss"])


def test_one_run_must_be_meant(done):
    with pytest.raises(RecipeError, match=r"got dataset='wine'; expected .*wine, hpm, seed 0"):
        done.get_trained_model("DECISION_TREE", 1.0, 0.5, dataset="wine")
    with pytest.raises(RecipeError, match=r"got seed=7; expected dataset="):
        done.get_trained_model("DECISION_TREE", 1.0, 0.5, seed=7)


def test_a_configuration_that_is_no_row_is_fitted(experiment, tables):
    runner = experiment(None)
    before = runner.get_trained_model(ModelType.DECISION_TREE, 1.0, 0.25)
    assert before.predict(tables["wine"][0]).shape == (178,)
    assert runner.results == []
    with pytest.raises(RecipeError, match="no results yet; type: runner"):
        runner.results_df  # noqa: B018


def test_without_a_folder_nothing_is_written(experiment, quietly, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = experiment(None)
    results = quietly(runner)
    student = runner.get_trained_model("DECISION_TREE", 1.0, 0.5)
    assert np.isin(student.classes_, [0, 1, 2]).all()
    assert runner.results[0]["test_accuracy"] == results["test_accuracy"][0]
    assert [*tmp_path.iterdir()] == []
    for write in (runner.save_results, runner.generate_report):
        with pytest.raises(RecipeError, match="output_dir: got None; expected a folder"):
            write()


def test_tables_and_report_are_written(done):
    folder = done.config.output_dir
    done.save_results()
    rows = pd.read_csv(folder / "distillation_results.csv", sep=";")
    assert list(rows.columns) == list(done.results_df.columns)
    np.testing.assert_allclose(rows["test_log_loss"], done.results_df["test_log_loss"])
    lines = pd.read_csv(folder / "experiment_runs.csv", sep=";")
    assert lines["models_trained"].tolist() == done.runs_df["models_trained"].tolist()
    path = folder / "experiment_report_interactive.html"
    assert done.generate_report() == str(path)
    page = path.read_text("utf-8")
    assert "4 runs: standard, hpm on wine, cancer" in page
    assert "over 2 divisions of data sets that every method finished" in page
    with pytest.raises(RecipeError, match="report_type: got 'pdf'"):
        done.generate_report(report_type="pdf")


def test_a_data_set_that_fails_is_a_row_and_the_others_are_run(experiment, tables, tmp_path):
    broken = DBDataset(tables["wine"][0][:4], [0, 1, 0, 1])
    runner = experiment(tmp_path, ("wine", "cancer"))
    datasets = {"wine": runner.dataset["wine"], "tiny": broken, "cancer": runner.dataset["cancer"]}
    runner = ExperimentRunner(datasets, runner.config)
    with pytest.warns(UserWarning, match="1 of 3 runs failed: their rows say why"):
        results = runner.run_experiments()
    assert results["error"].notna().tolist() == [False, True, False]
    lines = runner.runs_df.set_index("dataset")
    assert lines.loc["tiny", "error"].startswith("DataError: ")
    assert pd.isna(lines.loc["tiny", "models_trained"])
    assert lines.loc[["wine", "cancer"], "test_accuracy"].notna().all()
    page = Path(runner.generate_report()).read_text("utf-8")
    assert "1 failed: the last column of the runs says why" in page
    assert html.escape(lines.loc["tiny", "error"][:40]) in page


def test_progress_is_told_where_it_is_verbose(experiment, quietly, tmp_path, capsys):
    quietly(experiment(tmp_path))
    assert capsys.readouterr().out == ""
    quietly(experiment(tmp_path, seeds=(42, 7), verbose=True))
    printed = capsys.readouterr().out
    assert printed.startswith(
        "runs: 2, of which 1 finished before\n[1 of 1] wine, standard, seed 7\n"
    )
    assert "wine, standard, seed 7: DECISION_TREE, accuracy " in printed


def test_as_in_deepbridge_one_data_set_runs_the_grid(tables, tmp_path, quietly):
    named = DBDataset(*tables["cancer"], model=GaussianNB(), dataset_name="My data: v1")
    config = DistillationConfig(str(tmp_path), 0.3, 5, 1, verbose=False)
    config.model_types, config.temperatures, config.alphas = [ModelType.DECISION_TREE], [1.0], [0.5]
    runner = ExperimentRunner(named, config)
    assert runner.dataset is named
    assert runner.config is config
    results = quietly(runner, use_probabilities=False)
    assert results[["dataset", "method", "seed"]].values.tolist() == [
        ["My data: v1", "standard", 5]
    ]
    assert (tmp_path / "my-data-v1" / "seed-5" / "standard" / "run.json").is_file()
    config.use_hpm = True
    assert quietly(runner)["method"].unique().tolist() == ["hpm"]
