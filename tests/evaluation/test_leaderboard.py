from __future__ import annotations

import numpy as np
import pytest

from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.leaderboard import COLUMNS, UNKNOWN, Entry, build, to_frame

LABELS = np.array([0, 1, 1, 0])
GOOD = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.7, 0.3]])
POOR = GOOD[::-1, ::-1]
CHAIN = ("logistic (residual)", "constant")


MEASURED = Footprint(100, 2.0, 80.0)


@pytest.fixture
def entries():
    return [
        Entry("teacher", "teacher", GOOD, Footprint(1000, 800.0, 9000.0), fused=True),
        Entry("control", "tree", POOR, Footprint(50, 4.0, 90.0), alpha=0.0, temperature=1.0),
        Entry(
            "student", "tree", GOOD, Footprint(100, 2.0, 80.0), True, 0.5, 0.3, 2.0, 0.25, *CHAIN
        ),
    ]


def test_the_public_keys_in_their_order():
    assert " ".join(COLUMNS) == (
        "role name chosen accuracy log_loss macro_f1 auc kl agreement bytes row_us batch_us "
        "compression speedup retention alpha extra_weight temperature selection_log_loss after "
        "scheduler balanced_accuracy metric selection_metric"
    )


def test_everyone_is_compared_with_the_fused_teacher(entries):
    teacher, control, student = build(entries, LABELS)
    assert (teacher.compression, teacher.speedup, teacher.retention) == (1, 1, 1)
    assert (teacher.kl, teacher.agreement) == (pytest.approx(0, abs=1e-9), 1)
    assert (student.compression, student.speedup, student.retention) == (10, 400, 1)
    assert (student.bytes, student.row_us, student.batch_us) == (100, 2, 80)
    assert (control.compression, control.speedup) == (20, 200)
    assert control.retention == control.accuracy / teacher.accuracy
    assert control.kl > 0
    assert (student.chosen, control.chosen) == (True, False)
    assert (student.alpha, student.extra_weight, student.temperature) == (0.5, 0.3, 2.0)
    assert student.selection_log_loss == 0.25
    assert (student.after, student.scheduler) == CHAIN
    assert (control.after, control.scheduler) == (None, None)


def test_members_come_before_or_after_the_fused_teacher(entries):
    member = Entry("teacher", "teacher", POOR, Footprint(10, 1.0, 1.0))
    assert build([member, *entries], LABELS)[1:] == build(entries, LABELS)


def test_without_a_fused_teacher_nothing_is_compared(entries):
    member = Entry("teacher", "teacher", GOOD, Footprint(1000, 800.0, 9000.0))
    for record in build([member, *entries[1:]], LABELS):
        for key in ("kl", "agreement", "compression", "speedup", "retention"):
            assert getattr(record, key) is None
        assert record.accuracy is not None


def test_a_teacher_without_a_model_has_no_size_or_speed(entries):
    entries[0] = Entry("teacher", "teacher", GOOD, UNKNOWN, fused=True)
    teacher, _, student = build(entries, LABELS)
    for record in (teacher, student):
        assert record.compression is None
        assert record.speedup is None
        assert record.retention == 1
    assert (teacher.bytes, teacher.row_us) == (None, None)
    assert student.bytes == 100


def test_a_teacher_that_is_never_right_has_no_retention(entries):
    footprint = Footprint(10, 1.0, 1.0)
    entries[0] = Entry("teacher", "teacher", np.eye(2)[1 - LABELS], footprint, fused=True)
    assert build(entries, LABELS)[2].retention is None


def test_the_frame_has_one_row_per_record_and_one_column_per_key(entries):
    records = build(entries, LABELS)
    frame = to_frame(records)
    assert tuple(frame.columns) == COLUMNS
    assert frame["role"].tolist() == ["teacher", "control", "student"]
    assert to_frame([]).shape == (0, len(COLUMNS))
    assert tuple(to_frame([]).columns) == COLUMNS
