"""The digest of a model sees content and code, and nothing else."""

from __future__ import annotations

import importlib
import sys
import threading
from importlib import metadata

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from hpmkd.data.fingerprint import LIBRARIES, identity, version_of, versions

SOURCE = """
from sklearn.naive_bayes import GaussianNB
class Mine(GaussianNB):
    def predict_proba(self, X):
        return super().predict_proba(X) ** {power}
"""


def test_equal_models_are_equal():
    made = [LogisticRegression(C=c, class_weight={1: 2, 0: 1}) for c in (1.0, float("1"))]
    made[1].class_weight = {0: 1, 1: 2}
    assert identity(made[0]) == identity(made[1]) is not None


@pytest.mark.parametrize(
    "other",
    [
        LogisticRegression(C=2.0),
        LogisticRegression(C=1),
        GaussianNB(),
        make_pipeline(LogisticRegression()),
        LogisticRegression().fit([[0.0], [1.0]], [0, 1]),
    ],
)
def test_others_are_others(other):
    assert identity(other) not in (identity(LogisticRegression()), None)


def test_the_fitted_state_counts():
    X, y = np.arange(8.0).reshape(4, 2), [0, 1, 0, 1]
    one, same, other = (GaussianNB().fit(X + shift, y) for shift in (0, 0, 1))
    assert identity(one) == identity(same) != identity(other)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
def test_being_called_changes_nobody(wine, algorithm):
    X, y = wine
    model = KNeighborsClassifier(3, algorithm=algorithm).fit(X, y)
    before = identity(model)
    model.predict_proba(X)
    assert identity(model) == before
    assert identity(KNeighborsClassifier(3, algorithm=algorithm).fit(X[:-1], y[:-1])) != before


PANELS = """
from hpmkd.data.fingerprint import identity
from hpmkd.values import DataFacts
from hpmkd_defaults.teachers.panel import FullPanel, QuickPanel
for panel in (FullPanel(), QuickPanel()):
    for name, member in panel.members(DataFacts(150, 5, 3), seed=1).items():
        print(name, identity(member))
"""


def test_the_panels_are_the_same_in_every_process(monkeypatch, in_fresh_process):
    printed = set()
    for hash_seed in ("0", "1"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        printed.add(in_fresh_process(PANELS))
    (lines,) = printed
    digests = [line.split()[1] for line in lines.splitlines()]
    assert len(set(digests)) == len(digests) == 8
    assert "None" not in digests


def test_functions_are_told_by_what_they_do():
    def scaled(by):
        return FunctionTransformer(lambda rows: rows * by)

    def shifted(by):
        return FunctionTransformer(lambda rows: rows + by)

    assert identity(scaled(2)) == identity(scaled(2)) is not None
    assert identity(scaled(2)) != identity(scaled(3))
    assert identity(scaled(2)) != identity(shifted(2))


def test_new_code_is_a_new_teacher(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = []
    for power in (1, 2, 2):
        tmp_path.joinpath("teacher_in_the_making.py").write_text(SOURCE.format(power=power))
        monkeypatch.delitem(sys.modules, "teacher_in_the_making", raising=False)
        importlib.invalidate_caches()
        module = importlib.import_module("teacher_in_the_making")
        found.append(identity(module.Mine()))
    assert found[0] != found[1] == found[2]


def test_a_model_that_cannot_be_hashed_has_no_identity():
    model = LogisticRegression()
    model.lock = threading.Lock()
    assert identity(model) is None


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ({"xgboost": "3.2.0"}, "3.2.0"),
        ({"xgboost-cpu": "3.1.2"}, "3.1.2"),
        # What requirements/xgboost-cpu installs claims a version; the module is of the other.
        ({"xgboost": "3.2.0+cpu", "xgboost-cpu": "3.2.0"}, "3.2.0"),
        ({}, "unknown"),
    ],
)
def test_xgboost_may_be_xgboost_cpu(monkeypatch, installed, expected):
    """Their module is the same, and so are their versions."""

    def version(name):
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(metadata, "version", version)
    assert version_of("xgboost") == expected
    assert versions(LIBRARIES)["xgboost"] == expected
