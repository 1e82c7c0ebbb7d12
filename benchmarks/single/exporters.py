"""Exported students: size of the files, time and parity in onnxruntime.

Run ``python -m benchmarks exporters --markdown docs/exporters.md``. One thread; CPU times, medians
of contestants that take turns. The students are those of the stage
``xgboost`` on two sets; the input arrays of onnxruntime are made beforehand.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import onnxruntime

import hpmkd
from benchmarks.common.datasets import load
from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from benchmarks.common.timing import milliseconds
from hpmkd_defaults.exporters.json.exporter import to_json
from hpmkd_defaults.exporters.onnx.parity import feed_of
from hpmkd_defaults.exporters.onnx.student import to_onnx

SETS = ("breast_cancer", "digits")
CALLS = 200
BATCH = 10_000
PAGE = Path(__file__).with_suffix(".md")
HEADER = ("set", "K", "columns", "trees", ".hpmkd bytes", ".onnx bytes", "with one input")
HEADER += (".json bytes", "one row µs", "with one input µs", f"{BATCH:,} rows ms", "ns per row")
HEADER += ("differs by",)


def session_of(content: bytes) -> onnxruntime.InferenceSession:
    """Return a session of one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def predicting(content: bytes, rows, calls: int = 1):
    """Return a function that predicts the same rows in onnxruntime, over and over."""
    session = session_of(content)
    columns = json.loads(session.get_modelmeta().custom_metadata_map["hpmkd.columns"])
    feed = feed_of(rows, columns)

    def predict():
        for _ in range(calls):
            answer = session.run(["label", "probabilities"], feed)
        return answer[1]

    return predict


def cells(name: str, repeats: int) -> tuple[str, ...]:
    """Distil one student, export it, measure, and write that as a row of the table."""
    table, labels = load(name)
    settings = {"sampler.trials": 1, "memory": "none", "cache.disk": False}
    student = hpmkd.distill(
        table, labels, student="xgboost", teacher="quick", settings=settings
    ).student
    files = {form: to_onnx(student, form).SerializeToString() for form in ("columns", "matrix")}
    many = table.iloc[np.resize(np.arange(len(table)), BATCH)]
    one = table.iloc[:1]
    contestants = [predicting(content, one, CALLS) for content in files.values()]
    times = milliseconds((*contestants, predicting(files["columns"], many)), repeats)
    difference = np.abs(predicting(files["columns"], table)() - student.predict_proba(table)).max()
    return (
        name, str(len(student.classes)), str(table.shape[1]), str(student.model.n_trees),
        f"{student.n_bytes:,}", *(f"{len(content):,}" for content in files.values()),
        f"{len(to_json(student).encode()):,}", *(f"{1e3 * each / CALLS:.1f}" for each in times[:2]),
        f"{times[2]:.1f}", f"{1e6 * times[2] / BATCH:.0f}", f"{difference:.0e}",
    )  # fmt: skip


@click.command()
@click.option("--repeats", default=15, show_default=True, help="Measured rounds per line.")
@page_option
def main(repeats: int, markdown: Path | None) -> None:
    """Measure the exported students of two sets."""
    lines = [cells(name, repeats) for name in SETS]
    table = console_tables([("", HEADER, lines)]).strip()
    if markdown is not None:
        text = filled(PAGE, version=onnxruntime.__version__, table=table)
        replace_measured(markdown, "exporters", text)
