"""All three databases answer as the student does, on what rows may hold at worst."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.errors import ExportError, ExportWarning
from hpmkd.student import Schema, Student, TreesModel, fit_encoder
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import (
    EVERY_KIND,
    ODD_NAMES,
    fitted_student,
    known_student,
    odd_problem,
)
from hpmkd_defaults.exporters.parity import check_answers
from hpmkd_defaults.exporters.sql.parity import check_parity
from hpmkd_defaults.exporters.sql.query import query_of
from hpmkd_defaults.exporters.sql.sqlite import SQLite


@pytest.mark.parametrize("family", EVERY_KIND)
@pytest.mark.parametrize("mixed", [False, True], ids=["numbers", "mixed"])
@pytest.mark.parametrize("problem", ["breast_cancer", "wine"])
def test_numbers_and_categories(dialect, family, problem, mixed):
    check_parity(known_student(family, problem, mixed), dialect)


@pytest.mark.parametrize("times", [True, False], ids=["times", "days"])
@pytest.mark.parametrize("family", EVERY_KIND)
def test_moments(dialect, family, times):
    check_parity(fitted_student(family, *dated(times=times)), dialect)


def test_real_rows(dialect, people):
    """Truth values, whole numbers, texts and holes of a real table, not made for the student."""
    rows, target = people.drop(columns="bought"), people["bought"]
    student = fitted_student("additive", rows, target)
    query = query_of(student, dialect, ["people"], ["row"])
    stored = rows[list(query.reads)].astype({"member": float, "size": object})
    stored = stored.astype({n: float for n in stored if stored[n].dtype.kind in "iu"})
    answers = dialect.answers(query.text, "people", "row", stored)
    check_answers(student, rows, *answers, dialect.title, dialect.tolerance)


@pytest.mark.parametrize("family", ["boosted", "pooled"])
def test_odd_names_categories_and_labels(dialect, family):
    """All that the database can have as a name is one, and does no harm."""
    table, target = odd_problem()
    table = table.replace({text: "NUL" for text in ODD_NAMES if not dialect.holds(text)})
    names = [name for name in ODD_NAMES if not dialect.objection(name)]
    if dialect.ignores_case:
        names.remove("A-B")
    assert len(names) > 30
    table = table[names]
    score = table.select_dtypes("number").sum(axis=1)
    labels = np.unique(target)[np.digitize(score, [-2.0, 2.0])]
    check_parity(fitted_student(family, table, labels), dialect, 300)


@pytest.mark.parametrize(
    "labels", [["no", "größe"], [3, -5], [0.5, 2.0], [False, True]], ids=["U", "i", "f", "b"]
)
def test_labels_come_back_as_they_were(dialect, labels):
    rows = pd.DataFrame({"a": np.linspace(0, 1, 60)})
    student = fitted_student("tree", rows, np.array(labels)[(rows["a"] > 0.4).to_numpy(int)])
    found, _ = dialect.answers(query_of(student, dialect, ["t"], ["row"]).text, "t", "row", rows)
    assert found.tolist() == student.predict(rows).tolist()


@pytest.mark.parametrize("family", EVERY_KIND)
@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"nothing": pd.Series([None] * 40, dtype=object)}),
        pd.DataFrame({"word": ["u", "v", "", None] * 10}),
        pd.DataFrame({"empty": np.full(40, np.nan), "word": ["a", "b"] * 20, "same": 1.0}),
        pd.DataFrame({"many": [f"level {i % 20}" for i in range(40)], "one": range(40)}),
        pd.DataFrame({"when": 1.7e12 + np.arange(40), "tiny": np.arange(40) * 1e-300}),
    ],
    ids=["no level", "words", "empty", "levels", "milliseconds"],
)
def test_odd_columns(dialect, table, family):
    check_parity(fitted_student(family, table, np.arange(40) % 2), dialect, 200)


def test_vector_leaves_infinite_thresholds_and_no_trees_at_all(dialect):
    encoder = fit_encoder("tree", Schema.fit(np.eye(2)), np.eye(2))
    for threshold in (0.5, np.inf, -np.inf):
        stump = {"features": [0, -1, -1], "thresholds": [threshold, 0, 0], "left": [1, 0, 1]}
        stump |= {"right": [2, 0, 0], "missing_left": [0, 0, 0], "link": "softmax"}
        base = [0.1, 0.2, 0.3]
        vector = TreesModel(
            roots=[0], leaf_values=np.eye(2, 3), outputs=[0], base_margin=base, **stump
        )
        check_parity(Student(encoder, vector, [0, 1, 2]), dialect, 200)
    empty = TreesModel([], [], [], [], [], [], np.empty((0, 1)), [], [0.3], "sigmoid")
    check_parity(Student(encoder, empty, [0, 1]), dialect, 20)


def test_a_database_that_answers_otherwise_is_noticed(monkeypatch):
    other = query_of(known_student("boosted", "wine", True), SQLite(), ["probes"], ["row"])
    monkeypatch.setattr("hpmkd_defaults.exporters.sql.parity.query_of", lambda *_: other)
    with pytest.raises(ExportError, match="SQLite disagrees with the student"):
        check_parity(known_student("additive", "wine", True), SQLite())


def test_a_query_that_does_not_run_is_not_kept(monkeypatch):
    class Broken(SQLite):
        double_type = "NONSENSE("

    with pytest.raises(ExportError, match=r"SQLite cannot run the query \(OperationalError"):
        check_parity(fitted_student("tree", *dated()), Broken())


def test_a_database_that_is_not_at_hand_is_not_asked(monkeypatch):
    monkeypatch.setattr(SQLite, "answers", lambda *_: None)
    with pytest.warns(ExportWarning, match="the query was not run"):
        check_parity(known_student("tree", "wine", True), SQLite())
