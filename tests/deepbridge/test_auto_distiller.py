"""An AutoDistiller's arguments, and the files that it writes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hpmkd
from hpmkd import AutoDistiller, DataError, DBDataset, RecipeError

# -------------------------------------------------------------------------------- files


def test_a_student_is_saved_and_read_again(standard, tmp_path, monkeypatch):
    distiller, _ = standard
    path = distiller.save_best_model(file_path=tmp_path / "deep" / "best.hpmkd")
    student = hpmkd.Student.load(path)
    X = distiller.division.X_test
    np.testing.assert_array_equal(student.predict_proba(X), distiller.best_model().predict_proba(X))
    with pytest.warns(UserWarning, match=r"students are not pickles.*hpmkd\.Student\.load"):
        other = distiller.save_best_model(file_path=str(tmp_path / "best.pkl"))
    assert other == str(tmp_path / "best.hpmkd")
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=r"got 'model_v1\.2'"):
        versioned = distiller.save_best_model(file_path="model_v1.2")
    assert versioned == "model_v1.2.hpmkd"
    assert (tmp_path / "model_v1.2.hpmkd").is_file()


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


def test_a_folder_where_the_results_go_is_refused_before_any_work(made, tmp_path):
    (tmp_path / "distillation_results.csv").mkdir()
    with pytest.raises(hpmkd.RunFolderError, match=r"csv is a folder; expected a file"):
        made("wine", method="hpm", output_dir=tmp_path).run()
    assert not (tmp_path / "hpm").exists()


def test_files_that_cannot_be_written_are_explained(standard, tmp_path):
    distiller, _ = standard
    (tmp_path / "file").write_text("")
    with pytest.raises(hpmkd.RunFolderError, match=r"cannot write .*choose another file_path"):
        distiller.save_best_model(file_path=tmp_path / "file" / "best.hpmkd")
    with pytest.raises(hpmkd.RunFolderError, match=r"cannot write .*choose another output_path"):
        distiller.generate_report(tmp_path / "file" / "report.html")
    with pytest.raises(hpmkd.RunFolderError, match=r"cannot write .*choose another output_dir"):
        AutoDistiller(distiller.dataset, output_dir=tmp_path / "file").run()
    with pytest.raises(RecipeError, match="file_path: got 5; expected a path"):
        distiller.save_best_model(file_path=5)
    with pytest.raises(RecipeError, match="output_path: got 5"):
        distiller.generate_report(5)


# ---------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "fast"}, RecipeError, "method: got 'fast'"),
        ({"test_size": 1}, RecipeError, "test_size: got 1; expected a share"),
        ({"random_state": -1}, RecipeError, "random_state: got -1"),
        ({"random_state": None}, RecipeError, "random_state: got None"),
        ({"random_state": True}, RecipeError, "random_state: got True"),
        ({"n_trials": 0}, RecipeError, "n_trials: got 0"),
        ({"method": ["hpm"]}, RecipeError, r"method: got \['hpm'\]"),
        ({"output_dir": 5}, RecipeError, "output_dir: got 5; expected a path"),
        ({"verbose": "no"}, RecipeError, "verbose: got 'no'; expected True or False"),
        ({"use_cache": "off"}, RecipeError, "use_cache: got 'off'"),
        ({"progressive": None}, RecipeError, "progressive: got None"),
        ({"multi_teacher": 2}, RecipeError, "multi_teacher: got 2"),
        ({"dataset": [[1, 2]]}, DataError, "dataset: got list"),
    ],
)
def test_arguments_that_cannot_be_are_refused(wine, options, error, message):
    with pytest.raises(error, match=message):
        AutoDistiller(**{"dataset": DBDataset(*wine), "output_dir": None, **options})


def test_switches_may_be_numbers_of_numpy_too(wine):
    distiller = AutoDistiller(DBDataset(*wine), output_dir=None, verbose=np.bool_(False))
    assert not distiller.verbose


def test_a_refused_distiller_leaves_the_parts_of_the_data_set_alone(wine):
    dataset = DBDataset(*wine)
    with pytest.raises(RecipeError):
        AutoDistiller(dataset, output_dir=None, test_size=0.5, n_trials=0)
    assert len(dataset.test_data) == 36


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
    printed = capsys.readouterr().out
    assert printed.startswith("hpm: 142 rows of 13 columns, 3 classes; logistic, tree\n")
    assert f"{distiller.counts['models_trained']} models trained" in printed
    assert printed.count("search: ") == 2  # on hard labels, then with the teacher
    runs(made("wine", method="hpm"), verbose_output=True)
    assert "search: " in capsys.readouterr().out


def test_what_a_journal_holds_is_taken_over_and_replaced_in_the_end(made, runs, tmp_path):
    first = made("wine", method="hpm", use_memory=False)
    runs(first, journal=tmp_path)
    assert (tmp_path / "hpm" / "journal").is_file()
    second = made("wine", method="hpm", use_memory=False, output_dir=tmp_path)
    results = runs(second, journal=tmp_path)
    pd.testing.assert_frame_equal(results, first.results_df)
    assert second.distillation.counts["resumed"] > 0
    assert {each.name for each in (tmp_path / "hpm").iterdir()}.isdisjoint({"journal"})
    with pytest.raises(hpmkd.RunFolderError, match="hpm is complete"):
        runs(second, journal=tmp_path)
    with pytest.raises(RecipeError, match="journal: got 5; expected a path"):
        runs(first, journal=5)
