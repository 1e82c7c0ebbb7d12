"""Racing: what is clearly worse than its stage's leader is not fitted on all folds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.data.dataset import Dataset
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.race import CLEAR, Race, RowLosses
from hpmkd.training.trials import SearchData, TrialTask, cuts, evaluate
from hpmkd.values import Configuration, Softening


def folds_of(n, n_folds, seed):
    """Numbers of the selection rows, and those of each fold in no order."""
    rng = np.random.default_rng(seed)
    numbers = np.sort(rng.choice(10 * n, n, replace=False))
    dealt = rng.permutation(n) % n_folds
    return numbers, [SimpleNamespace(held_rows=numbers[dealt == fold]) for fold in range(n_folds)]


@given(
    st.integers(12, 80),
    st.integers(2, 5),
    st.integers(0, 1000),
    st.floats(-0.3, 0.3),
    st.floats(0.0, 1.0),
)
def test_the_paired_difference_of_the_folds_so_far_decides(n, n_folds, seed, worse, noise):
    rng = np.random.default_rng(seed)
    numbers, folds = folds_of(n, n_folds, seed)
    leader = rng.exponential(size=n)
    own = leader + worse + noise * rng.normal(size=n)
    race, seen = Race(RowLosses(leader, leader), numbers), []
    for fold in folds:
        at = [int(np.flatnonzero(numbers == number)[0]) for number in fold.held_rows]
        lost = race.lost(fold, RowLosses(own[at], own[at]))
        seen += at
        differences = own[seen] - leader[seen]
        mean, error = differences.mean(), differences.std(ddof=1) / len(seen) ** 0.5
        if abs(mean - CLEAR * error) < 1e-12:
            return
        assert (lost is not None) == (mean > CLEAR * error)
        if lost is not None:
            assert lost == pytest.approx(mean)


def test_the_same_losses_lose_nothing():
    numbers, folds = folds_of(20, 2, 0)
    leader = np.arange(20.0)
    race = Race(RowLosses(leader, leader), numbers)
    for fold in folds:
        own = leader[np.searchsorted(numbers, fold.held_rows)]
        assert race.lost(fold, RowLosses(own, own)) is None


def test_the_metric_decides_and_nats_are_reported():
    numbers, folds = folds_of(20, 2, 0)
    leader, rng = np.zeros(20), np.random.default_rng(0)
    race = Race(RowLosses(leader, leader), numbers)
    worse, better = 1 + 0.1 * rng.random(10), np.full(10, -0.5)
    assert race.lost(folds[0], RowLosses(better, worse)) is None
    assert race.lost(folds[1], RowLosses(10 * worse, better)) == pytest.approx(
        (worse.sum() - 5) / 20
    )


def test_one_row_is_no_evidence():
    leader, own = (RowLosses(np.array([loss]), np.array([loss])) for loss in (0.0, 9.0))
    race = Race(leader, np.array([4]))
    assert race.lost(SimpleNamespace(held_rows=np.array([4])), own) is None


# ------------------------------------------------------------------------- trials

N, HELD, FOLDS = 30, 10, 3
CLASSES = np.arange(2)


class Student:
    classes_ = CLASSES

    def __init__(self, share):
        self.share = share

    def predict_proba(self, table):
        return np.tile([1 - self.share, self.share], (len(table), 1))

    def to_bytes(self):
        return b"student"


class Stage:
    """Predicts by its hyperparameter; in some folds perhaps otherwise."""

    encoding, complexity, defaults = "tree", 0, {"share": 0.5}

    def __init__(self, later=None):
        self.fits, self.later = 0, later

    def space(self, trial):
        return {}

    def fit(self, inputs):
        self.fits += 1
        share = inputs.configuration.hyperparameters["share"]
        return Student(self.later if self.later is not None and self.fits > 1 else share)


class Steady:
    varies = False

    def softening(self, configuration, state):
        return Softening(1.0, 0.0)

    def observe(self, trial):
        pass


def search_data(stage):
    rng = np.random.default_rng(0)
    table, labels = rng.normal(size=(N, 2)), (np.arange(N) % 5 == 0).astype(np.int64)
    dealt = rng.permutation(N) % FOLDS
    sets = []
    for fold in range(FOLDS):
        fit, held = np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)
        rows = [Dataset(table[at], labels[at], CLASSES) for at in (fit, held)]
        training = TrainingSet.encode(rows[0], None, {"tree"})
        sets.append(SelectionSet(training, held, rows[1]))
    return SearchData(tuple(sets), FitContext({"a": ActiveStage("a", "p", stage)}, {}, Steady(), 0))


def task(share, leader=None):
    return TrialTask(0, Configuration("a", 1.0, 0.0, {"share": share}), leader)


def test_what_is_clearly_worse_is_fitted_once():
    leader = evaluate(search_data(Stage()), task(0.2))
    assert (leader.models_trained, leader.worse_by) == (FOLDS, None)
    stage = Stage()
    data = search_data(stage)
    trial = evaluate(data, task(0.9, RowLosses.of(leader)))
    assert (stage.fits, trial.models_trained) == (1, 1)
    assert len(trial.row_losses) == len(data.splits[0].held)
    own = leader.row_losses[data.splits[0].held_rows]
    assert trial.worse_by == pytest.approx(trial.row_losses.mean() - own.mean())
    assert not trial.eligible
    assert trial.failure is None
    assert trial.shorter == ()


def test_what_is_not_clearly_worse_is_fitted_in_all_folds():
    leader = evaluate(search_data(Stage()), task(0.2))
    for share in (0.1, 0.2, 0.25):
        trial = evaluate(search_data(Stage()), task(share, RowLosses.of(leader)))
        assert trial.models_trained == FOLDS
        assert trial.eligible
        alone = evaluate(search_data(Stage()), task(share))
        assert np.array_equal(trial.row_losses, alone.row_losses)


def test_the_last_fold_decides_nothing_more():
    """A trial that has all its results is one like any other, however bad."""
    leader = evaluate(search_data(Stage()), task(0.2))

    class Late(Stage):
        def fit(self, inputs):
            student = super().fit(inputs)
            return Student(0.99) if self.fits == FOLDS else student

    trial = evaluate(search_data(Late()), task(0.2, RowLosses.of(leader)))
    assert trial.eligible
    assert trial.log_loss > leader.log_loss + 0.5


# --------------------------------------------------------------------------- cuts


@given(
    st.lists(
        st.tuples(
            st.integers(1, 50),
            st.lists(st.floats(0.1, 2.0), min_size=1, max_size=60),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_path_that_ended_early_keeps_its_last_student(folds):
    splits = [SimpleNamespace(held=SimpleNamespace(weight=n)) for n, _ in folds]
    fits = [SimpleNamespace(losses=np.array(losses)) for _, losses in folds]
    best, *shorter = cuts(splits, fits)
    total = sum(n for n, _ in folds)

    def mean(rounds):
        return sum(n * losses[min(rounds, len(losses)) - 1] for n, losses in folds) / total

    longest = max(len(losses) for _, losses in folds)
    assert mean(best) <= min(mean(rounds) for rounds in range(1, longest + 1)) + 1e-12
    assert all(rounds < best for rounds in shorter)


def test_without_a_path_there_is_one_student():
    held, path = SimpleNamespace(weight=3.0), SimpleNamespace(losses=np.ones(4))
    split = SimpleNamespace(held=held)
    assert cuts([split, split], [path, SimpleNamespace(losses=None)]) == [None]


def test_rows_count_by_their_weight():
    numbers, folds = folds_of(40, 2, 0)
    leader = np.full(40, 0.5)
    worse = np.where(np.arange(40) % 2, 0.5, -0.5) + np.linspace(0, 0.01, 40)
    heavy = np.where(np.arange(40) % 2, 100.0, 1.0)  # where the candidate is worse
    at = np.searchsorted(numbers, folds[0].held_rows)
    own, losses = (leader + worse)[at], RowLosses(leader, leader)
    assert Race(losses, numbers).lost(folds[0], RowLosses(own, own)) is None
    assert Race(losses, numbers, heavy).lost(folds[0], RowLosses(own, own)) > 0.4
