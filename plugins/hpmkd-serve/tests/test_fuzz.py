"""Whatever is sent, the answer is JSON, right or refused; whatever columns are called."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpmkd.errors import DataError

ODD = ["'", '"', "\n", "a,b", "🙂", "x" * 10_000, "label", "class", "__proto__", " ", "a:b", "\x00"]
patient = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["high", "low", "1", "01", "1e5", "TRUE", "NA", "nan", "1_0", "2020-01-01", ""]
    ),
    st.text(max_size=5),
)
names = st.sampled_from([f"column {j}" for j in range(6)] + ["x", "column 0 "])
anything = st.recursive(
    cells, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner), max_leaves=20
)
whole_rows = st.fixed_dictionaries({f"column {j}": cells for j in range(6)})


def check(response):
    """The status of an answer that is as described."""
    assert response.status_code in (200, 413, 415, 422), response.text
    answer = json.loads(response.content.decode("utf-8"), parse_constant=pytest.fail)
    if response.status_code != 200:
        assert set(answer) == {"detail", "row", "column"}
        assert answer["detail"]
    return response.status_code


@patient
@given(
    st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8")))
)
def test_any_bytes(mixed, body):
    for kind in ("application/json", "text/csv"):
        check(mixed.post(body, {"content-type": kind}))


@patient
@given(anything)
def test_any_json(mixed, value):
    check(mixed.post(json.dumps(value)))


@patient
@given(st.lists(whole_rows, max_size=4))
def test_rows_are_answered_as_the_student_answers_them_or_refused(mixed, mixed_student, rows):
    response = mixed.post(json.dumps(rows))
    status = check(response)
    try:
        expected = mixed_student.predict_proba(rows)
    except DataError:
        assert status == 422
        assert response.json()["row"] is not None
        assert response.json()["column"] is not None
    else:
        assert status == 200
        assert response.json()["probabilities"] == expected.tolist()


@patient
@given(st.lists(st.lists(st.text(max_size=4), min_size=6, max_size=6), max_size=3))
def test_csv_cells_are_read_as_text(mixed, mixed_student, table):
    frame = pd.DataFrame(table, columns=[f"column {j}" for j in range(6)])
    try:
        body = frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8")
    except UnicodeEncodeError:
        return
    response = mixed.post(body, {"content-type": "text/csv"})
    if check(response) == 200:
        expected = mixed_student.predict_proba(frame.to_dict("records"))
        assert response.json()["probabilities"] == expected.tolist()


@patient
@given(st.text(max_size=20))
def test_any_query(mixed, row, query):
    check(mixed.request("POST", "/predict", params={"threshold": query}, json=row))
    check(mixed.request("POST", "/predict", params={query: "1"}, json=row))


@pytest.mark.parametrize("name", ODD, ids=lambda name: ascii(name[:9]))
def test_odd_names_levels_and_labels(name, fitted, serve):
    table = pd.DataFrame({name: [0.0, 1.0, 2.0, 3.0] * 6, "c": [name, "b", name, "c"] * 6})
    label = f"{name}."
    student = fitted(table, np.array([label, "other"] * 12))
    client = serve(student)
    schema = client.get("/schema").json()
    assert schema["example"] == {name: 0, "c": name}
    document = client.get("/openapi.json").json()
    assert name in document["components"]["schemas"]["Row"]["properties"]
    rows = [{name: 1, "c": "b"}, schema["example"]]
    answer = client.post(json.dumps(rows)).json()
    assert answer["labels"] == student.predict(rows).tolist()
    assert label in answer["classes"]
    assert client.refused(json.dumps({name: "abc", "c": None})).column == name
    assert client.refused("{}").column == name
    csv = pd.DataFrame(rows).to_csv(index=False, lineterminator="\r\n")
    assert client.post(csv, {"content-type": "text/csv"}).json() == answer
    assert client.get("/metrics").status_code == client.get("/health").status_code == 200


def test_a_lone_surrogate_in_a_name_is_escaped(fitted, serve):
    name = "a\ud800"
    table = [{"n": 0.0, "c": name}, {"n": 1.0, "c": "b"}] * 10
    client = serve(fitted(table, np.array([name, "other"] * 10, dtype=object)))
    assert client.post('{"n": 0, "c": "b"}').json()["classes"] == [name, "other"]
    assert client.get("/openapi.json").status_code == client.get("/schema").status_code == 200
