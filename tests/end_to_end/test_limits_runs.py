"""Whole runs with limits, their front, and picking from them."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

import hpmkd
from hpmkd.data.dataset import separate_test
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.seeds import Seeds
from hpmkd.data.splits import UNSEEN, for_selection
from hpmkd.evaluation import latency
from hpmkd.evaluation.pareto import no_worse, pareto_front

LIGHT = {
    "augmenter": "none",
    "memory": "none",
    "split.once_above": 1,
    "split.folds": 2,
    "stages": ["logistic", "tree", "xgboost"],
    "sampler.trials": 2,
    "search.stop.window": 0,
}
OUT = "ignore:stage .* dropped"


@pytest.fixture(scope="module", autouse=True)
def hurried():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "SECONDS_QUICK", 0.0)
        yield


def distil(data, settings=None, **options):
    given = {"teacher": "quick", **options}
    return hpmkd.distill(*data, settings={**LIGHT, **(settings or {})}, **given)


@pytest.fixture(scope="module")
def found(cancer):
    return distil(cancer)


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory):
    return found.save(tmp_path_factory.mktemp("runs") / "cancer")


# ----------------------------------------------------------------------- the front


def test_every_trial_knows_its_size_and_without_a_limit_on_it_no_time(found):
    for each in found.history:
        assert each["bytes"] > 100
        assert each["row_us"] is None
    assert all(trial.n_bytes is not None for trial in found.trials)


def test_all_that_was_fitted_for_good_is_told_of(found, folder, cancer):
    front = json.loads((folder / "front.json").read_text())
    assert front == [asdict(each) for each in found.front]
    names = {each["name"] for each in front}
    assert names == {path.stem for path in folder.glob("students/*")} - {"ensemble"}
    assert names == set(found.students) | set(found.further)
    assert [each["name"] for each in front if each["chosen"]] == [found.chosen]
    for each in front:
        path = folder / "students" / f"{each['name']}.hpmkd"
        student = hpmkd.Student.load(path)
        assert each["bytes"] == student.n_bytes == path.stat().st_size - student.sketch_bytes
        assert student.predict_proba(cancer[0][:3]).shape == (3, 2)


def test_each_has_the_figures_of_its_trial(found):
    accuracy = found.facts["selection"]["teacher_accuracy"]
    trials = {
        (cut.number, cut.configuration.rounds): cut
        for trial in found.trials
        for cut in (trial, *trial.shorter)
    }
    for each in found.front:
        trial = trials[each.trial, each.rounds]
        assert each.selection_log_loss == trial.log_loss
        assert each.selection_accuracy == trial.accuracy
        assert each.selection_retention == pytest.approx(trial.accuracy / accuracy)
        # Fitted on all rows it may be larger, and is no other model.
        assert each.bytes < 2 * trial.n_bytes
        if each.name != each.stage:
            assert each.name == trial.name


def test_the_teachers_accuracy_is_out_of_fold(found, cancer):
    dataset, seeds = make_dataset(*cancer), Seeds.spawn(0)
    training = dataset.rows(separate_test(dataset, 0.2, seeds.test)[0])
    fold_of_row = for_selection(training.labels, found.recipe.split, seeds.selection)
    held = np.flatnonzero(fold_of_row == UNSEEN)
    # Where it teaches nothing, it has predicted these rows alone.
    right = found.knowledge.soft_targets.argmax(axis=1) == training.labels[held]
    assert found.facts["selection"] == {"rows": len(held), "teacher_accuracy": right.mean()}


def test_the_front_is_marked(found):
    marked = [each for each in found.front if each.on_front]
    assert marked == pareto_front(found.front, lambda each: each.metrics)
    for one in marked:
        assert not any(no_worse(o.metrics, one.metrics) for o in marked if o is not one)


def test_the_budget_holds_and_every_refit_is_counted(cancer):
    for size in (0, 2):
        found = distil(cancer, {"front.size": size})
        trials = sum(trial.models_trained for trial in found.trials)
        finalists = {each.trial for each in found.front if each.role != "front"}
        others = {each.trial for each in found.front} - finalists
        assert len(others) <= size  # cuts of the finalists take no fit
        assert found.counts["models_trained"] >= trials + len(finalists | others)
        assert found.counts["models_trained"] <= 64


def test_a_spent_budget_fits_no_front(cancer):
    models = distil(cancer, {"front.size": 0}).counts["models_trained"]
    settings = {"budget.models": models}
    found = distil(cancer, settings)
    assert found.counts["models_trained"] <= models


def test_a_loaded_run_knows_its_front(found, folder, tmp_path):
    loaded = hpmkd.load(folder)
    assert loaded.front == found.front
    assert list(loaded.students) == sorted(found.students)
    assert set(loaded.further) == set(found.further)
    again = loaded.save(tmp_path / "again")
    assert (again / "front.json").read_bytes() == (folder / "front.json").read_bytes()
    for name, student in found.further.items():
        assert (again / "students" / f"{name}.hpmkd").read_bytes() == student.to_bytes()


@pytest.mark.parametrize(
    ("file", "key", "value", "said"),
    [
        ("leaderboard.json", "accuracy", "0.9", r"Expected `float`, got `str` - at `\$.accuracy`"),
        ("leaderboard.json", "accuracy", None, r"Expected `float`, got `null`"),
        ("front.json", "name", "../../etc/passwd", r"'../../etc/passwd', which is no student's"),
        ("front.json", "row_us", float("nan"), r"got NaN, which no run writes"),
        ("front.json", "row_us", "ENDLESS", r"got an infinite row_us"),
        ("front.json", "name", "elsewhere", r"files are missing in students/: elsewhere\. Take"),
    ],
)
def test_a_damaged_folder_is_refused_when_it_is_loaded(folder, tmp_path, file, key, value, said):
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    content = json.loads((damaged / file).read_text())
    content[-1][key] = value
    (damaged / file).write_text(json.dumps(content).replace('"ENDLESS"', "1e999"))
    with pytest.raises(hpmkd.StudentFileError, match=said):
        hpmkd.load(damaged)


# -------------------------------------------------------------------------- limits


@pytest.mark.filterwarnings(OUT)
def test_the_choice_keeps_a_limit_of_size_at_any_number_of_workers(cancer, found):
    sizes = sorted(each.bytes for each in found.front)
    limit = sizes[len(sizes) // 2]
    assert chosen_within(cancer, limit, workers=1) == chosen_within(cancer, limit, workers=2)


def chosen_within(cancer, limit, *, workers):
    limited = distil(cancer, {"front.size": 0}, limits={"max_size": limit}, workers=workers)
    assert len(limited.student.to_bytes()) <= limit
    assert limited.unmet() is None
    within = [
        trial.log_loss
        for trial in limited.handle.trials
        if trial.failure is None and trial.n_bytes <= limit
    ]
    (chosen,) = [each for each in limited.front if each.chosen]
    assert chosen.selection_log_loss == min(within)
    assert limited.counts["models_trained"] <= 64
    return limited.student.to_bytes()


@pytest.mark.filterwarnings(OUT)
def test_hard_labels_stay_in_the_race_within_limits(cancer, found):
    limit = max(each.bytes for each in found.front)
    limits = {"max_size": limit, "min_retention": 0.5, "max_latency": "1s"}
    limited = distil(cancer, limits=limits)
    # A limit of latency needs the time of every trial.
    assert all(each["row_us"] > 0 for each in limited.history)
    for name in limited.students:
        control = [each for each in limited.front if each.stage == name and each.role == "control"]
        own = next(each for each in limited.front if each.name == name)
        assert (
            control
            or not next(
                trial for trial in limited.trials if trial.number == own.trial
            ).configuration.alpha
        )
        for each in control:
            assert own.selection_log_loss <= each.selection_log_loss


@pytest.mark.filterwarnings("ignore:columns left out")
def test_a_student_that_keeps_the_limits_ships_if_any_does():
    # Students of trees grow when they are fitted on all rows: one out of this limit.
    settings = {"extra.rows": 1.0, "memory": "none"}
    limits = {"max_size": 4120}
    limited = hpmkd.distill(
        *load_digits(return_X_y=True, as_frame=True),
        teacher="quick",
        student="tree",
        settings=settings,
        limits=limits,
    )
    assert limited.unmet() is None
    assert len(limited.student.to_bytes()) <= 4120
    assert any(each.bytes > 4120 for each in limited.front)


def test_where_nobody_keeps_the_limits_the_run_is_in_the_error(cancer):
    with pytest.raises(hpmkd.LimitsError, match=r"none keeps at most 10B") as caught:
        distil(cancer, limits={"max_size": "10B"})
    whole = caught.value.distillation
    assert whole.unmet("runs/x") == str(caught.value).replace("DIR", "runs/x")
    assert set(whole.students) == {"logistic", "tree", "xgboost"}
    assert whole.verdict.sentence


def test_without_a_limit_those_of_the_run_hold_when_it_is_picked_from(found):
    smallest = min(found.front, key=lambda each: each.bytes)
    limited = replace(found, recipe=found.recipe.override({"limits.max_size": smallest.bytes}))
    assert limited.pick().name == smallest.name
    assert limited.pick(min_retention="10%").name == found.pick().name == found.chosen


def test_bad_limits_are_refused_before_anything_is_done(cancer):
    with pytest.raises(hpmkd.RecipeError, match=r"limits\.max_size: got '5 parsec'"):
        distil(cancer, limits={"max_size": "5 parsec"})


# ------------------------------------------------------------------------- picking


def test_a_run_is_picked_from_again(found, folder):
    assert found.pick().name == found.chosen
    smallest = min(found.front, key=lambda each: each.bytes)
    for run in (found, hpmkd.load(folder)):
        picked = run.pick(max_size=smallest.bytes)
        assert picked.name == smallest.name
        assert picked.summary == smallest
        assert len(picked.student.to_bytes()) == smallest.bytes
    with pytest.raises(hpmkd.LimitsError, match="no student keeps --max-size 1B"):
        found.pick(max_size="1B")
    with pytest.raises(hpmkd.RecipeError, match="with its unit"):
        found.pick(max_latency="2")
