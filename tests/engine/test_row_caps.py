"""Caps on rows: what binds is reported, and many rows are used as honestly as few."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.neighbors import KNeighborsClassifier

import hpmkd
from hpmkd.data.splits import for_selection, number_of_folds, sample
from hpmkd.engine.finish import _self_distil
from hpmkd.engine.row_caps import of_component, of_split
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.recipe.settings import SplitSettings
from hpmkd.registry.registry import Registry
from hpmkd.values import DataFacts

#: A run on 3000 rows to which these caps are what the recipe's own are to a million.
SMALL = {
    "memory": "none",
    "sampler.trials": 1,
    "front.size": 0,
    "ensemble.top": 0,
    "split.folds_until": 200,
    "split.once_above": 2000,
    "split.trial_rows": 900,
    "split.selection_rows": 300,
    "split.scaling_rows": 500,
    "split.single_above": 2000,
    "stages.logistic.rows": 400,
    "stages.gbm.refit_rows": 200,
}


class TestWhatTheEngineReports:
    def test_nothing_binds_on_few_rows(self):
        assert list(of_split(SplitSettings(), 20_000)) == []

    def test_folds(self):
        (cap,) = of_split(SplitSettings(), 120_000)
        assert cap == (
            "split.folds: 3 instead of 5 folds, because there are 120000 rows (split.folds_until)"
        )
        assert list(of_split(SplitSettings(folds=3), 120_000)) == []

    def test_a_million_rows_bind_all(self):
        caps = " ".join(of_split(SplitSettings(), 800_000))
        names = ("folds", "once_above", "selection_rows", "trial_rows", "scaling_rows", "single")
        assert all(f"split.{name}" in caps or name in caps for name in names)
        assert "2 instead of 5 folds" in caps
        assert "the self-distillation control is skipped" in caps
        assert "50000 rows judge trials, not 200000" in caps
        assert "fitted on 100000 of 750000 rows; each stage's best and its control" in caps

    def test_where_every_row_is_once_a_selection_row_none_is_left_out(self):
        settings = SplitSettings(once_above=5000, trial_rows=900, selection_rows=300)
        caps = " ".join(of_split(settings, 2400))
        assert "trials are fitted on 900 of 1920 rows" in caps
        for name in ("once_above:", "selection_rows", "judged again"):
            assert name not in caps

    def test_0_is_no_cap(self):
        names = ("folds_until", "once_above", "trial_rows", "selection_rows", "scaling_rows")
        none = SplitSettings(**dict.fromkeys((*names, "single_above"), 0))
        assert list(of_split(none, 10**7)) == []
        assert number_of_folds(none, 10**7) == 5


@pytest.fixture(scope="module")
def parts():
    return resolve(Recipe.load("hpm").override({"teacher": "panel"}), Registry.installed())


class TestWhatComponentsReport:
    def test_all_settings_that_cap_are_the_recipes_own(self, parts):
        facts = DataFacts(800_000, 30, 2)
        caps = {
            path: of_component(selected, facts)
            for path, selected in (
                ("teacher", parts.teacher),
                ("fuser", parts.fuser),
                ("augmenter", parts.augmenter),
                *parts.stages.items(),
            )
        }
        assert {path: set(own) for path, own in caps.items()} == {
            "teacher": {"rows_per_tree", "linear_rows", "network_rows", "refit_until", "few_above"},
            "fuser": {"rows", "near_of_many"},
            "augmenter": set(),
            "logistic": {"rows"},
            "tree": {"rows"},
            "gbm": set(),  # leaves are refitted only where refit_every is set
            "network": {"rows"},
        }
        recipe = Recipe.load("hpm").to_mapping()
        assert set(caps["fuser"]) <= set(recipe["fuser"])
        assert all(set(caps[name]) <= set(recipe["stages"][name]) for name in parts.stages)

    def test_few_rows_bind_nothing(self, parts):
        facts = DataFacts(4000, 30, 2)
        components = (parts.teacher, parts.fuser, parts.augmenter, *parts.stages.values())
        assert not any(of_component(each, facts) for each in components)

    def test_a_component_need_not_have_any(self, parts):
        assert of_component(parts.memory, DataFacts(10**6, 30, 2)) == {}


class TestRows:
    def test_a_sample_keeps_the_shares_of_the_classes(self):
        labels = np.repeat([0, 1, 2], [800, 150, 50])
        rows = sample(labels, 200, seed=1)
        assert np.bincount(labels[rows]).tolist() == [160, 30, 10]
        assert (np.diff(rows) > 0).all()
        assert np.array_equal(sample(labels, 0, seed=1), np.arange(1000))
        assert np.array_equal(sample(labels, 1000, seed=1), np.arange(1000))

    def test_more_selection_rows_than_are_wanted_are_fitted_on(self):
        labels = np.arange(4000) % 2

        def held(most):
            settings = SplitSettings(once_above=2000, selection_rows=most)
            return np.flatnonzero(for_selection(labels, settings, seed=0) < 0)

        assert len(held(100)) == 100
        assert len(held(1000)) == 1000
        assert np.array_equal(held(2000), held(0))
        assert len(held(0)) == 1000


class TrialHistory:
    def __init__(self):
        self.notes, self.trials = [], []

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)

    @hpmkd.hookimpl
    def hpmkd_trial_finished(self, trial):
        self.trials.append(trial)


@pytest.fixture(scope="module")
def noise():
    """Rows whose labels mean nothing, and a teacher that knows by heart those that it saw."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 5)), rng.integers(0, 2, 3000)
    history = TrialHistory()
    found = hpmkd.distill(
        *(X, y),
        teacher=KNeighborsClassifier(1),
        settings={**SMALL, "search.alphas.self": [0.0, 0.5]},
        student="gbm",
        observers=[history],
    )
    return found, history


def test_a_run_says_which_caps_bind(noise):
    _, history = noise
    names = {note.split(":")[0] for note in history.notes if note.startswith(("split", "stages"))}
    assert "split.once_above" in names
    assert "split.trial_rows" in names
    assert "stages.gbm.refit_rows" not in names  # nothing is refitted


def test_teachers_are_fitted_once_and_see_no_label_that_they_are_asked_about(noise):
    found, history = noise
    assert found.counts["teacher_fits"] == 2
    # In sample the teacher is always right, so that any label it saw would show here.
    assert found.knowledge.soft_targets.shape == (2400, 2)
    training = found.handle.training
    right = training.soft_targets.argmax(axis=1) == training.labels
    assert abs(right.mean() - 0.5) < 4 * 0.5 / 2100**0.5
    assert all(len(trial.row_losses) == 300 for trial in history.trials if trial.failure is None)
    losses = [trial.log_loss for trial in history.trials if trial.failure is None]
    assert min(losses) > 0.66


def test_students_are_fitted_on_all_rows_but_those_that_judge_in_the_end(noise):
    found, _ = noise
    assert len(found.handle.training.raw) == 2100
    assert found.handle.training.encoded["tree"][1].shape == (2100, 5)


def test_capped_runs_learn_what_uncapped_ones_do():
    X, y = make_classification(3000, 8, n_informative=5, n_redundant=0, random_state=3)
    found = hpmkd.distill(X, y, teacher="quick", settings=SMALL)
    student = next(r for r in found.records if r.role == "student" and r.name == found.chosen)
    assert student.accuracy > 0.85
    linear = found.handle.training.encoded["linear"][1]
    assert linear.dtype == np.float32


def test_of_many_rows_no_student_is_taught_by_its_control():
    """One that was judged on a holdout alone has not predicted the other rows."""
    configuration = SimpleNamespace(hard=False, stage="gbm")
    held_out = SimpleNamespace(students=("one",), probabilities=np.full((300, 2), 0.5))
    finalists = SimpleNamespace(
        shipped=SimpleNamespace(
            refitted=SimpleNamespace(trial=SimpleNamespace(configuration=configuration))
        ),
        controls={"gbm": SimpleNamespace(trial=held_out)},
    )
    plan = SimpleNamespace(refusal_of_self_distillation=lambda shipped: None)
    outputs = SimpleNamespace(training=range(2400))
    assert _self_distil(SimpleNamespace(budget_plan=plan), outputs, finalists) == (
        "Not compared with self-distillation: its control was not cross-validated on all "
        "training rows"
    )
