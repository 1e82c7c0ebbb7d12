"""The result of a run: how it shows itself, and run folders that are not what they were."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

import hpmkd
from hpmkd.data.dataset import separate_test
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.seeds import Seeds
from hpmkd.errors import RunFolderError, StudentFileError
from hpmkd.knowledge.fusion import FittedFusion
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.values import Fused, Offer

SETTINGS = {
    "stages": ["logistic", "tree"],
    "sampler.trials": 1,
    "split.folds": 2,
    "ensemble.top": 0,
}


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] + rng.normal(0, 0.5, 60) > 0).astype(int)
    return hpmkd.distill(X, y, teacher=GaussianNB(), settings=SETTINGS)


@pytest.fixture
def folder(found, tmp_path):
    return found.save(tmp_path / "run")


def change(path, **entries):
    content = json.loads(path.read_text()) | entries
    path.write_text(json.dumps({key: each for key, each in content.items() if each is not ...}))


def refused(folder, *parts):
    with pytest.raises(StudentFileError) as caught:
        hpmkd.load(folder)
    for each in (*parts, str(folder)):
        assert each in str(caught.value)


# ------------------------------------------------------------------ how it shows itself


def test_it_says_what_it_is_in_a_line(found):
    text = repr(found)
    assert len(text) < 500
    assert "\n" not in text
    for part in (repr(found.chosen), "logistic, tree", found.verdict.sentence):
        assert part in text


def test_notebooks_show_verdict_and_leaderboard(found):
    html = found._repr_html_()
    assert html.count("<tr") == 1 + len(found.records)
    assert escape(found.verdict.sentence) in html
    shipped = next(each for each in found.records if each.chosen)
    assert html.count(f"{shipped.name} ✓ ships") == html.count("font-weight: bold") == 1
    assert f"{shipped.accuracy:.2%} of {found.facts['rows']['test']} test rows" in html
    for other in (found.verdict._repr_html_(), found.student._repr_html_()):
        assert other.count("<table>") == 1
    assert f"{found.student.n_bytes:,} bytes" in found.student._repr_html_()


def test_the_leaderboard_shows_units_and_an_altered_one_its_numbers(found):
    shown = found.leaderboard._repr_html_()
    for part in ("✓ ships", " KB<", " us<", "<th", "log loss"):
        assert part in shown
    part = found.leaderboard[["name", "accuracy"]]
    assert "✓ ships" not in part._repr_html_()
    altered = found.leaderboard
    del altered["bytes"]
    assert "✓ ships" not in altered._repr_html_()


def test_what_permuted_columns_cost_is_measured(found, folder):
    known = found.evidence.importance
    assert {each.column for each in known} == {"x0", "x1", "x2"}
    assert known[0].column == "x0"  # the labels follow it
    assert known[0].student.mean > 0 < known[0].teacher.mean
    assert hpmkd.load(folder).evidence == found.evidence


def test_every_model_has_its_intervals(found):
    known = {(each.role, each.name): each for each in found.evidence.intervals}
    for record in found.records:
        own = known[record.role, record.name]
        assert own.accuracy[0] <= record.accuracy <= own.accuracy[1] > own.accuracy[0]
        assert own.log_loss[0] < record.log_loss < own.log_loss[1]
    assert {each.name for each in found.front if each.role == "front"} <= {
        name for role, name in known if role == "front"
    }


# ------------------------------------------------------------------------ run folders


def test_a_student_cannot_be_written_outside_the_folder(found, tmp_path):
    evil = replace(found, students={**found.students, "../../esc": found.student})
    with pytest.raises(RunFolderError, match=r"named '../../esc', which cannot be"):
        evil.save(tmp_path / "deep" / "run")
    assert list(tmp_path.rglob("*.hpmkd")) == []


def test_a_copy_of_a_loaded_run_keeps_the_trials(found, folder, tmp_path):
    loaded = hpmkd.load(folder)
    assert loaded.trials == ()
    assert list(loaded.history) == list(found.history)
    assert [each["number"] for each in loaded.history] == list(range(len(found.trials)))
    loaded.save(tmp_path / "copy")
    copied = tmp_path.joinpath("copy", "trials.json").read_text()
    assert copied == folder.joinpath("trials.json").read_text() != "[]\n"


def test_what_else_lies_among_the_students_does_not_matter(found, folder):
    folder.joinpath("students", ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    folder.joinpath("students", "notes.txt").write_text("nice tree")
    assert set(hpmkd.load(folder).students) == set(found.students)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("run.json", "[]", "got a list; expected a dict"),
        ("leaderboard.json", "{}", "got a dict; expected a list"),
        ("leaderboard.json", "[1]", "no intact run folder"),
        ("trials.json", "{}", "got a dict; expected a list"),
        ("knowledge.json", "{}", "the entry 'teachers' is missing"),
        ("verdict.json", "3", "got a int; expected a dict"),
        ("counts.json", "null", "got a NoneType; expected a dict"),
        ("recipe.toml", "name = ", "no intact run folder"),
    ],
)
def test_a_damaged_file_is_named(folder, name, text, message):
    folder.joinpath(name).write_text(text)
    refused(folder, message, "run folder" if "intact" in message or "entry" in message else name)


@pytest.mark.parametrize("name", ["trials.json", "recipe.toml", "leaderboard.json", "front.json"])
def test_a_missing_file_is_named(folder, name):
    folder.joinpath(name).unlink()
    refused(folder, name)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (..., "the entry 'chosen' is missing"),
        ("forest", "run.json chooses 'forest'; expected one of those in students/: logistic, "),
        ("../student", "run.json chooses '../student'"),
        (["tree"], "run.json chooses ['tree']"),
    ],
)
def test_a_choice_that_is_not_there_is_refused(folder, chosen, message):
    change(folder / "run.json", chosen=chosen)
    refused(folder, message)


def test_the_shipped_student_must_be_whole(folder):
    shipped = folder / "student.hpmkd"
    content = shipped.read_bytes()
    shipped.write_bytes(content[:-7])
    refused(folder, "student.hpmkd")
    shipped.unlink()
    refused(folder, "student.hpmkd")


def test_the_shipped_student_must_be_the_chosen_one(found, folder):
    (other,) = set(found.students) - {found.chosen}
    folder.joinpath("student.hpmkd").write_bytes(found.students[other].to_bytes())
    refused(folder, f"student.hpmkd and students/{found.chosen}.hpmkd differ")


# ------------------------------------------------------------------------------ fusion


def test_a_fuser_may_go_on_writing_to_its_own_memory():
    memory = np.full((4, 2), 0.5)

    class Own:
        def fit(self, probabilities, labels, table):
            return self

        def fuse(self, probabilities, table):
            return Fused(memory, np.ones((4, 1)))

        def summary(self):
            return {}

    selected = ComponentSpec(RegisteredComponent("fuser", Offer("own", Own, ""), "p"), {})
    given = np.full((1, 4, 2), 0.5)
    fused, _ = FittedFusion.fit(selected, given, np.zeros(4, int), None).fuse(given, None)
    memory[0] = (1, 0)
    assert fused.tolist() == [[0.5, 0.5]] * 4
    assert not fused.flags.writeable


# ------------------------------------------------------------------ further students


def test_it_fits_what_it_tried_and_other_points_on_all_rows(found):
    trial = min(found.trials, key=lambda trial: trial.log_loss)
    again = found.fit(trial.configuration)
    assert again.to_bytes() == found.students[trial.configuration.stage].to_bytes()
    other = found.fit(replace(trial.configuration, alpha=1.0))
    assert other.predict_proba(np.zeros((2, 3))).shape == (2, 2)


def test_students_fitted_afterwards_are_counted_and_their_price_is_known(found):
    trial = found.trials[0]
    before = found.models_trained
    assert before >= found.counts["models_trained"]
    assert found.handle.cost(trial.configuration) == 1
    found.fit(trial.configuration)
    assert found.models_trained == before + 1


def test_each_stage_keeps_its_control(found):
    for stage, control in found.handle.finalists.controls.items():
        trials = [each for each in found.handle.trials if each.configuration.stage == stage]
        hard = [each for each in trials if each.configuration.hard]
        best = min(hard, key=lambda each: each.log_loss)
        assert found.fit(best.configuration).to_bytes() == control.student.to_bytes()


def test_one_teacher_is_kept_as_it_is(found):
    teacher = found.handle.teacher
    assert (teacher.training.shape, teacher.test.shape) == ((48, 2), (12, 2))
    # The fuser calibrates what students learn from.
    assert not np.allclose(teacher.training, found.knowledge.soft_targets)


def test_several_teachers_are_kept_as_they_are_fused(wine):
    teachers = [GaussianNB(), KNeighborsClassifier()]
    found = hpmkd.distill(
        *wine, teacher=teachers, student="tree", settings=SETTINGS | {"fuser.name": "mean"}
    )
    np.testing.assert_array_equal(found.handle.teacher.training, found.knowledge.soft_targets)
    fused = next(each for each in found.records if each.name == "teacher")
    test = separate_test(make_dataset(*wine), 0.2, Seeds.spawn(0).test)[1]
    assert fused.accuracy == (found.handle.teacher.test.argmax(axis=1) == wine[1][test]).mean()


def test_a_loaded_run_knows_what_was_trained(found, folder):
    assert hpmkd.load(folder).models_trained == found.counts["models_trained"]


def test_a_loaded_run_fits_nothing(found, folder):
    with pytest.raises(RunFolderError, match=r"keeps no training rows; expected a run that was"):
        hpmkd.load(folder).fit(found.trials[0].configuration)


def test_a_run_folder_holds_a_study(found, folder):
    import optuna
    from optuna.storages.journal import JournalFileBackend

    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / "study.log")))
    study = optuna.load_study(study_name="hpmkd", storage=storage)
    assert [trial.value for trial in study.trials] == [trial.log_loss for trial in found.trials]
