import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from hpmkd.errors import DataError
from hpmkd.student import Schema, fit_encoder
from hpmkd.student.encoders.sklearn import TableEncoder


@pytest.mark.parametrize("kind", ["tree", "linear", "joint"])
def test_it_is_the_encoder_of_the_students(kind, people):
    table = people.drop(columns="bought")
    transformer = TableEncoder(kind).fit(table)
    expected = fit_encoder(kind, Schema.fit(table), table)
    assert transformer.transform(table).tobytes() == expected.transform(table).tobytes()
    assert transformer.get_feature_names_out().tolist() == list(expected.feature_names)
    assert transformer.feature_names_in_.tolist() == list(table.columns)
    assert transformer.n_features_in_ == table.shape[1]


@pytest.mark.parametrize(
    ("kind", "classifier"),
    [
        ("tree", DecisionTreeClassifier(max_depth=4, random_state=0)),
        ("linear", LogisticRegression()),
    ],
)
def test_pipelines_read_raw_tables(kind, classifier, people):
    teacher = make_pipeline(TableEncoder(kind), classifier)
    table, target = people.drop(columns="bought"), people["bought"]
    assert cross_val_score(teacher, table, target, cv=3).mean() > 0.6
    fitted = clone(teacher).fit(table, target)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(table), fitted.predict_proba(table))


def test_frames_come_out_when_asked_for(people):
    transformer = TableEncoder("linear").set_output(transform="pandas").fit(people)
    frame = transformer.transform(people)
    assert list(frame.columns) == transformer.get_feature_names_out().tolist()


def test_refitting_forgets_names(people):
    transformer = TableEncoder().fit(people).fit(np.eye(3))
    assert not hasattr(transformer, "feature_names_in_")
    assert transformer.n_features_in_ == 3


def test_it_says_what_is_wrong(people):
    with pytest.raises(NotFittedError):
        TableEncoder().transform(people)
    with pytest.raises(ValueError, match="'tree' or 'linear'"):
        TableEncoder("oblique").fit(people)
    with pytest.raises(DataError, match="lacks the columns 'age'"):
        TableEncoder().fit(people).transform(people.drop(columns="age"))


def test_constructor_stores_and_no_more():
    assert TableEncoder("anything").get_params() == {"kind": "anything"}
    tags = TableEncoder().__sklearn_tags__().input_tags
    assert tags.allow_nan
    assert tags.string
