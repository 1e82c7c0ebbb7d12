"""What a run records for pictures, and how a run folder keeps it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd import StudentFileError
from hpmkd.evaluation.row_details import POINTS, Point, RowDetails, Weighing
from hpmkd.report.models import models, teacher_of

LABELS = np.array([0, 0, 0, 0, 1, 1])
PREDICTED = {
    "teacher": np.array([[9, 1, 0]] * 3 + [[1, 9, 0]] + [[4, 6, 0]] * 2) / 10,
    "control": np.array([[4, 5, 1]] * 6) / 10,
    "student": np.array([[8, 1, 1]] * 2 + [[2, 7, 1]] * 4) / 10,
}
WEIGHTS = np.array([[0.2, 0.8], [0.4, 0.6], [0.6, 0.4]])
SETTINGS = {
    "stages": ["logistic", "tree"],
    "sampler.trials": 1,
    "split.folds": 2,
    "ensemble.top": 0,
}


def gather(predicted=PREDICTED, labels=LABELS):
    return RowDetails.gather(predicted, labels, ["one", "other"], WEIGHTS, 0)


# ------------------------------------------------------------------------- what it holds


def test_recall_and_retention_are_told_class_by_class():
    first, second, third = gather().by_class
    assert (first.rows, first.teacher, first.control, first.student) == (4, 0.75, 0, 0.5)
    assert first.retention == pytest.approx(0.5 / 0.75, abs=1e-6)
    assert (second.teacher, second.control, second.student, second.retention) == (1, 1, 1, 1)
    # No test row of it: nothing is known.
    assert (third.rows, third.teacher, third.student, third.retention) == (0, None, None, None)


def test_a_class_that_the_teacher_never_recognises_has_no_retention():
    predicted = {**PREDICTED, "teacher": PREDICTED["teacher"][:, [1, 0, 2]]}
    assert gather(predicted).by_class[1].teacher == 0
    assert gather(predicted).by_class[1].retention is None


def test_classes_are_counted_by_what_they_are_taken_for():
    confusion = gather().confusion
    assert confusion["student"] == ((2, 2, 0), (0, 2, 0), (0, 0, 0))
    assert confusion["control"] == ((0, 4, 0), (0, 2, 0), (0, 0, 0))
    assert list(confusion) == ["teacher", "control", "student"]
    read = RowDetails.from_mapping(json.loads(json.dumps(gather().to_mapping())))
    assert read.confusion == confusion


def test_a_folder_of_an_older_version_has_no_confusion_matrices():
    mapping = gather().to_mapping()
    del mapping["confusion"]
    assert RowDetails.from_mapping(mapping).confusion == {}


def test_a_point_is_what_both_say_of_the_true_class_and_whether_they_are_right():
    points = gather().points
    assert points[0] == Point(0.9, 0.8, True, True)
    assert points[3] == Point(0.1, 0.2, False, False)
    assert points[5] == Point(0.6, 0.7, True, True)
    assert len(points) == len(LABELS)


def test_of_many_rows_a_sample_is_drawn_by_the_seed():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 1200)
    predicted = {name: rng.dirichlet(np.ones(3), 1200) for name in PREDICTED}
    one, again = gather(predicted, labels).points, gather(predicted, labels).points
    assert one == again
    assert len(set(one)) == POINTS
    other = RowDetails.gather(predicted, labels, ["one", "other"], WEIGHTS, 1).points
    assert len(set(one) & set(other)) < POINTS


def test_weights_are_told_with_their_spread():
    one, other = gather().weights
    assert one == Weighing("one", 0.4, 0.163299, (0.22, 0.3, 0.4, 0.5, 0.58))
    assert other.mean == 0.6


def test_a_teacher_that_cannot_answer_leaves_no_trace_of_itself():
    found = gather({name: predicted for name, predicted in PREDICTED.items() if name != "teacher"})
    assert [each.model for each in found.reliability] == ["control", "student"]
    assert found.points == ()
    assert [each.teacher for each in found.by_class] == [None] * 3
    assert [each.student for each in found.by_class] == [0.5, 1, None]


def test_it_survives_json():
    found = gather()
    assert RowDetails.from_mapping(json.loads(json.dumps(found.to_mapping()))) == found


# --------------------------------------------------------------------------------- runs


def distill(X, y, **options):
    return hpmkd.distill(X, y, **{"settings": SETTINGS, "teacher": GaussianNB(), **options})


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    return X, np.where(X[:, 0] + rng.normal(0, 0.5, 80) > 0, "yes", "no")


@pytest.fixture(scope="module")
def found(rows):
    return distill(*rows)


def test_a_run_records_what_its_leaderboard_says(found, tmp_path):
    evidence, records = found.evidence, found.records
    rows_of = [each.rows for each in evidence.by_class]
    assert sum(rows_of) == evidence.rows == found.facts["rows"]["test"]
    accuracy = {each.role: each.accuracy for each in records if each.name == found.chosen}
    accuracy["teacher"] = records[0].accuracy
    for model in ("teacher", "control", "student"):
        recalls = [getattr(each, model) for each in evidence.by_class]
        assert np.average(recalls, weights=rows_of) == pytest.approx(accuracy[model], abs=1e-5)
    right = [each.student_right for each in evidence.points]
    assert np.mean(right) == pytest.approx(accuracy["student"])
    (weighing,) = evidence.weights
    assert (weighing.mean, weighing.deviation) == (1, 0)
    assert hpmkd.load(found.save(tmp_path / "run")).evidence == evidence


def test_given_probabilities_of_training_rows_alone_leave_the_teacher_out(rows):
    X, y = rows
    teacher = GaussianNB().fit(*rows)
    evidence = distill(
        X[:60],
        y[:60],
        X_test=X[60:],
        y_test=y[60:],
        teacher=teacher.predict_proba(X[:60]),
        settings={**SETTINGS, "reference.name": "quick"},
    ).evidence
    assert evidence.points == ()
    assert {each.teacher for each in evidence.by_class} == {None}
    assert [each.model for each in evidence.reliability] == ["control", "student"]


def test_a_member_does_not_stand_for_teachers_of_whom_one_is_silent(rows):
    X, y = rows
    predicted = GaussianNB().fit(*rows).predict_proba(X[:60])
    found = distill(
        X[:60],
        y[:60],
        X_test=X[60:],
        y_test=y[60:],
        # As the fused teacher would be called.
        teacher={"given": predicted, "teacher": GaussianNB()},
        settings={**SETTINGS, "reference.name": "quick"},
    )
    assert [each.name for each in found.records if each.role == "teacher"] == ["teacher"]
    for key in ("kl", "agreement", "compression", "speedup", "retention"):
        assert {getattr(each, key) for each in found.records} == {None}
    assert [each.model for each in found.evidence.reliability] == ["control", "student"]
    assert teacher_of(models(found)) is None


def test_a_folder_of_before_there_was_evidence_loads(found, tmp_path):
    folder = found.save(tmp_path / "run")
    folder.joinpath("evidence.json").unlink()
    loaded = hpmkd.load(folder)
    assert loaded.evidence is None
    assert not loaded.save(tmp_path / "copy").joinpath("evidence.json").exists()


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"rows": 1}'])
def test_damaged_evidence_is_refused_by_a_sentence(found, tmp_path, text):
    folder = found.save(tmp_path / "run")
    folder.joinpath("evidence.json").write_text(text)
    with pytest.raises(StudentFileError, match=str(folder)):
        hpmkd.load(folder)


def test_trials_and_time_are_counted_by_worker(found):
    (own,) = found.counts["workers"]
    assert own["trials"] == len(found.trials)
    assert own["seconds"] == pytest.approx(sum(each.seconds for each in found.trials), abs=1e-3)
