"""Whole runs on columns of dates and times: typed, as text, in arrays, through the shell."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import hpmkd
from hpmkd.cli import cli
from hpmkd.testing.datasets import dated

LIGHT = {
    "sampler.name": "grid",
    "sampler.trials": 1,
    "search.alphas.self": [0.0, 0.5],
    "budget.models": 0,
    "pipeline.start_seconds": 0,
    "split.folds": 3,
    "cache": "memory",
    "stages": ["logistic", "tree", "gbm"],
    "extra.rows": 1.0,
}
AT_FIRST = {"x": 1.0, "when": "2023-03-04T10:00Z", "job": "a", "until": None}


def distil(X, y, augmenter="munge", **more):
    settings = {**LIGHT, "augmenter.name": augmenter}
    return hpmkd.distill(X, y, settings=settings, seed=0, **more)


def as_text(frame):
    text = {name: frame[name].map(lambda cell: cell.isoformat()) for name in ("when", "until")}
    return frame.assign(**text)


@pytest.mark.parametrize("augmenter", ["munge", "mixup"])
def test_typed_dates_and_text_give_the_same_students(augmenter):
    frame, target = dated()
    frame = frame.dropna().reset_index(drop=True)
    target = target[: len(frame)]
    typed, text = (distil(X, target, augmenter) for X in (frame, as_text(frame)))
    assert typed.knowledge.extra_rows["synthetic"] > 0
    assert [each.kind for each in typed.student.encoder.schema.columns][1] == "datetime"
    for name, student in typed.students.items():
        other = text.students[name]
        assert other.encoder.schema == student.encoder.schema
        assert len({student.predict_one(AT_FIRST), other.predict_one(AT_FIRST)}) == 1


def test_a_pipeline_is_given_the_dates_as_they_came():
    frame, target = dated()
    seen = []

    def numbers(table):
        seen.extend(table.dtypes.astype(str))
        return table.apply(lambda cells: cells.dt.day).fillna(0)

    read = make_column_transformer(
        (FunctionTransformer(numbers), ["when", "until"]), ("passthrough", ["x"])
    )
    found = distil(frame, target, teacher=make_pipeline(read, RandomForestClassifier(10)))
    assert set(seen) == {"datetime64[us]"}
    assert found.student.predict_one(AT_FIRST) in (False, True)


def test_a_lone_column_of_an_array_is_distilled():
    frame, target = dated()
    when = frame[["until"]].to_numpy().astype("datetime64[ns]")
    student = distil(when, target).student
    assert student.encoder.schema.columns[0].kind == "datetime"
    assert student.predict_one({"x0": when[0, 0]}) == student.predict(when)[0]


def test_the_command_line_reads_dates(tmp_path):
    frame, target = dated()
    data = tmp_path / "rows.csv"
    as_text(frame.fillna({"when": pd.Timestamp("2023-01-01")})).assign(y=target).to_csv(
        data, index=False
    )
    run = tmp_path / "run"
    settings = [f"--set={name}={value}" for name, value in LIGHT.items() if name != "stages"]
    arguments = ["distill", str(data), "--target", "y", "--out", str(run), *settings]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    explained = CliRunner().invoke(cli, ["explain", str(run), "--student", "logistic"]).output
    assert "sine of month of when" in explained
    assert " days after 2023-" in explained
    spaced = tmp_path / "spaced.csv"
    spaced.write_text(data.read_text().replace("T", " ").replace(" rue", "True"))
    answers = [
        CliRunner().invoke(cli, ["predict", str(run), str(path)]).output for path in (data, spaced)
    ]
    assert answers[0] == answers[1]
    bad = tmp_path / "bad.csv"
    bad.write_text("x,when,job,until\n1,soon,a,2023-01-01\n")
    refused = CliRunner().invoke(cli, ["predict", str(run), str(bad)])
    assert refused.exit_code == 3
    assert "'when' holds 'soon'" in refused.output
