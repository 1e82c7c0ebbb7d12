"""Timed predictions: single rows, mappings, tables; contestants take turns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numba import njit

from benchmarks.common.timing import milliseconds
from benchmarks.predict.models import Models
from hpmkd.kernels.packed import row_kernel

ROWS = 512  # so many different ones that no branch predictor knows them by heart
FEW = 64  # for those who take a hundred times longer
MANY = 100_000
MANY_TIMES = ("ours", "empty", "arrays")  # contestants that predict 512 rows


def each(call: Callable[[Any], Any], rows: Iterable[Any]) -> Callable[[], None]:
    """Return a function that predicts rows one after another."""
    rows = list(rows)

    def ask() -> None:
        for row in rows:
            call(row)

    return ask


def single_rows(models: Models, repeats: int) -> dict[str, float]:
    """Return microseconds per row: an array in, an answer out, Python call included."""
    packed, booster = models.student().packed, models.booster
    rows = [row.copy() for row in models.matrix[:ROWS]]
    tables = [row[np.newaxis] for row in rows[:FEW]]
    out, margins = np.empty(packed.n_classes), np.empty(packed.n_margins)
    words = packed._words
    empty = row_kernel("code", np.float32, hollow(packed.n_columns))

    @njit
    def nothing(row, words):
        return 1

    contestants = {
        "arrays": each(lambda row: nothing(row, words), rows),
        "empty": each(lambda row: empty(row), rows),
        "ours, code": each(packed.code, rows),
        "ours, margins": each(lambda row: packed.margins(row, margins), rows),
        "ours": each(lambda row: packed.probabilities(row, out), rows),
        "XGBoost": each(booster.inplace_predict, tables),
        "scikit-learn": each(models.scikit.predict_proba, tables[:8]),
    }
    for name, ask in models.onnx().items():
        contestants[name] = each(ask, tables)
    lightgbm = models.lightgbm()
    if lightgbm is not None:
        contestants["LightGBM"] = each(lightgbm, tables)
    compiled = models.compiled
    if compiled is not None:
        compiled.check(rows[:FEW], booster.inplace_predict(models.matrix[:FEW]))
        contestants["tl2cgen"] = each(compiled.table, tables)
        contestants["its C alone"] = each(lambda call: call(), compiled.calls(rows[:FEW]))
    return _per_row(contestants, {"scikit-learn": 8}, repeats)


def hollow(n_columns: int) -> Any:
    """Return the words of a student without trees or weights: what a call costs."""
    words = np.zeros(24, dtype=np.uint32)
    words[:2] = n_columns, 1
    return words


def _per_row(
    contestants: dict[str, Callable[[], None]], counts: dict[str, int], repeats: int
) -> dict[str, float]:
    """Return microseconds per row; ours predict 512 rows, others 64."""
    times = milliseconds(tuple(contestants.values()), repeats)
    return {
        name: 1e3 * taken / counts.get(name, ROWS if name.startswith(MANY_TIMES) else FEW)
        for name, taken in zip(contestants, times, strict=True)
    }


def mappings(models: Models, repeats: int) -> dict[str, float]:
    """Return microseconds per row: a dict of plain values in."""
    student = models.student(raw=True)
    frame = models.raw.head(ROWS).astype(object)
    rows = frame.where(frame.notna(), None).to_dict("records")
    encode, booster = student.packed.encode_row, models.booster
    assert [student.predict_one(row) for row in rows] == student.predict(frame).tolist()
    contestants = {
        "ours: predict_one": each(student.predict_one, rows),
        "ours: predict_proba, a list of one": each(lambda row: student.predict_proba([row]), rows),
        "ours, by a frame": each(
            lambda row: student.model.probabilities(student.encoder.transform([row])), rows[:FEW]
        ),
        "XGBoost, on the row that we read": each(
            lambda row: booster.inplace_predict(encode(row)[np.newaxis]), rows[:FEW]
        ),
    }
    exported = _exported(student)
    if exported is not None:
        contestants["onnxruntime, one input per column"] = each(exported, rows[:FEW])
    return _per_row(contestants, {"ours, by a frame": FEW}, repeats)


def _exported(student: Any) -> Callable[[dict[str, Any]], Any] | None:
    """Return a prediction of the exported student for a dict; None without onnxruntime."""
    try:
        import onnx  # noqa: F401 - the exporter needs it
        import onnxruntime
    except ImportError:
        return None
    from hpmkd_defaults.exporters.onnx.student import to_onnx

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = to_onnx(student, "columns").SerializeToString()
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    columns = json.loads(session.get_modelmeta().custom_metadata_map["hpmkd.columns"])

    def ask(row: dict[str, Any]) -> Any:
        feed = {}
        for column in columns:
            cell = row[column["name"]]
            if column["kind"] == "category":
                cell = np.array([[column["missing"] if cell is None else cell]], dtype=object)
            else:
                cell = np.array([[np.nan if cell is None else cell]], dtype=np.float64)
            feed[column["input"]] = cell
        return session.run(["label"], feed)

    return ask


def tables(models: Models, repeats: int) -> dict[str, float]:
    """Return nanoseconds per row of a table of 100,000 rows, float32, probabilities out."""
    student, booster = models.student(), models.booster
    rows = np.resize(models.matrix, (MANY, models.matrix.shape[1]))
    contestants = {
        "ours": lambda: student.predict_proba(rows),
        "XGBoost": lambda: booster.inplace_predict(rows),
    }
    if not models.size.vectors:  # else as many trees as classes a round, for minutes
        contestants["scikit-learn"] = lambda: models.scikit.predict_proba(rows)
    contestants |= {
        name: (lambda ask=ask, given=given: ask(given))
        for (name, ask), given in zip(
            models.onnx().items(), (rows.astype(np.float64), rows), strict=False
        )
    }
    lightgbm = None if models.size.vectors else models.lightgbm()
    if lightgbm is not None:
        contestants["LightGBM"] = lambda: lightgbm(rows)
    compiled = models.compiled
    if compiled is not None:
        contestants["tl2cgen"] = lambda: compiled.table(rows)
    times = milliseconds(tuple(contestants.values()), repeats)
    return {name: 1e6 * taken / MANY for name, taken in zip(contestants, times, strict=True)}
