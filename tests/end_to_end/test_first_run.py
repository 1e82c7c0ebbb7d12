"""A first run, whose kernels are compiled beside it, finds the same bits as any other."""

from __future__ import annotations

import pytest
from sklearn.ensemble import RandomForestClassifier

import hpmkd

SETTINGS = {
    "sampler.trials": 1,
    "split.folds": 2,
    "stages": ["logistic", "tree", "gbm"],
    "cache": "memory",
}


@pytest.mark.usefixtures("by_numba")  # which compiles
@pytest.mark.parametrize("data", ["cancer", "wine"])
def test_what_is_answered_without_kernels_has_the_same_bits(data, request, monkeypatch):
    X, y = request.getfixturevalue(data)

    def found():
        run = hpmkd.distill(X, y, teacher=RandomForestClassifier(8), settings=SETTINGS)
        students = {name: student.to_bytes() for name, student in run.students.items()}
        losses = [(trial.configuration.key, trial.row_losses.tobytes()) for trial in run.trials]
        return students, losses, run.verdict, run.ensemble is not None

    with_kernels = found()
    with monkeypatch.context() as patch:
        patch.setattr("hpmkd.student.packed.rows.answer_table", pytest.fail)
        patch.setattr("hpmkd.kernels.background.is_coming", lambda group: True)
        assert found() == with_kernels
