"""What /predict answers is what the student answers, whatever the family and the labels."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from hpmkd.testing.students import EVERY_KIND, known_student

CSV = {"content-type": "text/csv; charset=UTF-8"}


@pytest.mark.parametrize("problem", ["breast_cancer", "wine"])
@pytest.mark.parametrize("family", EVERY_KIND)
def test_answers_are_those_of_the_student(family, problem, serve):
    student = known_student(family, problem, True)
    client = serve(student)
    rows = [
        {"column 0": level, **{f"column {j}": cell for j in range(1, 6)}}
        for level in ("high", "low", "medium", "unseen", None)
        for cell in (0, 1.5, -3, None, 1e308, True, "2.5", "Infinity")
    ]
    expected = student.predict_proba(rows)

    many = client.post(json.dumps(rows))
    assert many.status_code == 200
    assert many.json()["labels"] == student.predict(rows).tolist()
    assert np.array_equal(np.array(many.json()["probabilities"]), expected)
    assert many.json()["classes"] == student.classes_.tolist()

    for at in (0, 11, 39):
        one = client.post(json.dumps(rows[at])).json()
        assert one["label"] == student.predict_one(rows[at])
        assert one["probabilities"] == expected[at].tolist()


def test_csv_is_answered_as_json_is(mixed, mixed_student, row):
    table = pd.DataFrame(
        [row, {**row, "column 0": None, "column 2": None}, {**row, "column 0": "x"}]
    )
    text = table.assign(extra="a, b").to_csv(index=False)
    answer = mixed.post(text, CSV).json()
    rows = [dict(zip(row, cells, strict=True)) for cells in table.to_numpy(object).tolist()]
    assert answer["probabilities"] == mixed_student.predict_proba(rows).tolist()
    assert mixed.post("\ufeff" + text, CSV).json() == answer
    assert mixed.post(text.replace("\n", "\r\n"), CSV).json() == answer
    assert mixed.post("\n" + text + "\n\n", CSV).json() == answer


@pytest.mark.parametrize("labels", [[3, 7], [0.5, 1.5], [False, True], ["no", "yes"]])
def test_labels_keep_their_type(labels, fitted, serve):
    table = pd.DataFrame({"a": [0.0, 1.0] * 10})
    client = serve(fitted(table, np.array(labels * 10)))
    answer = client.post('[{"a": 0}, {"a": 1}]').json()
    assert answer["labels"] == answer["classes"] == labels
    assert [type(label) for label in answer["labels"]] == [type(label) for label in labels]


def test_cells_are_found_by_name_in_any_order_even_if_training_had_no_names(fitted, serve):
    matrix = np.random.default_rng(0).normal(size=(60, 3))
    student = fitted(matrix, (matrix[:, 0] > matrix[:, 2]).astype(int), "boosted")
    client = serve(student)
    for cells in matrix[:5].tolist():
        row = {"x2": cells[2], "more": 1, "x0": cells[0], "x1": cells[1]}
        answer = client.post(json.dumps(row)).json()
        assert answer["probabilities"] == student.predict_proba([cells])[0].tolist()
    assert client.refused('{"x0": 1, "x1": 1, "y": 1}').column == "x2"


def test_further_columns_are_ignored_whatever_they_hold(mixed, row):
    expected = mixed.post(json.dumps(row)).json()
    more = {"label": [1], "x": {"a": 1, "b": 2}, "12:30": "a:b:c"}
    assert mixed.post(json.dumps({**more, **row})).json() == expected


def test_no_rows_get_no_answers(mixed, row):
    assert mixed.post("[]").json()["labels"] == []
    header = ",".join(row)
    assert mixed.post(header, CSV).json() == mixed.post("[]").json()


def test_a_threshold_names_the_rarer_class(fitted, serve):
    table = pd.DataFrame({"a": [0.0, 0.0, 0.0, 1.0] * 10})
    target = np.array(["no", "no", "yes", "no"] * 10)
    student = fitted(table, target, threshold={"class": "yes", "best": 0.25, "by": "f1"})
    client = serve(student)
    assert client.post('{"a": 0}').json()["label"] == "no"
    assert client.post('{"a": 0}', query="?threshold=0.25").json()["label"] == "yes"
    assert client.post('{"a": 0}', query="?threshold=best").json()["label"] == "yes"
    assert client.post('{"a": 0}', query="?threshold=.5").json()["label"] == "no"
    for wrong in ("2", "nan", "x", ""):
        assert "expected" in client.refused('{"a": 0}', query=f"?threshold={wrong}").detail
    for wrong in ("?treshold=.2", "?threshold=.1&threshold=.2", "?x"):
        assert "?threshold=P" in client.refused('{"a": 0}', query=wrong).detail


def test_a_threshold_needs_two_classes(serve):
    client = serve(known_student("tree", "wine", False))
    row = json.dumps({f"column {j}": 0 for j in range(6)})
    assert "3 classes" in client.refused(row, query="?threshold=.5").detail


def test_long_bodies_are_answered_in_a_thread(mixed, row):
    rows = json.dumps([row] * 1000)
    assert len(rows) > 2**16
    answer = mixed.post(rows).json()
    assert answer["labels"] == [mixed.post(json.dumps(row)).json()["label"]] * 1000
    assert "row 999" in mixed.refused(json.dumps([row] * 999 + [{}])).detail
