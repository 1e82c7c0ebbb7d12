"""Knowledge for students that are judged on a fold: no teacher has seen a label of its rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.unlabeled import ExtraSource
from hpmkd.execution.counters import Counts
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.crossfit import Queries
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.knowledge.regime import SELF
from hpmkd.knowledge.student_state import StudentState
from hpmkd.knowledge.teachers import CloneableTeacher
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.recipe.settings import ExtraSettings
from hpmkd.registry.registry import Registry

N, FOLDS = 90, 3
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N, 3)), RNG.integers(0, 2, N)
TEST = make_dataset(RNG.normal(size=(20, 3)), RNG.integers(0, 2, 20))
FOLD_OF_ROW = np.arange(N) % FOLDS
UNLABELED = X + 1e-3
NEAREST = CloneableTeacher("nearest", KNeighborsClassifier(1))
BAYES = CloneableTeacher("bayes", GaussianNB())


class Copies:
    """Makes rows that are copies of those that it is given: the most telling ones."""

    def rows(self, table, n, rng):
        return table[rng.integers(0, len(table), n)]


@pytest.fixture
def build(dict_cache, in_process):
    def built(labels=Y, teachers=(NEAREST,), fuser="mean", unlabeled=None, folds=FOLD_OF_ROW):
        parts = resolve(Recipe.load("hpm").override({"fuser": fuser}), Registry.installed())
        predictor = TeacherPredictor(
            make_dataset(X, labels), TEST, type(dict_cache)(), in_process(), folds, 0, Counts()
        )
        source = ExtraSource(ExtraSettings(rows=2.0), Copies(), unlabeled, 0)
        built = KnowledgeBuilder(list(teachers), predictor, parts.fuser, lambda: (), source)
        return built.with_sources_for(SELF)

    return built


def known(builder, pairs=False):
    """The predictions fold by fold, and those without pairs of folds."""
    single = builder.predict(builder.teachers, builder.folds, builder.queries)
    double = builder.predict(builder.teachers, builder.pairs, Queries()) if pairs else None
    return single, double


def test_rows_are_made_without_those_of_the_fold_that_judges(build):
    queries = build().queries
    rows = {tuple(row) for row in X}
    assert {tuple(row) for row in queries.extra} <= rows
    for fold in range(FOLDS):
        outside = {tuple(row) for row in X[fold != FOLD_OF_ROW]}
        assert len(queries.made[fold]) == 2 * N * (FOLDS - 1) / FOLDS
        assert {tuple(row) for row in queries.made[fold]} <= outside


def test_real_rows_are_those_that_were_handed_in(build):
    queries = build(unlabeled=UNLABELED).queries
    assert queries.extra is UNLABELED
    assert queries.made == ()


def test_one_holdout_needs_no_rows_of_its_own(build):
    folds = np.where(np.arange(N) % 5 == 0, -1, FOLD_OF_ROW)
    queries = build(folds=folds).queries
    assert queries.made == ()
    assert {tuple(row) for row in queries.extra} <= {tuple(row) for row in X[folds >= 0]}


@pytest.mark.parametrize("unlabeled", [None, UNLABELED])
def test_extra_rows_are_labelled_by_the_model_without_the_fold(build, unlabeled):
    builder = build(unlabeled=unlabeled)
    single, _ = known(builder)
    for fold in range(FOLDS):
        soft_targets, extra = builder.outside(fold, single, None)
        assert soft_targets is None
        seen = fold != FOLD_OF_ROW
        model = KNeighborsClassifier(1).fit(X[seen], Y[seen])
        table = builder.queries.made[fold] if unlabeled is None else unlabeled
        assert extra.table is table
        np.testing.assert_allclose(extra.soft_targets, model.predict_proba(table), atol=1e-14)
        assert extra.real is (unlabeled is not None)


def test_without_pairs_of_folds_the_rows_with_labels_keep_them(build):
    builder = build()
    single, pairs = known(builder, pairs=True)
    for fold in range(FOLDS):
        assert builder.outside(fold, single, None)[0] is None
        soft_targets, _ = builder.outside(fold, single, pairs)
        np.testing.assert_allclose(soft_targets, pairs.out_of_fold(fold)[0], atol=1e-14)


@pytest.mark.parametrize("fuser", ["mean", "pool", "attention"])
@pytest.mark.parametrize("unlabeled", [None, UNLABELED])
def test_other_labels_of_a_fold_change_nothing_for_its_judged_students(build, fuser, unlabeled):
    """Neither a teacher nor the fuser has seen one."""
    for fold in range(FOLDS):
        inside = fold == FOLD_OF_ROW
        others = np.where(inside, 1 - Y, Y)
        outcomes = []
        for labels in (Y, others):
            builder = build(labels, [NEAREST, BAYES], fuser, unlabeled)
            single, pairs = known(builder, pairs=True)
            outcomes.append(builder.outside(fold, single, pairs))
        (soft_targets, extra), (again, extra_again) = outcomes
        np.testing.assert_array_equal(soft_targets, again)
        np.testing.assert_array_equal(extra.soft_targets, extra_again.soft_targets)
        np.testing.assert_array_equal(extra.table, extra_again.table)


@pytest.mark.parametrize("unlabeled", [None, UNLABELED])
def test_nor_do_they_by_way_of_the_student_that_the_fuser_looks_at(build, unlabeled, monkeypatch):
    monkeypatch.setattr("hpmkd_defaults.fusers.gate.FEWEST_ROWS", 10)
    seeing = {"name": "attention", "gated": False, "student_state": True}
    student = CloneableTeacher("student", KNeighborsClassifier(3))

    def outcome(labels, fold, shown):
        builder = build(labels, [NEAREST, BAYES], seeing, unlabeled)
        single, pairs = known(builder, pairs=True)
        if shown:
            own = builder.predict([student], builder.folds, builder.queries)
            twice = builder.predict([student], builder.pairs, Queries())
            outside = {each: twice.out_of_fold(each)[0] for each in range(FOLDS)}
            builder = replace(builder, student=StudentState(own, outside))
        soft_targets, extra = builder.outside(fold, single, pairs)
        return soft_targets, extra.soft_targets

    for fold in range(FOLDS):
        others = np.where(fold == FOLD_OF_ROW, 1 - Y, Y)
        first, again = (outcome(labels, fold, shown=True) for labels in (Y, others))
        for one, other, blind in zip(first, again, outcome(Y, fold, shown=False), strict=True):
            np.testing.assert_array_equal(one, other)
            assert not np.array_equal(one, blind)


def test_other_labels_of_a_fold_reach_the_students_of_the_other_folds(build):
    outcomes = []
    for labels in (Y, np.where(FOLD_OF_ROW == 0, 1 - Y, Y)):
        builder = build(labels)
        outcomes.append(builder.outside(1, *known(builder, pairs=True)))
    (soft_targets, extra), (again, extra_again) = outcomes
    assert not np.array_equal(soft_targets, again)
    assert not np.array_equal(extra.soft_targets, extra_again.soft_targets)


def test_teachers_without_weight_on_the_first_fold_are_not_fitted_again(build):
    signal = (X[:, 0] > 0).astype(int)
    builder = build(signal, [NEAREST, BAYES, CloneableTeacher("noise", KNeighborsClassifier(60))])
    first = builder.predict(builder.teachers, builder.folds[:1], builder.queries)
    # The mean gives all the same weight.
    assert builder.with_weight(first) == ["nearest", "bayes", "noise"]
    weighed = build(signal, builder.teachers, "pool")
    names = weighed.with_weight(first)
    assert names
    assert set(names) < {"nearest", "bayes", "noise"}
