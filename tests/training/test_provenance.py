"""What a student's file records of its training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpmkd.student import LinearModel, Schema, Student, fit_encoder
from hpmkd.student.drift.sketch import Sketch
from hpmkd.training.provenance import Provenance, Run
from hpmkd.values import After, Configuration, Trial

RUN = Run("hpm", 3, 100, "self")


def a_student(**facts):
    rows = [{"a": 1.0}, {"a": 2.0}]
    encoder = fit_encoder("linear", Schema.fit(rows), rows)
    return Student(encoder, LinearModel([[1.0]], [0.0]), ["n", "y"], facts)


def a_trial(configuration, loss):
    return Trial(0, configuration, np.full(4, loss), 0.9, 1, 0.5)


def test_facts_of_the_run_and_of_the_configuration_are_told():
    before = Configuration("logistic", 1.0, 0.0)
    drawn = {"depth": np.int64(3), "eta": 0.1, "way": "leaf"}
    after = After("residual", before)
    configuration = Configuration("gbm", 2.0, 0.5, drawn, after, extra_weight=0.3, rounds=7)
    provenance = Provenance(RUN, [a_trial(configuration, 0.12345678)])
    student = provenance.signed(a_student(mine=1), configuration)
    assert student.facts == {
        "mine": 1,
        "training": {
            "recipe": "hpm",
            "seed": 3,
            "rows": 100,
            "regime": "self",
            "stage": "gbm",
            "alpha": 0.5,
            "extra_weight": 0.3,
            "temperature": 2.0,
            "hyperparameters": {"depth": 3, "eta": 0.1, "way": "leaf"},
            "rounds": 7,
            "after": "logistic (residual)",
            "selection_log_loss": 0.123457,
        },
    }
    assert Student.from_bytes(student.to_bytes()).facts == student.facts


def test_a_trial_that_is_given_counts_before_one_that_is_found():
    configuration = Configuration("tree", 1.0, 0.5)
    provenance = Provenance(RUN, [a_trial(configuration, 1.0)])
    found = provenance.of(configuration, a_trial(configuration, 2.0))
    assert found["selection_log_loss"] == 2.0
    assert provenance.of(Configuration("tree", 1.0, 1.0))["selection_log_loss"] is None


def test_configurations_that_train_equal_students_give_equal_files():
    warm, cold = Configuration("tree", 2.0, 0.0), Configuration("tree", 1.0, 0.0)
    provenance = Provenance(RUN, [a_trial(cold, 1.0)])
    signed = [provenance.signed(a_student(), each).to_bytes() for each in (warm, cold)]
    assert signed[0] == signed[1]


def test_a_student_of_a_foreign_class_is_left_alone():
    class Foreign:
        pass

    foreign = Foreign()
    assert Provenance(RUN).signed(foreign, Configuration("tree", 1.0, 0.0)) is foreign


# ------------------------------------------------------------------ sketches of the rows


def sketch_of(rows):
    return Sketch.fit(Schema.fit(rows), rows)


def test_a_signed_student_has_the_sketch_of_its_rows():
    sketch = sketch_of([{"a": 1.0}, {"a": 2.0}])
    configuration = Configuration("logistic", 1.0, 0.0)
    signed = Provenance(RUN, sketch=sketch).signed(a_student(), configuration)
    assert signed.sketch is sketch
    bare = Provenance(RUN).signed(a_student(), configuration)
    assert bare.sketch is None
    assert signed.n_bytes == bare.n_bytes


def test_a_limit_of_size_is_one_of_the_whole_file():
    sketch = sketch_of([{"a": 1.0}, {"a": 2.0}])
    size = len(replace(a_student(), sketch=sketch).to_bytes())
    for limit, kept in ((0, True), (size, True), (size - 1, False)):
        student = Provenance(RUN, sketch=sketch, max_size=limit).sketched(a_student())
        assert (student.sketch is not None) == kept


def test_a_student_of_other_columns_has_no_sketch():
    sketch = sketch_of([{"a": "x"}, {"a": "y"}])
    assert Provenance(RUN, sketch=sketch).sketched(a_student()).sketch is None
