"""MLflow's own server answers with a student: a process of its own, asked over HTTP."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hpmkd_mlflow
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import fitted_student

requests = pytest.importorskip("requests", reason="pip install mlflow-skinny")
SECONDS_TO_START = 120
DATES = ("when", "until")

# MLflow compares a range with the columns of its example.
pytestmark = pytest.mark.filterwarnings("ignore:Operation with range is deprecated")


@pytest.fixture(scope="module")
def problem():
    """A pool on numbers, moments, truth values and categories, and its rows."""
    frame, target = dated()
    frame = frame.assign(n=np.arange(len(frame)), b=frame["x"] > 0)
    return fitted_student("pooled", frame, np.where(target, "yes", "no")), frame


@pytest.fixture(scope="module")
def server(mlflow, problem, tmp_path_factory):
    """``mlflow models serve`` of that student; yields its address."""
    folder = tmp_path_factory.mktemp("served")
    hpmkd_mlflow.save_model(problem[0], folder / "student")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "student")]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # uvicorn is there
    paths = os.pathsep.join(each for each in sys.path if each)
    own = {"PATH": path, "PYTHONPATH": paths, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=os.environ | own, stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(process, f"{address}/ping", folder / "log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait_for(process, url, log):
    """Return when a server answers."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text('utf-8')}")


def ask(server, body, content_type="application/json"):
    """Return status and content of the answer to a request."""
    headers = {"Content-Type": content_type}
    text = body if isinstance(body, str) else json.dumps(body)
    found = requests.post(f"{server}/invocations", text, headers=headers, timeout=60)
    return found.status_code, found.json()


def split(frame):
    """Return rows as JSON has them, all digits of numbers, moments as text, None if missing."""
    cells = frame.astype(object).where(frame.notna(), None)
    moments = {name: cells[name].map(lambda each: each and each.isoformat()) for name in DATES}
    return {"columns": list(frame), "data": cells.assign(**moments).to_numpy().tolist()}


def assert_answers(found, student, rows):
    status, content = found
    assert status == 200, content
    answers = pd.DataFrame(content["predictions"])
    expected = student.predict_proba(rows)
    assert list(answers.columns) == ["label", "probability_no", "probability_yes"]
    assert answers.iloc[:, 1:].to_numpy().tobytes() == expected.tobytes()
    assert answers["label"].tolist() == student.predict(rows).tolist()


def test_columns_and_rows(server, problem):
    student, frame = problem
    assert_answers(ask(server, {"dataframe_split": split(frame)}), student, frame)


def test_records_and_instances(server, problem):
    student, frame = problem
    records = [dict(zip(frame, row, strict=True)) for row in split(frame.head(30))["data"]]
    for form in ("dataframe_records", "instances"):
        assert_answers(ask(server, {form: records}), student, frame.head(30))
    one_row = ask(server, {"dataframe_records": records[:1]})
    assert_answers(one_row, student, frame.head(1))


def test_csv(server, problem):
    student, frame = problem
    text = frame.to_csv(index=False)
    read = pd.read_csv(io.StringIO(text))
    assert_answers(ask(server, text, "text/csv"), student, read)
    np.testing.assert_array_equal(student.predict_proba(read), student.predict_proba(frame))


def test_missing_and_unseen_cells_are_answered(server, problem):
    student, frame = problem
    nothing = dict.fromkeys(frame)
    rows = [nothing, {**nothing, "job": "never seen"}, {**nothing, "when": "2022-03-01T10:00"}]
    for form in ("dataframe_records", "instances"):
        assert_answers(ask(server, {form: rows}), student, pd.DataFrame(rows))
    # Python writes NaN into JSON, and reads it.
    rows = [{**row, "x": float("nan")} for row in rows]
    assert_answers(ask(server, {"dataframe_records": rows}), student, pd.DataFrame(rows))


def test_the_output_may_be_named(server, problem):
    student, frame = problem
    body = {"dataframe_split": split(frame.head(5))}
    _, labels = ask(server, {**body, "params": {"output": "label"}})
    assert labels["predictions"] == student.predict(frame.head(5)).tolist()
    _, shares = ask(server, {**body, "params": {"output": "probabilities"}})
    assert shares["predictions"] == student.predict_proba(frame.head(5)).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": "many"}, "column 'x' holds 'many', expected numbers"),
        ({"when": "soon"}, "column 'when'"),
        ({"x": ...}, "lacks the columns 'x'"),
    ],
    ids=["text", "no date", "no column"],
)
def test_bad_rows_are_400_with_a_reason(server, problem, change, message):
    row = dict.fromkeys(problem[1]) | change
    row = {name: cell for name, cell in row.items() if cell is not ...}
    for body in ({"dataframe_records": [row]}, {"instances": [row]}):
        status, content = ask(server, body)
        assert status == 400
        assert message in content["message"]


@pytest.mark.parametrize("body", ["[1, 2", "{}", '{"rows": []}', "[[1]]"])
def test_bad_requests_are_400(server, body):
    status, _ = ask(server, body)
    assert status == 400


def test_an_unknown_output_is_400(server, problem):
    row = dict.fromkeys(problem[1])
    status, content = ask(server, {"dataframe_records": [row], "params": {"output": "all"}})
    assert status == 400
    assert "expected one of both, label, probabilities" in content["message"]
