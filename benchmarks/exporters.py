"""Measure exported students: size of the files, time and parity in onnxruntime.

Run ``python benchmarks/exporters.py --markdown docs/exporters.md``. One thread; CPU times of the
one thread at work, medians of contestants that take turns. The students are what the stage
``xgboost`` makes of two sets; the arrays that onnxruntime is fed with are made beforehand.
"""

from __future__ import annotations

import os

# Before NumPy loads its BLAS.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import json
from pathlib import Path

import click
import numpy as np
import onnxruntime
from data import load
from kernels import milliseconds
from rich.console import Console
from rich.table import Table

import hpmkd
from hpmkd_defaults.exporters.json import to_json
from hpmkd_defaults.exporters.onnx import to_onnx
from hpmkd_defaults.exporters.onnx_parity import feed_of

SETS = ("breast_cancer", "digits")
CALLS = 200
BATCH = 10_000
MARK = "<!-- measured: what follows is written by benchmarks/exporters.py -->\n"
HEADER = ("set", "K", "columns", "trees", ".hpmkd bytes", ".onnx bytes", "with one input")
HEADER += (".json bytes", "one row µs", "with one input µs", f"{BATCH:,} rows ms", "ns per row")
HEADER += ("differs by",)
PREFACE = """
## Measured

Written by `python benchmarks/exporters.py --markdown docs/exporters.md`: onnxruntime {version} on
one thread, CPU time, medians, shared machine; arrays made beforehand, one input per column unless
said otherwise. *differs by*: the largest difference of a probability on all real rows.
"""


def session_of(content: bytes) -> onnxruntime.InferenceSession:
    """Return a session of one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def ask(content: bytes, rows, calls: int = 1):
    """Return a function that asks onnxruntime about the same rows, over and over."""
    session = session_of(content)
    columns = json.loads(session.get_modelmeta().custom_metadata_map["hpmkd.columns"])
    feed = feed_of(rows, columns)

    def asked():
        for _ in range(calls):
            answer = session.run(["label", "probabilities"], feed)
        return answer[1]

    return asked


def cells(name: str, repeats: int) -> tuple[str, ...]:
    """Distil one student, export it, measure, and write that as a row of the table."""
    table, labels = load(name)
    settings = {"sampler.trials": 1, "memory": "none"}
    student = hpmkd.distill(
        table, labels, student="xgboost", teacher="quick", settings=settings
    ).student
    files = {form: to_onnx(student, form).SerializeToString() for form in ("columns", "matrix")}
    many = table.iloc[np.resize(np.arange(len(table)), BATCH)]
    one = table.iloc[:1]
    contestants = [ask(content, one, CALLS) for content in files.values()]
    times = milliseconds((*contestants, ask(files["columns"], many)), repeats)
    difference = np.abs(ask(files["columns"], table)() - student.predict_proba(table)).max()
    return (
        name, str(len(student.classes)), str(table.shape[1]), str(student.model.n_trees),
        f"{student.n_bytes:,}", *(f"{len(content):,}" for content in files.values()),
        f"{len(to_json(student).encode()):,}", *(f"{1e3 * each / CALLS:.1f}" for each in times[:2]),
        f"{times[2]:.1f}", f"{1e6 * times[2] / BATCH:.0f}", f"{difference:.0e}",
    )  # fmt: skip


@click.command()
@click.option("--repeats", default=15, show_default=True, help="Measured rounds per line.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the table into this page.")
def main(repeats: int, markdown: Path | None) -> None:
    """Measure the exported students of two sets."""
    lines = [cells(name, repeats) for name in SETS]
    table = Table(*HEADER)
    for line in lines:
        table.add_row(*line)
    # A pipe has no width of its own; 200 columns keep the table whole there.
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    console.print(table)
    if markdown is not None:
        before, mark, _ = markdown.read_text("utf-8").partition(MARK)
        rows = [HEADER, ("---",) * len(HEADER), *lines]
        written = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        preface = PREFACE.format(version=onnxruntime.__version__)
        markdown.write_text(f"{before}{mark}{preface}\n{written}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
