"""A right panel and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import RidgeClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from hpmkd.testing import TeacherPanelSuite


class RawTree(ClassifierMixin, BaseEstimator):
    """A tree on the columns that are numbers."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def numbers(self, X):
        return X.select_dtypes("number") if isinstance(X, pd.DataFrame) else X

    def fit(self, X, y):
        self.tree_ = DecisionTreeClassifier(
            max_depth=4, max_features=3, random_state=self.random_state
        ).fit(self.numbers(X), y)
        self.classes_ = self.tree_.classes_
        return self

    def predict_proba(self, X):
        return self.tree_.predict_proba(self.numbers(X))


class Suite(TeacherPanelSuite):
    def member(self, seed):
        return RawTree(seed)

    def names(self):
        return "first", "second"

    def members(self, facts, seed):
        first, second = self.names()
        return {first: self.member(seed), second: self.member(seed + 1)}

    @pytest.fixture
    def panel(self):
        return self


class TestRight(Suite):
    pass


class TestNoPanel(Suite):
    caught_by = "test_fulfils_the_protocol"

    @pytest.fixture
    def panel(self):
        return object()


class TestNumberedNames(Suite):
    caught_by = "test_members_are_unfitted_classifiers"

    def names(self):
        return 1, 2


class TestEmptyPanel(Suite):
    caught_by = "test_members_are_unfitted_classifiers"

    def members(self, facts, seed):
        return {}


class TestFittedAlready(Suite):
    caught_by = "test_members_are_unfitted_classifiers"

    def member(self, seed):
        return RawTree(seed).fit(np.arange(24.0).reshape(4, 6), [0, 1, 0, 1])


class TestRegressor(Suite):
    caught_by = "test_members_are_unfitted_classifiers"

    def member(self, seed):
        return DecisionTreeRegressor()


class TestNoProbabilities(Suite):
    caught_by = "test_members_are_unfitted_classifiers"

    def member(self, seed):
        return RidgeClassifier()


class Local(RawTree):
    def __reduce__(self):
        raise TypeError("a lock cannot be pickled")


class TestDoesNotPickle(Suite):
    caught_by = "test_members_pickle"

    def member(self, seed):
        return Local(seed)


class TestNumbersOnly(Suite):
    caught_by = "test_members_read_the_raw_table"

    def member(self, seed):
        return DecisionTreeClassifier(max_depth=3, random_state=seed)


class TestNoSeed(Suite):
    caught_by = "test_same_seed_same_predictions"

    def member(self, seed):
        return RawTree(None)
