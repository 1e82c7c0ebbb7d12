"""Training sets, and the students others build on: fitted once, never on what they judge."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from hpmkd.chain.parents import ParentStudents
from hpmkd.data import splits
from hpmkd.data.dataset import Dataset
from hpmkd.data.unlabeled import PseudoLabelledRows
from hpmkd.errors import PluginError
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.values import After, Configuration, Softening

N, N_EXTRA, FOLDS = 30, 8, 3
#: Column 0 is the number of the row, so that a student tells what it was fitted on.
TABLE = np.column_stack([np.arange(N), np.arange(N) % 7]).astype(float)
LABELS = np.arange(N) % 2
EXTRA = np.column_stack([1000 + np.arange(N_EXTRA), np.zeros(N_EXTRA)])


class Counting:
    """A student that is the surer of class 1, the more rows it was fitted on."""

    classes_ = np.arange(2)

    def __init__(self, rows):
        self.rows = frozenset(rows)

    def predict_proba(self, table):
        sure = len(self.rows) / 100
        return np.column_stack([np.full(len(table), 1 - sure), np.full(len(table), sure)])

    def to_bytes(self):
        return b""


@dataclass
class Recorder:
    """A stage that records what it was fitted from."""

    encoding = "tree"
    reads_start = True
    complexity = 0
    defaults: dict = field(default_factory=dict)
    seen: list = field(default_factory=list)
    fails: bool = False

    def space(self, trial):
        return {}

    def fit(self, inputs):
        if self.fails:
            raise ArithmeticError("not today")
        self.seen.append(inputs)
        return Counting(inputs.matrix[:, 0])


class Constant:
    varies = False

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial):
        pass


@dataclass
class Rule:
    """A transfer that changes the soft targets, or gives a start."""

    unseen: bool
    teaches = True
    handed: list = field(default_factory=list)

    def hand_over(self, inputs, previous):
        self.handed.append(previous)
        if self.unseen:
            return replace(inputs, soft_targets=previous.soft_targets)
        return replace(inputs, start=previous)


@pytest.fixture
def world(in_process):
    """Three stages, two rules, and parents that count."""

    class World:
        def __init__(self):
            self.stages = {name: Recorder() for name in "abc"}
            self.rules = {"start": Rule(False), "ask": Rule(True)}
            active = {name: ActiveStage(name, f"of-{name}", each) for name, each in self.items()}
            self.fitting = FitContext(active, self.rules, Constant(), 0)
            self.trained = []
            self.parents = ParentStudents(self.fitting, in_process(), self.trained.append)

        def items(self):
            return self.stages.items()

        def fits(self, name):
            return len(self.stages[name].seen)

    return World()


def configuration(stage, alpha=0.5, after=None, **settings):
    weight = 0.5 if alpha else 0.0
    return Configuration(stage, 1.0, alpha, settings, after, extra_weight=weight)


def rows_to_fit(extra=True, rows=N):
    data = Dataset(TABLE[:rows], LABELS[:rows], np.arange(2))
    labelled = PseudoLabelledRows(EXTRA, np.full((N_EXTRA, 2), 0.5), real=True) if extra else None
    return TrainingSet.encode(data, np.full((rows, 2), 0.5), {"tree"}, labelled)


# ------------------------------------------------------------------- training sets


def test_a_lesson_is_encoded_once_with_its_extra_rows():
    training_set = rows_to_fit()
    encoder, matrix = training_set.encoded["tree"]
    np.testing.assert_array_equal(matrix, TABLE)
    np.testing.assert_array_equal(training_set.encoded_extra["tree"].matrix, EXTRA)
    assert training_set.without_extra().encoded["tree"][0] is encoder


def test_a_lesson_taught_otherwise_has_the_same_rows():
    training_set, predicted = rows_to_fit(), np.tile([0.9, 0.1], (N, 1))
    with_soft_targets = training_set.with_soft_targets(predicted)
    np.testing.assert_array_equal(with_soft_targets.soft_targets, predicted)
    assert with_soft_targets.encoded is training_set.encoded
    assert with_soft_targets.encoded_extra is training_set.encoded_extra
    of_extra = np.tile([0.2, 0.8], (N_EXTRA, 1))
    both = training_set.with_soft_targets(predicted, of_extra)
    np.testing.assert_array_equal(both.encoded_extra["tree"].soft_targets, of_extra)
    np.testing.assert_array_equal(both.extra.soft_targets, of_extra)


def test_without_extra_rows_none_are_taught():
    training_set = rows_to_fit(extra=False)
    assert training_set.with_soft_targets(np.full((N, 2), 0.5), np.zeros((0, 2))).extra is None
    alone = rows_to_fit().without_extra()
    assert alone.extra is None
    assert alone.encoded_extra == {}


def test_a_part_of_a_training_set_has_its_rows_and_no_parents(world):
    training_set = rows_to_fit()
    after = After("start", configuration("a"))
    prepared = world.parents.prepared(training_set, [configuration("b", after=after)])
    chosen = np.arange(N) % 3 > 0
    part = prepared.take(np.flatnonzero(chosen))
    np.testing.assert_array_equal(part.rows.table, TABLE[chosen])
    np.testing.assert_array_equal(part.encoded["tree"][1], TABLE[chosen])
    np.testing.assert_array_equal(part.labels, LABELS[chosen])
    assert part.previous == {}
    assert part.extra is training_set.extra
    assert not part.encoded["tree"][1].flags.writeable


# ------------------------------------------------------------------------ parents


def test_without_a_chain_nothing_is_fitted(world):
    training_set = rows_to_fit()
    training = world.parents.prepared(training_set, [configuration("a"), configuration("b")])
    assert training is training_set
    assert world.trained == []


def test_a_parent_of_many_students_is_fitted_and_counted_once(world):
    training_set, after = rows_to_fit(), After("start", configuration("a"))
    many = [configuration("b", alpha, after) for alpha in (0.0, 0.5, 1.0)]
    many += [configuration("c", 0.5, after, d=d) for d in range(4)]
    first = world.parents.prepared(training_set, many)
    again = world.parents.prepared(training_set, many[2:])
    assert world.fits("a") == 1
    assert world.trained == [1]
    assert first.previous[after.key] is again.previous[after.key]
    for each in many:
        world.fitting.student(first, each)
    assert world.fits("a") == 1
    assert {id(inputs.start.student) for inputs in world.stages["c"].seen} == {
        id(first.previous[after.key].student)
    }


def test_other_rows_or_another_rule_mean_another_fit(world):
    training_set, other = rows_to_fit(), rows_to_fit(rows=20)
    start, ask = After("start", configuration("a")), After("ask", configuration("a"))
    world.parents.prepared(training_set, [configuration("b", after=start)])
    world.parents.prepared(other, [configuration("b", after=start)])
    assert [len(inputs.labels) for inputs in world.stages["a"].seen] == [N, 20]
    world.parents.prepared(training_set, [configuration("b", after=ask)])
    assert world.fits("a") == 2 + 1 + FOLDS
    assert sum(world.trained) == world.fits("a")


def test_a_student_before_is_handed_over_with_its_matrices(world):
    training_set, after = rows_to_fit(), After("start", configuration("a"))
    next_one = [configuration("b", after=after)]
    previous = world.parents.prepared(training_set, next_one).previous[after.key]
    np.testing.assert_array_equal(previous.matrix, TABLE)
    np.testing.assert_array_equal(previous.extra_matrix, EXTRA)
    assert previous.soft_targets is None
    assert previous.extra_soft_targets is None
    alone = world.parents.prepared(rows_to_fit(extra=False), next_one)
    assert alone.previous[after.key].extra_matrix is None


def test_a_rule_gets_out_of_fold_predictions_of_the_parent(world):
    training_set, after = rows_to_fit(), After("ask", configuration("a"))
    training = world.parents.prepared(training_set, [configuration("b", after=after)])
    whole, *parts = world.stages["a"].seen
    assert len(whole.labels) == N
    assert whole.extra is not None
    fold = splits.folds(LABELS, FOLDS, 0)
    held = [frozenset(range(N)) - frozenset(part.matrix[:, 0].astype(int)) for part in parts]
    assert held == [frozenset(np.flatnonzero(fold == number)) for number in range(FOLDS)]
    assert all(part.extra is None for part in parts)
    previous = training.previous[after.key]
    # Each predicts by how many rows it saw; for the extra rows all are averaged.
    sizes = np.array([len(parts[number].labels) for number in fold])
    np.testing.assert_allclose(previous.soft_targets[:, 1], sizes / 100)
    of_extra = np.mean([len(part.labels) for part in parts]) / 100
    np.testing.assert_allclose(previous.extra_soft_targets[:, 1], of_extra)


def test_a_chain_of_three_is_fitted_link_by_link(world):
    training_set = rows_to_fit()
    second = configuration("b", after=After("start", configuration("a")))
    third = configuration("c", after=After("start", second))
    training = world.parents.prepared(training_set, [third])
    assert (world.fits("a"), world.fits("b"), world.fits("c")) == (1, 1, 0)
    assert sum(world.trained) == 2
    world.fitting.student(training, third)
    (of_b,), (of_c,) = world.stages["b"].seen, world.stages["c"].seen
    assert of_c.start.student.rows == of_b.start.student.rows == set(range(N))
    # What the second builds on is there for others that build on it.
    world.parents.prepared(training_set, [second])
    assert sum(world.trained) == 2


def test_cross_fitting_fits_the_whole_chain_anew_in_each_fold(world):
    training_set = rows_to_fit()
    second = configuration("b", after=After("ask", configuration("a")))
    predicted = world.parents.out_of_fold(training_set, second)
    fold = splits.folds(LABELS, FOLDS, 0)
    parts = world.stages["b"].seen
    assert len(parts) == FOLDS
    for number, inputs in enumerate(parts):
        rows = inputs.matrix[:, 0].astype(int)
        assert not set(rows) & set(np.flatnonzero(fold == number))
    # In each fold: the student before, and that one cross-fitted within the fold.
    assert world.fits("a") == FOLDS * (1 + FOLDS)
    seen = [set(inputs.matrix[:, 0].astype(int)) for inputs in world.stages["a"].seen]
    outer = [set(np.flatnonzero(fold != number)) for number in range(FOLDS)]
    assert [each for each in seen if each in outer] == outer
    for at, each in enumerate(seen):
        assert each <= outer[at // (1 + FOLDS)]
    assert all(inputs.extra is None for inputs in world.stages["a"].seen)
    assert sum(world.trained) == world.fits("a") + world.fits("b")
    sizes = np.array([len(parts[number].labels) for number in fold])
    np.testing.assert_allclose(predicted.rows[:, 1], sizes / 100)
    assert predicted.extra.shape == (len(EXTRA), predicted.rows.shape[1])


def test_lessons_of_a_moment_are_not_remembered(world):
    training_set = rows_to_fit()
    third = configuration("c", after=After("ask", configuration("b", after=After(
        "ask", configuration("a")))))  # fmt: skip
    world.parents.prepared(training_set, [third])
    known = world.parents._known
    assert all(each is training_set for each, _ in known.values())
    assert len(known) == 2


@pytest.mark.parametrize("rule", ["start", "ask"])
def test_a_failing_parent_fails_the_students_that_build_on_it(world, rule):
    world.stages["a"].fails = True
    second = configuration("b", after=After(rule, configuration("a")))
    third = configuration("c", after=After("start", second))
    fine = configuration("b")
    training = world.parents.prepared(rows_to_fit(), [second, third, fine])
    for each in (second, third):
        with pytest.raises(PluginError, match="plugin 'of-a': stage 'a' failed in fit: Arithmetic"):
            world.fitting.student(training, each)
    world.fitting.student(training, fine)
    assert world.fits("c") == 0


def test_a_failure_is_remembered_and_not_tried_again(world):
    world.stages["a"].fails = True
    training_set, second = (
        rows_to_fit(),
        configuration("b", after=After("start", configuration("a"))),
    )
    world.parents.prepared(training_set, [second])
    world.stages["a"].fails = False
    world.parents.prepared(training_set, [second])
    assert world.fits("a") == 0


def test_cross_fitting_a_stage_that_fails_raises(world):
    world.stages["a"].fails = True
    with pytest.raises(PluginError, match="stage 'a' failed in fit"):
        world.parents.out_of_fold(rows_to_fit(), configuration("a"))


def test_a_stage_before_that_fails_on_few_rows_only_is_named(world):
    stage = world.stages["a"]
    whole = stage.fit

    def picky(inputs):
        if len(inputs.labels) < N:
            raise ArithmeticError("too few")
        return whole(inputs)

    stage.fit = picky
    second = configuration("b", after=After("ask", configuration("a")))
    training = world.parents.prepared(rows_to_fit(), [second])
    with pytest.raises(PluginError, match="stage 'a' failed in fit: ArithmeticError: too few"):
        world.fitting.student(training, second)


def test_a_control_on_a_control_hears_of_no_extra_row(world):
    after = After("start", configuration("a", alpha=0.0))
    control = configuration("b", alpha=0.0, after=after)
    assert control.hard
    training = world.parents.prepared(rows_to_fit(), [control])
    world.fitting.student(training, control)
    assert [world.stages[name].seen[0].extra for name in "ab"] == [None, None]


def test_raw_rows_stay_in_the_process_of_the_run():
    training = rows_to_fit(rows=20)
    held = Dataset(TABLE[20:], LABELS[20:], np.arange(2))
    sent = pickle.loads(pickle.dumps(SelectionSet(training, np.arange(20, N), held, 20)))
    assert (sent.training.rows, sent.training.extra) == (None, None)
    assert sent.training.digest == training.digest
    np.testing.assert_array_equal(sent.held.table, TABLE[20:])
    with pytest.raises(ValueError, match="raw rows stayed"):
        sent.training.raw  # noqa: B018
