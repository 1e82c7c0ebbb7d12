from __future__ import annotations

import json

import numpy as np
import pytest

from hpmkd.evaluation.verdict import Verdict, judge
from hpmkd.kernels import soften


@pytest.fixture(scope="module")
def problem():
    """Return labels drawn from known probabilities of three classes."""
    rng = np.random.default_rng(0)
    truth = rng.dirichlet([0.6, 0.6, 0.6], 600)
    labels = np.array([rng.choice(3, p=row) for row in truth])
    return truth, labels


def blurred(truth, seed, noise=0.7):
    """Return probabilities that know less, and are calibrated about as well."""
    rng = np.random.default_rng(seed)
    logits = np.log(truth + 1e-3) + rng.normal(0, noise, truth.shape)
    predicted = np.exp(logits)
    return predicted / predicted.sum(axis=1, keepdims=True)


def judged(labels, is_control=False, seed=0, **arms):
    named = {name.replace("_", " "): predicted for name, predicted in arms.items()}
    return judge(named, labels, stage="tree", is_control=is_control, regime="self", seed=seed)


def test_a_student_that_knows_more_pays_by_knowledge(problem):
    truth, labels = problem
    verdict = judged(labels, student=truth, hard_labels=blurred(truth, 1))
    assert verdict.outcome == "pays"
    assert verdict.sentence.startswith("Distilling pays for the tree student (self regime)")
    assert "over 600 test rows" in verdict.sentence
    (compared,) = verdict.comparisons
    assert compared.against == "hard labels"
    assert compared.plain.delta_log_loss == verdict.delta_log_loss
    assert compared.calibrated.outcome == "pays"
    assert "not only calibration" in verdict.notes[0]


def test_the_same_student_sharpened_pays_by_calibration_alone(problem):
    truth, labels = problem
    overconfident = soften(truth, 0.4)
    verdict = judged(labels, student=truth, hard_labels=overconfident)
    assert verdict.outcome == "pays"
    assert verdict.comparisons[0].calibrated.outcome == "no difference"
    assert "mostly calibration" in verdict.notes[0]
    student, hard = verdict.arms
    assert hard.temperature / student.temperature == pytest.approx(1 / 0.4, rel=0.02)
    assert hard.calibrated_log_loss == pytest.approx(student.calibrated_log_loss, abs=1e-5)
    assert hard.log_loss > hard.calibrated_log_loss


@pytest.mark.parametrize(
    ("own", "note"),
    [
        ("worse", "comes from the teacher"),
        ("same", "cannot tell the teacher from label smoothing"),
        ("better", "its own"),
    ],
)
def test_own_labels_tell_knowledge_from_smoothing(problem, own, note):
    truth, labels = problem
    student, hard = blurred(truth, 1, 0.4), blurred(truth, 2)
    own = {"worse": blurred(truth, 3), "same": student, "better": truth}[own]
    verdict = judged(labels, student=student, hard_labels=hard, own_labels=own)
    assert [each.against for each in verdict.comparisons] == ["hard labels", "own labels"]
    assert note in verdict.notes[-1]


def test_a_worse_student_hurts(problem):
    truth, labels = problem
    verdict = judged(labels, student=blurred(truth, 1), hard_labels=truth)
    assert verdict.outcome == "hurts"
    assert verdict.sentence.startswith("Distilling hurts the tree student")


def test_at_alpha_zero_the_student_is_its_own_control(problem):
    truth, labels = problem
    verdict = judged(labels, is_control=True, student=truth, hard_labels=truth)
    assert verdict.outcome == "no difference"
    assert verdict.interval == (0, 0)
    assert "the student is its own control" in verdict.sentence
    assert verdict.comparisons == ()
    assert verdict.notes == ()


def test_it_goes_to_json_and_back(problem):
    truth, labels = problem
    verdict = judged(
        labels, student=truth, hard_labels=blurred(truth, 1), own_labels=blurred(truth, 2)
    )
    plain = json.loads(json.dumps(verdict.to_mapping()))
    assert list(plain)[:5] == ["outcome", "delta_log_loss", "interval", "regime", "sentence"]
    assert Verdict.from_mapping(plain) == verdict


def test_certain_and_wrong_probabilities_are_judged():
    predicted = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    verdict = judged(np.array([0, 1, 1]), student=predicted, hard_labels=predicted[:, ::-1].copy())
    assert np.isfinite([arm.log_loss for arm in verdict.arms]).all()
    assert np.isfinite([arm.calibrated_log_loss for arm in verdict.arms]).all()
