"""Data sets of DeepBridge itself, by stand-ins with its public names."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from hpmkd import DataError, DBDataset
from hpmkd.deepbridge.dataset import as_dataset


def like_deepbridge(**attributes):
    """Return an object of a class that claims to be DeepBridge's, with the attributes of one."""
    theirs = type("DBDataset", (), {"__module__": "deepbridge.core.db_data"})
    dataset = theirs()
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


@pytest.fixture(scope="module")
def frame(cancer):
    X, y = cancer
    frame = pd.DataFrame(X[:, :4], columns=list("abcd")).assign(label=y)
    # Shuffled, as its own train_test_split leaves them.
    return frame.sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def probabilities(frame):
    probabilities = (
        GaussianNB().fit(frame[list("abcd")], frame["label"]).predict_proba(frame[list("abcd")])
    )
    return pd.DataFrame(probabilities, columns=["prob_class_0", "prob_class_1"], index=frame.index)


def test_ours_is_taken_as_it_is(wine):
    dataset = DBDataset(*wine)
    assert as_dataset(dataset) is dataset


def test_its_own_division_is_kept(frame):
    theirs = like_deepbridge(
        train_data=frame[:400],
        test_data=frame[400:],
        features=["a", "b"],
        target_name="label",
        model=None,
        train_predictions=None,
        test_predictions=None,
        original_prob=None,
    )
    dataset = as_dataset(theirs)
    division = dataset.divided(0.5, 0)
    np.testing.assert_array_equal(division.X_train, frame[["a", "b"]][:400])
    np.testing.assert_array_equal(division.X_test, frame[["a", "b"]][400:])
    np.testing.assert_array_equal(division.y_train, frame["label"][:400])
    assert dataset.features == ["a", "b"]
    assert dataset.given is None


def test_its_probabilities_are_read_in_its_order(frame, probabilities):
    # DeepBridge keeps them below each other and numbers them anew.
    theirs = like_deepbridge(
        train_data=frame[:400].assign(p=1.0),
        test_data=frame[400:].assign(p=1.0),
        features=list("abcd"),
        target_name="label",
        model=None,
        train_predictions=None,
        test_predictions=None,
        original_prob=probabilities.reset_index(drop=True),
    )
    division = as_dataset(theirs).divided()
    np.testing.assert_allclose(division.given_train, probabilities[:400])
    np.testing.assert_allclose(division.given_test, probabilities[400:])


def test_predictions_of_its_parts_go_before(frame, probabilities):
    theirs = like_deepbridge(
        train_data=frame[:400],
        test_data=frame[400:],
        features=list("abcd"),
        target_name="label",
        train_predictions=probabilities[:400],
        test_predictions=probabilities[400:],
        original_prob=pd.DataFrame(),
    )
    np.testing.assert_allclose(as_dataset(theirs).divided().given_test, probabilities[400:])


def test_its_model_teaches_rather_than_what_the_model_said(frame, probabilities):
    model = GaussianNB()
    theirs = like_deepbridge(
        train_data=frame[:400],
        test_data=frame[400:],
        features=list("abcd"),
        target_name="label",
        model=model,
        train_predictions=probabilities[:400],
        test_predictions=probabilities[400:],
    )
    dataset = as_dataset(theirs)
    assert dataset.model is model
    assert dataset.given is None


def test_probabilities_of_neither_part_are_refused(frame, probabilities):
    theirs = like_deepbridge(
        train_data=frame[:400],
        test_data=frame[400:],
        features=list("abcd"),
        target_name="label",
        original_prob=probabilities[:7],
    )
    with pytest.raises(DataError, match="got 7 rows; expected 400 of training and 169 of test"):
        as_dataset(theirs)


def test_anything_else_is_refused(frame):
    with pytest.raises(DataError, match=r"got DataFrame, which has no train_data.*DBDataset\("):
        as_dataset(frame)


def test_deepbridge_is_not_imported_even_where_it_is_installed(tmp_path):
    (tmp_path / "deepbridge").mkdir()
    (tmp_path / "deepbridge" / "__init__.py").write_text("raise SystemExit('imported')")
    script = (
        "import sys, numpy as np, pandas as pd, types\n"
        "from hpmkd import AutoDistiller\n"
        "f = pd.DataFrame({'a': np.arange(40.0), 'y': np.arange(40) % 2})\n"
        "theirs = types.SimpleNamespace(train_data=f[:30], test_data=f[30:], features=['a'],\n"
        "    target_name='y', model=None, original_prob=None)\n"
        "assert len(AutoDistiller(theirs, output_dir=None).division.y_test) == 10\n"
        "assert 'deepbridge' not in sys.modules\n"
        "import deepbridge\n"
    )
    places = [str(tmp_path), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    # The last line finds it and stops at it: it was there to be imported.
    assert (done.returncode, done.stderr.strip()) == (1, "imported")
