"""A right stage and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from hpmkd.student import LinearModel, Student
from hpmkd.testing import StageSuite
from hpmkd.values import TrainingState


class Centroids:
    """Nearest soft centroid: linear in the encoded columns."""

    encoding = "linear"
    complexity = 0
    defaults = MappingProxyType({"sharpness": 0.5})

    def space(self, trial):
        return {"sharpness": trial.suggest_float("sharpness", 0.1, 2.0)}

    def softening(self, inputs):
        return inputs.scheduler.softening(inputs.configuration, TrainingState(0.0))

    def fit(self, inputs):
        softening = self.softening(inputs)
        hard = np.eye(len(inputs.classes))[inputs.labels]
        target = (1 - softening.alpha) * hard
        if softening.alpha > 0:
            soft = inputs.soft_targets ** (1 / softening.temperature)
            target += softening.alpha * soft / soft.sum(axis=1, keepdims=True)
        return self.linear(inputs, target)

    def linear(self, inputs, target):
        mass = target.sum(axis=0) + 1.0
        centroids = target.T @ inputs.matrix / mass[:, None]
        sharpness = inputs.configuration.hyperparameters.get("sharpness", 0.5)
        weights = sharpness * centroids.T
        intercept = -0.5 * sharpness * (centroids**2).sum(axis=1) + np.log(mass)
        return self.student(inputs, weights, intercept)

    def student(self, inputs, weights, intercept):
        if len(intercept) == 2:
            weights, intercept = weights[:, 1:] - weights[:, :1], intercept[1:] - intercept[:1]
        return Student(inputs.encoder, LinearModel(weights, intercept), inputs.classes)


class Suite(StageSuite):
    component = Centroids

    @pytest.fixture
    def stage(self):
        return self.component()


class TestRight(Suite):
    pass


class Odd(Centroids):
    encoding = "text"


class TestUnknownEncoding(Suite):
    component = Odd
    caught_by = "test_fulfils_the_protocol"


class Outside(Centroids):
    defaults = MappingProxyType({"sharpness": 5.0})


class TestDefaultsOutside(Suite):
    component = Outside
    caught_by = "test_defaults_are_in_the_space"


class Arrays(Centroids):
    def space(self, trial):
        return {"sharpness": np.array(super().space(trial)["sharpness"])}


class TestArrayHyperparameter(Suite):
    component = Arrays
    caught_by = "test_space_gives_plain_values_that_fit"


class Blind(Centroids):
    def linear(self, inputs, target):
        shape = (inputs.matrix.shape[1], target.shape[1])
        return self.student(inputs, np.zeros(shape), np.zeros(target.shape[1]))


class TestLearnsNothing(Suite):
    component = Blind
    caught_by = "test_a_student_learns"


class Deaf(Centroids):
    def fit(self, inputs):
        return self.linear(inputs, np.eye(len(inputs.classes))[inputs.labels])


class TestDeaf(Suite):
    component = Deaf
    caught_by = "test_the_teacher_is_heard"


class Obedient(Centroids):
    def fit(self, inputs):
        return self.linear(inputs, inputs.soft_targets)


class TestTeacherInTheControl(Suite):
    component = Obedient
    caught_by = "test_without_alpha_the_teacher_is_not_heard"


class Wilful(Centroids):
    def softening(self, inputs):
        return inputs.configuration


class TestIgnoresTheScheduler(Suite):
    component = Wilful
    caught_by = "test_the_scheduler_has_the_last_word"


class Fragile(Centroids):
    def fit(self, inputs):
        logits = np.log(inputs.soft_targets) / inputs.configuration.temperature
        if inputs.configuration.temperature != 1 and not np.isfinite(logits).all():
            raise ValueError("the teacher is too sure")
        return super().fit(inputs)


class TestAfraidOfZeros(Suite):
    component = Fragile
    caught_by = "test_any_temperature_fits"
    pytestmark = pytest.mark.filterwarnings("ignore:divide by zero")


class Scales(Centroids):
    def fit(self, inputs):
        if inputs.matrix.flags.writeable:
            inputs.matrix[:] *= 2.0
        return super().fit(inputs)


class TestScalesInPlace(Suite):
    component = Scales
    caught_by = "test_leaves_its_inputs_alone"


class Weighs(Centroids):
    def fit(self, inputs):
        if inputs.extra is not None:
            inputs.extra.soft_targets[:] *= inputs.extra.weight
        return super().fit(inputs)


class TestWeighsInPlace(Suite):
    component = Weighs
    caught_by = "test_rows_without_labels_do_no_harm"


class Noisy(Centroids):
    def linear(self, inputs, target):
        return super().linear(inputs, target + 0.01 * np.random.random(target.shape))  # noqa: NPY002


class TestGlobalGenerator(Suite):
    component = Noisy
    caught_by = "test_same_inputs_same_bytes"


class Locked(Centroids):
    def __init__(self):
        self.lock = threading.Lock()


class TestHoldsALock(Suite):
    component = Locked
    caught_by = "test_same_inputs_same_bytes"


class Warm(Centroids):
    """Starts where the fit before ended."""

    prior = 0.0

    def linear(self, inputs, target):
        student = super().linear(inputs, target + self.prior)
        self.prior = float(inputs.configuration.alpha == 1.0)
        return student


class TestKeepsState(Suite):
    component = Warm
    caught_by = "test_keeps_no_state"


class Counting(Centroids):
    def fit(self, inputs):
        present = np.unique(inputs.labels)
        return super().fit(replace(inputs, classes=inputs.classes[present]))


class TestDropsAClass(Suite):
    component = Counting
    caught_by = "test_a_class_without_labels_keeps_its_column"


class Holes(Centroids):
    """Linear on codes, holes and all."""

    encoding = "tree"

    def linear(self, inputs, target):
        assert np.isfinite(inputs.matrix).all()
        return super().linear(inputs, target)


class TestAfraidOfHoles(Suite):
    component = Holes
    caught_by = "test_mixed_columns_and_missing_cells"


class Rounded(Student):
    """Says other things than its file."""

    def predict_proba(self, table):
        said = super().predict_proba(table).astype(np.float32).astype(np.float64)
        return said / said.sum(axis=1, keepdims=True)


class Rounding(Centroids):
    def student(self, inputs, weights, intercept):
        student = super().student(inputs, weights, intercept)
        return Rounded(inputs.encoder, student.model, inputs.classes)


class TestSaysOtherThanItsFile(Suite):
    component = Rounding
    caught_by = "test_survives_its_bytes"
