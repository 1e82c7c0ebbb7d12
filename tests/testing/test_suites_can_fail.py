"""The conformance suites can fail: each catches a component that breaks what matters most.

That right components pass is seen in `tests/plugins`, where every default is held to its suite.
"""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
import warnings
from dataclasses import replace
from functools import wraps
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

import hpmkd.testing
from hpmkd.errors import WorkerWarning
from hpmkd.student import LinearModel, Student
from hpmkd.testing import (
    AugmenterSuite,
    CacheSuite,
    ExecutorSuite,
    ExporterSuite,
    FuserSuite,
    MemorySuite,
    SamplerSuite,
    SchedulerSuite,
    StageSuite,
    TeacherPanelSuite,
    TransferSuite,
    tasks,
)
from hpmkd.values import Configuration, Fused, Lost, Softening, TrainingState

CAUGHT = set()


def caught_by(*tests, raises=AssertionError):
    """Run these tests of a suite alone, and expect each of them to fail."""

    def failing(test):
        @wraps(test)
        def fails(*args, **kwargs):
            with pytest.raises(raises):
                test(*args, **kwargs)

        return fails

    def only(case):
        CAUGHT.add(case.__base__.__name__)
        for name in dir(case):
            if name.startswith("test_"):
                setattr(case, name, failing(getattr(case, name)) if name in tests else None)
        return case

    return only


def test_every_suite_catches_something():
    assert set(hpmkd.testing.__all__) == CAUGHT


def test_suites_are_loaded_when_asked_for():
    script = (
        "import sys, hpmkd.testing, hpmkd.testing.tasks\n"
        "heavy = {'pytest', 'sklearn', 'pandas', 'optuna'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "try: hpmkd.testing.NoSuite\n"
        "except AttributeError: pass\n"
        "else: raise SystemExit('no AttributeError')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@caught_by("test_invents_no_categories", "test_all_follows_from_the_generator")
class TestInventsCategoriesFromTheGlobalGenerator(AugmenterSuite):
    @pytest.fixture
    def augmenter(self):
        return self

    def rows(self, table, n, rng):
        made = table.iloc[np.random.randint(0, len(table), n)].reset_index(drop=True)  # noqa: NPY002
        return made.assign(kind=made["kind"].where(made.index > 3, "elm"))


@caught_by("test_regions_add_up")
class TestTellsOfTheFirstRegionWhatIsTrueOfAll(CacheSuite):
    @pytest.fixture
    def cache(self):
        self.entries, self.hits = {}, 0
        return self

    def get_or_compute(self, region, key, compute):
        self.hits += (region, key) in self.entries
        return self.entries.setdefault((region, key), compute())

    def stats(self):
        misses = len(self.entries)
        return {"a_hits": self.hits, "a_misses": misses, "ab_hits": 0, "ab_misses": 0}


@caught_by("test_keys_and_regions_tell_entries_apart", "test_concurrent_calls_compute_once")
class TestJoinsRegionAndKeyAndComputesTwice(CacheSuite):
    @pytest.fixture
    def cache(self):
        self.entries = {}
        return self

    def get_or_compute(self, region, key, compute):
        if region + key not in self.entries:
            self.entries[region + key] = compute()
        return self.entries[region + key]

    def stats(self):
        return {}


@caught_by("test_a_task_that_ends_its_process_once_is_done")
class TestTriesATaskOnce(ExecutorSuite):
    gives_up = True

    @pytest.fixture
    def executor(self):
        return self

    def run(self, function, shared, requested, *, timeout=None):
        warnings.warn("a worker was killed", WorkerWarning, stacklevel=2)
        for index, task in enumerate(requested):
            yield index, Lost("its worker was killed") if task == tasks.VICTIM else task

    def close(self):
        pass


@caught_by("test_an_exception_arrives_as_it_was", raises=RuntimeError)
class TestWrapsExceptions(ExecutorSuite):
    @pytest.fixture
    def executor(self):
        return self

    def run(self, function, shared, requested, *, timeout=None):
        try:
            for index, task in enumerate(requested):
                yield index, function(shared, task)
        except Exception as error:
            raise RuntimeError(str(error)) from error

    def close(self):
        pass


@caught_by("test_leaves_nothing_behind_if_the_student_is_damaged")
class TestLeavesAnEmptyFile(ExporterSuite):
    suffix = ".bytes"

    @pytest.fixture
    def exporter(self):
        return self

    def export(self, student, path):
        with path.open("wb") as file:
            file.write(student.to_bytes())
        return path


@caught_by("test_order_of_teachers_does_not_matter", "test_same_inputs_same_bits")
class TestTheFirstTeacherAndNoise(FuserSuite):
    @pytest.fixture
    def fuser(self):
        return self

    def fit(self, probabilities, labels, table, weights=None):
        self.noise = np.random.random() / 1e6  # noqa: NPY002
        return self

    def fuse(self, probabilities, table):
        mixed = probabilities[0] + self.noise
        weights = np.tile(np.eye(len(probabilities))[0], (len(mixed), 1))
        return Fused(mixed / mixed.sum(axis=1, keepdims=True), weights)


@caught_by("test_a_student_is_read_as_teachers_are")
class TestGuessesBesideAStudent(FuserSuite):
    student_state, noise = True, 0.0

    @pytest.fixture
    def fuser(self):
        return self

    def fit(self, probabilities, labels, table, weights=None, student_state=None):
        drawn = np.random.random() / 1e6  # noqa: NPY002
        self.noise = 0.0 if student_state is None else drawn
        return copy.copy(self)

    def fuse(self, probabilities, table, student_state=None):
        mixed = probabilities.mean(axis=0) + self.noise
        weights = np.full((len(mixed), len(probabilities)), 1 / len(probabilities))
        return Fused(mixed / mixed.sum(axis=1, keepdims=True), weights)

    def summary(self):
        return {}


@caught_by(
    "test_runs_at_the_same_time_both_count",
    "test_what_a_run_learned_does_not_change_it_when_it_is_repeated",
)
class TestTheLastWriterWinsAndLearnsFromItself(MemorySuite):
    @pytest.fixture
    def opened(self):
        entries = {}
        return lambda: Snapshot(entries)


class Snapshot:
    """Reads all when it is opened, writes all at the end, and does not leave out its own runs."""

    def __init__(self, entries):
        self.shared, self.entries = entries, copy.copy(entries)

    def suggest(self, facts, stage):
        return []

    def outcomes(self, facts):
        return [outcome for each in self.entries.values() for outcome in each]

    def remember(self, facts, outcomes):
        self.entries[facts.digest] = list(outcomes)
        self.shared.clear()
        self.shared.update(self.entries)


@caught_by("test_same_seed_same_search", "test_seconds_do_not_matter")
class TestDrawsFromTheGlobalGeneratorUntilTheClockStrikes(SamplerSuite):
    @pytest.fixture
    def factory(self):
        return lambda space: Impatient()


class Impatient:
    total = None

    def __init__(self):
        self.left = 20

    def ask(self, n):
        count = min(n, self.left)
        self.left -= count
        drawn = np.random.choice([1.0, 3.0], count)  # noqa: NPY002
        return [Configuration("plain", float(temperature), 0.5) for temperature in drawn]

    def tell(self, trial):
        if trial.seconds > 50:
            self.left = 0


@caught_by("test_the_control_stays_on_hard_labels", "test_a_fit_leaves_no_trace")
class TestTeacherInTheControlAndMomentum(SchedulerSuite):
    varies, mean = True, 0.0

    @pytest.fixture
    def scheduler(self):
        return self

    def softening(self, configuration, state):
        self.mean = 0.5 * (self.mean + state.progress)
        return Softening(configuration.temperature, min(1.0, configuration.alpha + self.mean))

    def observe(self, trial):
        pass


class Centroids:
    """Nearest soft centroid: linear in the encoded columns."""

    encoding, complexity = "linear", 0
    defaults = MappingProxyType({})

    def space(self, trial):
        return {}

    def fit(self, inputs):
        softening = inputs.scheduler.softening(inputs.configuration, TrainingState(0.0))
        hard = np.eye(len(inputs.classes))[inputs.labels]
        return self.linear(inputs, hard, softening.alpha)

    def linear(self, inputs, hard, alpha):
        target = (1 - alpha) * hard + alpha * inputs.soft_targets
        if inputs.weights is not None:
            target = target * inputs.weights[:, np.newaxis]
        mass = target.sum(axis=0) + 1.0
        weights = inputs.matrix.T @ target / mass
        intercept = np.log(mass) - 0.5 * (weights**2).sum(axis=0)
        if len(mass) == 2:
            weights, intercept = weights[:, 1:] - weights[:, :1], intercept[1:] - intercept[:1]
        return Student(inputs.encoder, LinearModel(weights, intercept), inputs.classes)


class Obedient(Centroids):
    def linear(self, inputs, hard, alpha):
        return super().linear(inputs, hard, 1.0)


@caught_by("test_at_alpha_0_the_teacher_does_not_matter", "test_the_scheduler_has_the_last_word")
class TestTeacherInTheControl(StageSuite):
    @pytest.fixture
    def stage(self):
        return Obedient()


class Heedless(Centroids):
    """Takes all rows for as heavy as each other."""

    def linear(self, inputs, hard, alpha):
        return super().linear(replace(inputs, weights=None), hard, alpha)


@caught_by("test_a_row_of_weight_three_is_three_rows")
class TestIgnoresTheWeights(StageSuite):
    @pytest.fixture
    def stage(self):
        return Heedless()


class Warm(Centroids):
    """Starts where the fit before ended, and draws from the global generator."""

    prior = 0.0

    def linear(self, inputs, hard, alpha):
        noise = 0.01 * np.random.random(hard.shape)  # noqa: NPY002
        self.prior += alpha
        return super().linear(inputs, hard + self.prior + noise, alpha)


@caught_by("test_same_inputs_same_bytes", "test_keeps_no_state")
class TestGlobalGeneratorAndState(StageSuite):
    @pytest.fixture
    def stage(self):
        return Warm()


class Boastful(Centroids):
    """Has a path whose losses are none of its students'."""

    limit = "rounds"

    def path(self, inputs):
        student = self.fit(inputs)
        losses = np.zeros(3 if inputs.held is not None else 0)
        return SimpleNamespace(losses=losses, student=lambda n_rounds: student)


@caught_by("test_a_path_is_one_student_after_every_round")
class TestLossesOfNoStudent(StageSuite):
    @pytest.fixture
    def stage(self):
        return Boastful()


class Endless(Boastful):
    """Its path counts rounds that its limit does not allow, and for few rows has no space."""

    def path(self, inputs):
        return SimpleNamespace(losses=np.full(10**4, 0.5), student=None)

    def for_data(self, facts):
        other = copy.copy(self)
        other.defaults = {"C": 1.0}
        return other


@caught_by(
    "test_a_path_is_one_student_after_every_round",
    "test_a_path_without_held_out_rows_goes_to_its_limit",
    "test_a_stage_for_data_has_a_space_of_its_own",
)
class TestPathBeyondItsLimit(StageSuite):
    @pytest.fixture
    def stage(self):
        return Endless()


@caught_by("test_same_seed_same_predictions")
class TestIgnoresTheSeed(TeacherPanelSuite):
    @pytest.fixture
    def panel(self):
        return self

    def members(self, facts, seed):
        return {"draws": DummyClassifier(strategy="stratified")}


@caught_by("test_changes_nothing_it_was_given", "test_pickles", raises=(AssertionError, TypeError))
class TestWritesIntoItsInputsAndHoldsALock(TransferSuite):
    teaches, unseen = True, True

    @pytest.fixture
    def transfer(self):
        self.lock = threading.Lock()
        return self

    def hand_over(self, inputs, previous):
        previous.matrix.flags.writeable = True
        previous.matrix[:] = 0.0
        return replace(inputs, soft_targets=previous.soft_targets)
