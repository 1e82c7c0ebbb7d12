from __future__ import annotations

import pickle
import types

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from hpmkd.errors import TeacherError
from hpmkd.knowledge.loading import load_teacher
from hpmkd.knowledge.teachers import CloneableTeacher, FittedTeacher


class HomeMade(LogisticRegression):
    """A type that skops does not know."""


@pytest.fixture(scope="module")
def nearest(wine):
    return KNeighborsClassifier(3, algorithm="brute").fit(*wine)


def predicts_like(loaded, model, X):
    (teacher,) = loaded
    assert isinstance(teacher, FittedTeacher)
    assert np.array_equal(teacher.model.predict_proba(X), model.predict_proba(X))
    return teacher.name == "model"


def test_a_skops_file_is_a_fitted_teacher(tmp_path, nearest, wine):
    skops.io.dump(nearest, tmp_path / "model.skops")
    assert predicts_like(load_teacher(str(tmp_path / "model.skops")), nearest, wine[0])


def test_types_unknown_to_skops_are_refused_until_trusted(tmp_path, wine, monkeypatch):
    module = types.ModuleType("home_made_models")
    module.HomeMade = HomeMade
    monkeypatch.setitem(__import__("sys").modules, "home_made_models", module)
    monkeypatch.setattr(HomeMade, "__module__", "home_made_models")
    model = HomeMade(max_iter=5000).fit(wine[0] / wine[0].max(axis=0), wine[1])
    path = str(tmp_path / "model.skops")
    skops.io.dump(model, path)
    with pytest.raises(TeacherError, match=r"add --trust home_made_models\.HomeMade"):
        load_teacher(path)
    loaded = load_teacher(path, trusted=["home_made_models.HomeMade"])
    assert predicts_like(loaded, model, wine[0])


@pytest.mark.parametrize("name", ["model.pkl", "model.pickle", "model.joblib"])
def test_a_pickle_is_refused_until_trusted(tmp_path, nearest, wine, name):
    path = tmp_path / name
    if name.endswith("joblib"):
        joblib.dump(nearest, path)
    else:
        path.write_bytes(pickle.dumps(nearest))
    with pytest.raises(TeacherError, match=r"runs whatever code it holds.*--trust-pickle"):
        load_teacher(str(path))
    assert predicts_like(load_teacher(str(path), trust_pickle=True), nearest, wine[0])


class Marks:
    """Leaves a mark when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_pickle_that_is_refused_is_not_executed(tmp_path):
    mark = tmp_path / "mark"
    tmp_path.joinpath("evil.pkl").write_bytes(pickle.dumps(Marks(str(mark))))
    with pytest.raises(TeacherError):
        load_teacher(str(tmp_path / "evil.pkl"))
    assert not mark.exists()


@pytest.mark.parametrize("name", ["junk.skops", "junk.pkl", "junk.bin"])
@pytest.mark.parametrize("content", [b"", b"junk", bytes(range(256))])
def test_a_junk_file_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TeacherError, match="cannot be loaded as a fitted model"):
        load_teacher(str(path), trust_pickle=True)


def test_a_pickle_disguised_as_skops_is_not_executed(tmp_path):
    mark = tmp_path / "mark"
    tmp_path.joinpath("evil.skops").write_bytes(pickle.dumps(Marks(str(mark))))
    with pytest.raises(TeacherError):
        load_teacher(str(tmp_path / "evil.skops"), trust_pickle=True)
    assert not mark.exists()


@pytest.mark.parametrize(
    "spec", ["none.skops", "folder/none.pkl", "forest", ":make", "sklearn.tree:"]
)
def test_what_is_neither_file_nor_callable_is_refused(spec):
    with pytest.raises(TeacherError, match=r"no such panel or file; expected a panel's name"):
        load_teacher(spec)


def test_a_factory_is_imported_and_called():
    (teacher,) = load_teacher("sklearn.tree:DecisionTreeClassifier")
    assert isinstance(teacher, CloneableTeacher)
    assert teacher.name == "DecisionTreeClassifier"
    assert isinstance(teacher.estimator, DecisionTreeClassifier)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("no_such_package:make", "cannot import 'no_such_package'"),
        ("sklearn.tree:NoSuchTree", "'sklearn.tree' has no 'NoSuchTree'"),
        ("sklearn.pipeline:Pipeline", "failed: TypeError"),
        ("math:pi", "failed: TypeError"),
        ("builtins:exit", "'builtins:exit' failed: SystemExit"),
        ("builtins:object", "expected a classifier with fit and predict_proba"),
        ("sklearn.svm:LinearSVC", "no predict_proba"),
    ],
)
def test_a_factory_that_fails_is_explained(spec, message):
    with pytest.raises(TeacherError, match=message):
        load_teacher(spec)


def test_a_module_that_fails_on_import_is_explained(tmp_path, monkeypatch):
    tmp_path.joinpath("broken_teacher.py").write_text("raise RuntimeError('boom')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TeacherError, match="boom"):
        load_teacher("broken_teacher:make")
