"""The size of a teacher: the same wherever it was fitted, and about that of its pickle."""

import multiprocessing
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from hpmkd.knowledge.fold_fits import FoldData, FoldTask, fit_fold
from hpmkd.knowledge.model_size import pickled_bytes

ESTIMATORS = {
    "forest": RandomForestClassifier(5, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=3, random_state=0),
    "histograms": HistGradientBoostingClassifier(max_iter=3, random_state=0),
    "bags": BaggingClassifier(n_estimators=3, random_state=0),
    "tree": DecisionTreeClassifier(criterion="entropy", random_state=0),
    "bayes": GaussianNB(),
    "calibrated": CalibratedClassifierCV(GaussianNB()),
    "neighbours": KNeighborsClassifier(algorithm="kd_tree"),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
}


@pytest.fixture(scope="module")
def worker():
    """A process of its own, which no object is shared with."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield pool


def fold_of(wine, kind):
    X, y = wine
    # A frame with text goes behind an encoder of ours.
    table = X if kind == "array" else pd.DataFrame(X).assign(text=np.where(X[:, 0] > 13, "a", "b"))
    return FoldData(table, np.asarray(y), np.arange(len(y)) % 3, 3)


@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, "array") for name in ESTIMATORS), ("forest", "frame"), ("bayes", "frame")],
)
def test_it_is_the_same_here_from_a_worker_and_from_a_journal(name, kind, wine, worker):
    given = fold_of(wine, kind), FoldTask(name, ESTIMATORS[name], (0,))
    fitted = [fit_fold(*given).model, worker.apply(fit_fold, given).model]
    copies = [pickle.loads(pickle.dumps(each, protocol=5)) for each in fitted]
    again = [pickle.loads(pickle.dumps(each, protocol=5)) for each in copies]
    sizes = {pickled_bytes(each) for each in [*fitted, *copies, *again]}
    assert len(sizes) == 1
    # Of trees, a tenth is what their pickles say again and again.
    assert 0.8 < sizes.pop() / len(pickle.dumps(fitted[0], protocol=5)) <= 1.03


def test_what_is_equal_counts_once():
    array = np.arange(1000.0)
    one = pickled_bytes([array])
    assert 8000 < one < 8300
    for equal in (array, array.copy(), array[::-1].copy()[::-1]):
        assert pickled_bytes([array, equal]) < one + 50
    assert pickled_bytes([array, -array]) > 16000
    text = "".join(map(str, range(300)))
    assert pickled_bytes([text, f"{text} "[:-1]]) < len(text) + 50


def test_how_an_array_lies_in_memory_does_not_count(tmp_path):
    array = np.arange(1000.0)
    square = array.reshape(10, 100).T
    assert pickled_bytes(square) == pickled_bytes(np.ascontiguousarray(square))
    np.save(tmp_path / "a.npy", array)
    assert pickled_bytes(np.load(tmp_path / "a.npy", mmap_mode="r")) == pickled_bytes(array)


def test_other_arrays_are_pickled_as_they_are():
    objects = np.array(["a", None, "b" * 100], dtype=object)
    assert 100 < pickled_bytes(objects) < 400
    assert pickled_bytes(np.ma.masked_array(np.arange(1000.0), np.arange(1000) > 5)) > 8000


def test_what_cannot_be_pickled_has_no_size():
    assert pickled_bytes(lambda: None) is None
    assert pickled_bytes(each for each in [1]) is None
