"""Of many rows the panel predicts one fold alone, and the run is whole all the same."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_classification

import hpmkd
from hpmkd.report import write_report

SETTINGS = {
    "extra.until": 1,  # no rows are made, as above 10,000 rows
    "memory": "none",
    "cache.disk": False,
    "teacher": "quick",
    "stages": ["logistic", "tree"],
    "sampler.trials": 1,
}
#: Folds that are cross-validated, and one holdout whose best students are fitted on more rows.
KINDS = {
    "folds": {"split.folds": 3},
    "holdout": {"split.once_above": 500, "split.trial_rows": 300, "split.selection_rows": 200},
}


class Notes:
    def __init__(self):
        self.notes = []

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)


@pytest.fixture(params=KINDS)
def settings(request):
    return {**SETTINGS, **KINDS[request.param]}


def test_one_fold_is_predicted_and_all_is_there(settings, tmp_path):
    X, y = make_classification(1000, random_state=0)
    notes = Notes()
    found = hpmkd.distill(X, y, settings=settings, observers=[notes])
    reason = "it had nothing to teach, no rows without labels and no alpha above 0"
    assert any(f"no student has a teacher: {reason}" in note for note in notes.notes)
    assert f"No student had a teacher: {reason}. " in found.verdict.sentence
    assert found.counts["teacher_fits"] == len(found.knowledge.teachers)
    assert {each.role for each in found.records} >= {"teacher", "control", "student"}
    teacher = next(each for each in found.records if each.role == "teacher")
    assert np.isfinite([teacher.log_loss, teacher.row_us, teacher.bytes]).all()
    assert found.verdict.outcome == "no difference"
    found.save(tmp_path / "run")
    write_report(found, tmp_path / "report.html")
    again = hpmkd.load(tmp_path / "run")
    assert again.verdict == found.verdict
    assert again.verdict.stopped == reason
    assert again.student.predict_proba(X).tobytes() == found.student.predict_proba(X).tobytes()
    assert [each.name for each in again.records] == [each.name for each in found.records]
