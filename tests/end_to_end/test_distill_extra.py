"""Rows without labels, end to end: how they are made, labelled and used."""

from __future__ import annotations

import json
import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

import hpmkd
from hpmkd.cli import cli

LIGHT = {
    "augmenter.name": "none",
    "search.alphas.self": [0.0, 0.5, 1.0],
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "pipeline.start_seconds": 0,  # workers at once
    "split.folds": 3,
    "cache": "memory",
    "reference.name": "quick",
    "stages": ["logistic", "tree", "gbm"],
}
MUNGE = {**LIGHT, "augmenter.name": "munge", "extra.rows": 1.0}


def distil(X, y, **options):
    return hpmkd.distill(
        X, y, **{"teacher": RandomForestClassifier(10), "settings": LIGHT} | options
    )


@pytest.fixture(scope="module")
def without(wine):
    return distil(*wine)


@pytest.fixture(scope="module")
def munged(wine):
    return distil(*wine, settings=MUNGE)


def losses(found, soft):
    """Selection log losses of the trials with or without a teacher, in the order of asking."""
    return [
        (trial.configuration.key, trial.row_losses.tobytes())
        for trial in found.trials
        if trial.configuration.soft == bool(soft)
    ]


def test_the_augmenter_none_makes_nothing(without):
    assert without.knowledge.extra_rows == {"unlabeled": 0, "synthetic": 0}


def test_by_default_mixup_makes_rows_while_there_are_few():
    recipe = hpmkd.Recipe.load()
    assert recipe.augmenter.name == "mixup"
    assert recipe.extra.until == 10_000


def test_the_control_is_the_same_byte_for_byte_the_student_is_not(without, munged):
    assert munged.knowledge.extra_rows == {"unlabeled": 0, "synthetic": 142}
    assert losses(munged, 0) == losses(without, 0)
    assert losses(munged, 1) != losses(without, 1)
    controls = [
        {record.name: record.log_loss for record in found.records if record.role == "control"}
        for found in (munged, without)
    ]
    assert controls[0] == controls[1]
    # A model without a fold reads the extra rows, and those that were made without the fold.
    assert munged.counts["teacher_fits"] == without.counts["teacher_fits"] == 3 + 3
    assert munged.counts["teacher_calls"] == without.counts["teacher_calls"] + 2 * 3


def test_the_seed_decides_whatever_the_number_of_workers(wine, munged):
    other = distil(*wine, settings=MUNGE, workers=3)
    for stage, student in munged.students.items():
        assert other.students[stage].to_bytes() == student.to_bytes(), stage
    assert losses(other, 1) == losses(munged, 1)


@pytest.mark.parametrize("name", ["munge", "mixup"])
def test_mixed_columns_and_holes(people, name):
    settings = {**LIGHT, "augmenter.name": name, "extra.rows": 2, "search.extra_weights": [0.7]}
    found = distil(people, "bought", settings=settings)
    assert found.knowledge.extra_rows["synthetic"] == 240
    assert np.isfinite(found.leaderboard.log_loss).all()


def test_at_most_so_many_rows(wine):
    found = distil(*wine, settings={**MUNGE, "extra.max_rows": 30}, student="tree")
    assert found.knowledge.extra_rows["synthetic"] == 30


def test_unlabeled_rows_take_precedence(wine, without):
    X, y = wine
    others = X[:50] * 1.01
    found = distil(X, y, settings=MUNGE, X_unlabeled=others)
    assert found.knowledge.extra_rows == {"unlabeled": 50, "synthetic": 0}
    assert losses(found, 0) == losses(without, 0)
    assert losses(found, 1) != losses(without, 1)
    same = distil(X, y, X_unlabeled=others)
    assert losses(same, 1) == losses(found, 1)


def test_a_fitted_teacher_labels_them(wine):
    X, y = wine
    model = RandomForestClassifier(10, random_state=0).fit(X[::2], y[::2])
    found = distil(X[1::2], y[1::2], teacher=model, X_unlabeled=X[::2], student="tree")
    assert found.knowledge.extra_rows["unlabeled"] == len(X[::2])
    # Once about the training rows, once about the test rows, once about the others; and the
    # folds of the reference that it is compared with.
    assert found.counts["teacher_calls"] == 3 + found.counts["teacher_fits"]


def given(wine):
    y = wine[1]
    said = np.full((len(y), 3), 0.1)
    said[np.arange(len(y)), y] = 0.8
    said[::9] = 1 / 3
    return said


def test_probabilities_label_no_rows_and_the_run_says_so_once(wine):
    X, y = wine
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = distil(X, y, teacher={"mine": given(wine)}, student="tree", X_unlabeled=X)
    said = [str(each.message) for each in caught if "without labels" in str(each.message)]
    assert len(said) == 1
    assert "teacher mine is given as probabilities and cannot label them" in said[0]
    assert found.knowledge.extra_rows == {"unlabeled": 0, "synthetic": 0}


def test_probabilities_alone_are_nothing_to_warn_of(wine):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        distil(*wine, teacher={"mine": given(wine)}, student="tree")
    assert not [each for each in caught if "without labels" in str(each.message)]


def test_a_leaking_teacher_labels_real_rows_only():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 5)), rng.integers(0, 2, 300)
    model = RandomForestClassifier(50, random_state=0).fit(X, y)
    for options, n in (({}, 0), ({"X_unlabeled": X[:70]}, 70)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = distil(X, y, teacher=model, settings=MUNGE, student="tree", **options)
        said = " ".join(str(each.message) for each in caught)
        assert "has seen these labels" in said
        assert sum(found.knowledge.extra_rows.values()) == n


class Recording(KNeighborsClassifier):
    """Remembers the row numbers (first column) it was fitted on and asked about."""

    fits: ClassVar[list[frozenset[int]]] = []
    asked: ClassVar[list[tuple[int, frozenset[int]]]] = []

    def fit(self, X, y):
        Recording.fits.append(frozenset(X[:, 0].astype(int).tolist()))
        return super().fit(X, y)

    def predict_proba(self, X):
        numbers = frozenset(X[:, 0].astype(int).tolist())
        Recording.asked.append((len(Recording.fits) - 1, numbers))
        return super().predict_proba(X)


class Copies:
    """Copies the rows it is given, and remembers their numbers."""

    given: ClassVar[list[frozenset[int]]] = []

    def rows(self, table, n, rng):
        Copies.given.append(frozenset(table[:, 0].astype(int).tolist()))
        return table[:n].copy()


class CopiesPlugin:
    @hpmkd.hookimpl
    def hpmkd_augmenters(self):
        return [hpmkd.Offer("copies", Copies, "the rows themselves")]


def test_no_selection_or_test_row_reaches_an_augmenter_or_its_labels(cancer):
    X, y = cancer
    X = np.c_[np.arange(300.0), X[:300]]
    for each in (Recording.fits, Recording.asked, Copies.given):
        each.clear()
    distil(
        X,
        y[:300],
        teacher=Recording(3),
        settings={**LIGHT, "augmenter.name": "copies"},
        observers=[CopiesPlugin()],
        student="tree",
    )
    whole, *outside = Copies.given
    assert len(whole) == 240
    assert frozenset().union(*outside) == whole
    folds = [whole - rows for rows in outside]
    assert sorted(row for fold in folds for row in fold) == sorted(whole)
    # Students judged on a fold learn rows that were made of the others, by models of the others.
    assert {*Recording.fits[:3]} == {*outside}
    # Where rows with labels are taught as well, models have not seen either of two folds.
    assert {*Recording.fits[3:]} == {*folds}
    for own in outside:
        assert (Recording.fits.index(own), own) in Recording.asked
    for fit, numbers in Recording.asked:
        assert fit < 3 or not numbers & Recording.fits[fit]


def test_rows_that_nobody_may_label_are_not_made(wine):
    X, y = np.random.default_rng(0).normal(size=(300, 5)), np.arange(300) % 2
    leaking = RandomForestClassifier(50, random_state=0).fit(X, y)
    Copies.given.clear()
    settings = {**LIGHT, "augmenter.name": "copies"}
    options = {"settings": settings, "observers": [CopiesPlugin()], "student": "tree"}
    for data, teacher in (((X, y), leaking), (wine, {"mine": given(wine)})):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = distil(*data, teacher=teacher, **options)
        assert found.knowledge.extra_rows == {"unlabeled": 0, "synthetic": 0}
    assert Copies.given == []


@pytest.mark.parametrize("known", ["training", "test", "none"])
def test_unlabeled_rows_that_the_run_knows_are_warned_of(wine, known):
    X, y = wine
    train, test = np.arange(178) % 4 > 0, np.arange(178) % 4 == 0
    fresh = X[:60] * 1.01
    rows = {"training": X[train], "test": np.vstack([fresh, X[test]]), "none": fresh}[known]
    parts = {"X_test": X[test], "y_test": y[test], "X_unlabeled": rows}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        distil(X[train], y[train], **parts, student="tree")
    said = " ".join(str(each.message) for each in caught if each.category is hpmkd.DataWarning)
    assert ("100% of them are training rows" in said) == (known == "training")
    assert ("100% of the test rows are among them" in said) == (known == "test")


class Hidden:
    """A stage of another author that does not know extra rows: it copies the tree's fit."""

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int] = 9
    defaults: ClassVar[dict[str, float]] = {}
    seen: ClassVar[list[int]] = []

    def space(self, trial):
        return {}

    def fit(self, inputs):
        from dataclasses import replace

        from hpmkd_defaults.stages.tree import TreeStage

        assert len(inputs.matrix) == len(inputs.labels) == len(inputs.soft_targets)
        assert inputs.labels.min() >= 0
        assert (inputs.extra is None) == (inputs.configuration.extra_weight == 0)
        return TreeStage().fit(replace(inputs, extra=None))


class HiddenPlugin:
    @hpmkd.hookimpl
    def hpmkd_stages(self):
        return [hpmkd.Offer("hidden", Hidden, "a foreign tree")]


def test_a_stage_that_knows_nothing_of_them_goes_on(wine):
    options = {"observers": [HiddenPlugin()], "student": "hidden"}
    found = distil(*wine, settings=MUNGE, **options)
    assert not [trial.failure for trial in found.trials if trial.failure]
    plain = distil(*wine, **options)
    np.testing.assert_array_equal(found.student.model.leaf_values, plain.student.model.leaf_values)


def test_a_shared_cache_saves_the_labels_too(wine, dict_cache):
    options = {"cache": dict_cache, "settings": MUNGE, "student": "tree"}
    first, second = distil(*wine, **options), distil(*wine, **options)
    assert (second.counts["teacher_fits"], second.counts["teacher_calls"]) == (0, 0)
    assert second.student.to_bytes() == first.student.to_bytes()


@pytest.mark.parametrize(
    ("key", "value"),
    [("extra.rows", -1), ("search.extra_weights", [-1.0]), ("extra.max_rows", 1.5)],
)
def test_bad_settings(wine, key, value):
    with pytest.raises(hpmkd.RecipeError, match=key):
        distil(*wine, settings={key: value})
    with pytest.raises(hpmkd.RecipeError, match=r"augmenter.p: got 2"):
        distil(*wine, settings={"augmenter": {"name": "munge", "p": 2}})
    with pytest.raises(hpmkd.RecipeError, match=r"augmenter.name: no augmenter .* 'munge'"):
        distil(*wine, settings={"augmenter.name": "mung"})


@pytest.fixture
def files(people, tmp_path):
    people.iloc[:120].to_csv(tmp_path / "data.csv", index=False)
    people.iloc[120:].to_csv(tmp_path / "more.csv", index=False)
    return tmp_path


def call(files, *options):
    settings = [f"--set={key}={json.dumps(value)}" for key, value in LIGHT.items()]
    fixed = ["--target=bought", f"--out={files / 'run'}", "--student=tree", "--quiet", *settings]
    teacher = "--teacher=sklearn.naive_bayes:BernoulliNB"
    data = str(files / "data.csv")
    return CliRunner().invoke(cli, ["distill", data, teacher, *fixed, *map(str, options)])


def test_unlabeled_on_the_command_line(files):
    result = call(files, "--unlabeled", files / "more.csv")
    assert result.exit_code == 0, result.output
    assert "The teachers labelled 30 unlabeled rows" in result.output
    knowledge = json.loads((files / "run" / "knowledge.json").read_text())
    assert knowledge["extra_rows"] == {"unlabeled": 30, "synthetic": 0}
    assert hpmkd.load(files / "run").knowledge.extra_rows == knowledge["extra_rows"]


def test_the_training_file_as_unlabeled_on_the_command_line(files):
    with pytest.warns(hpmkd.DataWarning, match="unlabeled rows") as caught:
        result = call(files, "--unlabeled", files / "data.csv")
    assert result.exit_code == 0, result.output
    training, test = [str(each.message) for each in caught if "unlabeled" in str(each.message)]
    assert "81% of them are training rows, cell by cell" in training
    assert "100% of the test rows are among them" in test
    assert "transductive" in test


def test_bad_unlabeled_files(files, people):
    spoilt = {
        "missing.csv": (None, "no such file"),
        "empty.csv": (people[:0], "unlabeled rows: the data is empty"),
        "fewer.csv": (people.drop(columns="age"), "unlabeled rows: "),
        "infinite.csv": (people.assign(age=np.inf), "age holds 150 cells that are infinite"),
        "words.csv": (people.assign(age="old"), "unlabeled rows: "),
    }
    for name, (frame, said) in spoilt.items():
        if isinstance(frame, pd.DataFrame):
            frame.to_csv(files / name, index=False)
        result = call(files, "--unlabeled", files / name)
        assert result.exit_code == 3, (name, result.output)
        assert said in result.stderr
        assert not (files / "run").exists()
