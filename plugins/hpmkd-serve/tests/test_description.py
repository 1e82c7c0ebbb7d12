"""/schema, /openapi.json, /health and /metrics tell the truth about the student that answers."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hpmkd.student import Student
from hpmkd.testing.students import EVERY_KIND, known_student


@pytest.fixture
def dated(fitted):
    """A student of a day, a moment, a number, and categories of few, many and no levels."""
    n = 300
    table = pd.DataFrame(
        {
            "day": pd.date_range("2020-01-01", periods=n).strftime("%Y-%m-%d"),
            "moment": pd.date_range("2020-01-01", periods=n, freq="7h"),
            "number": np.linspace(2, 4, n),
            "few": ["1", "0"] * (n // 2),
            "many": [f"level {j}" for j in range(n)],
            "none": np.full(n, None, dtype=object),
        }
    )
    return fitted(table, np.arange(n) % 2), table


def metrics_of(client):
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


@pytest.mark.parametrize("family", EVERY_KIND)
def test_the_examples_work_as_they_are(family, serve):
    client = serve(known_student(family, "wine", True))
    schema = client.get("/schema").json()
    row = client.get("/openapi.json").json()["components"]["schemas"]["Row"]
    assert schema["example"] == row["example"]
    answer = client.post(json.dumps(schema["example"]))
    assert answer.status_code == 200
    assert client.post(json.dumps([row["example"]])).json()["labels"] == [answer.json()["label"]]


def test_numbers_of_the_example_are_from_the_middle_of_training(dated, serve):
    student, table = dated
    plain = serve(student).get("/schema").json()["example"]
    assert plain["number"] == 0
    sketched = serve(student.with_sketch(table)).get("/schema").json()["example"]
    assert 2.5 < sketched["number"] < 3.5
    assert sketched["day"].startswith("2020-0")
    assert plain["few"] == "0"
    assert plain["none"] is None


def test_columns_have_types_in_openapi(dated, serve):
    document = serve(dated[0]).get("/openapi.json").json()
    row = document["components"]["schemas"]["Row"]
    assert row["required"] == list(row["properties"])
    cells = row["properties"]
    assert cells["number"] == {"type": ["number", "null"]}
    assert cells["day"] == {"type": ["string", "null"], "format": "date"}
    assert cells["moment"] == {"type": ["string", "null"], "format": "date-time"}
    assert cells["few"]["enum"] == ["0", "1", None]
    assert cells["many"] == cells["none"] == {"type": ["string", "null"]}


def test_openapi_is_whole(mixed):
    document = mixed.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {"/predict", "/schema", "/health", "/metrics"}
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    references = [
        line.split('"')[3]
        for line in json.dumps(document, indent=1).split("\n")
        if '"$ref"' in line
    ]
    assert set(references) == names
    label = document["components"]["schemas"]["Answer"]["properties"]["label"]
    assert label == {"type": "string", "enum": ["left", "middle"]}


def test_the_schema_is_that_of_the_student(dated, serve):
    student = dated[0]
    client = serve(Student(student.encoder, student.model, student.classes, {"alpha": 0.5}))
    schema = client.get("/schema").json()
    assert [each["name"] for each in schema["columns"]] == list(student.encoder.schema.names)
    assert [each["kind"] for each in schema["columns"]][:3] == ["datetime", "datetime", "number"]
    assert schema["columns"][3]["categories"] == ["0", "1"]
    assert schema["classes"] == [0, 1]
    assert schema["facts"] == {"alpha": 0.5}
    assert schema["sha256"] == client.get("/health").json()["sha256"]


def test_requests_rows_and_errors_are_counted(mixed, row):
    mixed.post(json.dumps(row))
    mixed.post(json.dumps([row] * 7))
    mixed.refused("[")
    mixed.refused("[", {"content-type": "x"}, status=415)
    mixed.get("/nowhere")
    mixed.get("/nowhere/else")
    found = metrics_of(mixed)
    assert found["hpmkd_requests_total", "/predict", "200"] == 2
    assert found["hpmkd_requests_total", "/predict", "422"] == 1
    assert found["hpmkd_requests_total", "other", "404"] == 2
    assert found["hpmkd_errors_total", "415"] == 1
    assert found["hpmkd_errors_total", "404"] == 2
    assert found["hpmkd_rows_total",] == 8
    assert found["hpmkd_request_seconds_count", "/predict"] == 4
    assert found["hpmkd_request_seconds_bucket", "+Inf", "/predict"] == 4


@pytest.mark.parametrize("path", ["/health", "/schema", "/metrics"])
def test_the_head_alone_can_be_asked(mixed, path):
    assert mixed.request("HEAD", path).status_code == 200


def test_metrics_name_the_student_and_when_it_was_loaded(mixed):
    health = mixed.get("/health").json()
    assert health["status"] == "ok"
    found = metrics_of(mixed)
    assert found["hpmkd_student_info", "6 trees", health["sha256"]] == 1
    assert 0 < found["hpmkd_student_load_seconds",] < 600
    assert abs(found["hpmkd_student_loaded_timestamp_seconds",] - time.time()) < 600
    assert found["hpmkd_student_file_refused",] == 0


def test_answers_say_which_student_gave_them(mixed, row):
    told = mixed.post(json.dumps(row)).headers["x-hpmkd-student"]
    assert told == mixed.get("/health").json()["sha256"]


def test_a_fault_of_the_server_is_a_500_in_json_and_counted(mixed, row, monkeypatch):
    monkeypatch.setattr("hpmkd_serve.served.ServedStudent.answer", lambda *_: 1 / 0)
    mixed.transport.raise_app_exceptions = False
    response = mixed.post(json.dumps(row))
    assert response.status_code == 500
    assert "ZeroDivisionError" in response.json()["detail"]
    assert metrics_of(mixed)["hpmkd_errors_total", "500"] == 1
