"""What a panel of teachers must do."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from hpmkd.contracts import TeacherPanel
from hpmkd.testing.datasets import (
    PROBLEMS,
    Problem,
    check_probabilities,
    numeric_problem,
    real_problem,
)
from hpmkd.values import DataFacts


def facts_of(problem: Problem) -> DataFacts:
    """Return the size of a problem."""
    n_rows, n_columns = problem.table.shape
    return DataFacts(n_rows, n_columns, len(problem.classes))


def strange_rows(table: Any) -> Any:
    """Return 20 rows, some with a word or with holes where training showed none."""
    strange = table[:20].copy()
    if isinstance(strange, np.ndarray):
        strange[5:10, 4] = np.nan
        return strange
    strange["column 0"] = ["never seen before"] * 5 + strange["column 0"].tolist()[5:]
    return strange.assign(**{"column 4": strange["column 4"].mask(strange["column 4"] > 0)})


class TeacherPanelSuite:
    """Inherit and supply ``panel``."""

    @pytest.fixture
    def panel(self) -> TeacherPanel:
        """Return the panel under test."""
        raise NotImplementedError("supply a fixture `panel` that returns your teacher panel")

    @pytest.fixture(params=[*PROBLEMS, "array"])
    def problem(self, request: pytest.FixtureRequest) -> Problem:
        """Return a frame of numbers, words and missing cells (2, then 3 classes); an array."""
        if request.param == "array":
            return numeric_problem()
        return real_problem(request.param, mixed=True)

    def test_fulfils_the_protocol(self, panel: TeacherPanel) -> None:
        """It has the method of a panel."""
        assert isinstance(panel, TeacherPanel)

    def test_members_are_unfitted_classifiers(self, panel: TeacherPanel, problem: Problem) -> None:
        """Named, cloneable, with ``predict_proba``, and not fitted yet."""
        members = panel.members(facts_of(problem), seed=0)
        assert members, "the panel is empty"
        for name, member in members.items():
            assert isinstance(name, str)
            assert is_classifier(member), f"{name} is not a scikit-learn classifier"
            assert hasattr(member, "predict_proba"), f"{name} gives no probabilities"
            with pytest.raises(NotFittedError):
                check_is_fitted(member)
            clone(member)

    def test_members_pickle(self, panel: TeacherPanel, problem: Problem) -> None:
        """They are fitted in worker processes."""
        for member in panel.members(facts_of(problem), seed=0).values():
            assert type(pickle.loads(pickle.dumps(member))) is type(member)

    def test_members_read_the_raw_table(self, panel: TeacherPanel, problem: Problem) -> None:
        """They fit words and missing cells, and then rows with words and holes never seen."""
        n_classes = len(problem.classes)
        strange = strange_rows(problem.table)
        for member in panel.members(facts_of(problem), seed=0).values():
            fitted = clone(member).fit(problem.table, problem.labels)
            assert list(fitted.classes_) == list(range(n_classes))
            predicted = np.asarray(fitted.predict_proba(problem.table))
            check_probabilities(predicted, len(problem.table), n_classes)
            assert (predicted.argmax(axis=1) == problem.labels).mean() > 0.6
            check_probabilities(np.asarray(fitted.predict_proba(strange)), 20, n_classes)

    def test_same_seed_same_predictions(self, panel: TeacherPanel) -> None:
        """Two panels of one seed predict the same, bit for bit."""
        problem = real_problem("wine", mixed=True)
        predicted: list[dict[str, Any]] = []
        for noise in (1, 2):
            np.random.seed(noise)  # noqa: NPY002 - the global generator must not matter
            members = panel.members(facts_of(problem), seed=11)
            predicted.append(
                {
                    name: clone(member)
                    .fit(problem.table, problem.labels)
                    .predict_proba(problem.table)
                    for name, member in members.items()
                }
            )
        assert list(predicted[0]) == list(predicted[1])
        for name, probabilities in predicted[0].items():
            np.testing.assert_array_equal(probabilities, predicted[1][name], err_msg=name)
