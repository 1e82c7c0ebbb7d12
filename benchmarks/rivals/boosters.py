"""The usual alternatives: boosters on hard labels, and naive distillation into one.

All get the columns as codes and numbers (the engine's encoder for trees), on one thread, and
everything else at the libraries' defaults. Their row time is that of one encoded row, in their
favour; their size is their own file (UBJ of XGBoost, text of LightGBM).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from benchmarks.common.rivals import tuned_xgboost
from benchmarks.common.timing import clocked_cpu
from benchmarks.rivals.measured import Measured
from benchmarks.students.data import Problem
from hpmkd.student.encoders.sklearn import TableEncoder

TRIALS = 40
#: Rounds at most, and rounds without a gain on the 25 % that are held out, after which one stops.
ROUNDS, PATIENCE, HELD = 2000, 50, 0.25
#: Single rows that are timed, of so many different ones; the fastest tenth counts.
CALLS, ROWS = 400, 64


def tuned(table: Any, labels: np.ndarray, seed: int):
    """Return an encoder and XGBoost tuned by Optuna on hard labels."""
    found = tuned_xgboost(table, labels, seed, TRIALS)
    return found.named_steps["encoder"], found.named_steps["model"], TRIALS + 1, 0


def xgboost_model(table: Any, labels: np.ndarray, seed: int, stops: bool):
    """Return an encoder and XGBoost at its defaults."""
    encoder, matrix = encoded(table)
    stopping = {"n_estimators": ROUNDS, "early_stopping_rounds": PATIENCE} if stops else {}
    model = xgboost.XGBClassifier(**stopping, n_jobs=1, random_state=seed)
    if not stops:
        return encoder, model.fit(matrix, labels), 1, 0
    seen, held, seen_labels, held_labels = divided(matrix, labels, seed)
    model.fit(seen, seen_labels, eval_set=[(held, held_labels)], verbose=False)
    return encoder, model, 1, 0


def lightgbm_model(table: Any, labels: np.ndarray, seed: int, stops: bool):
    """Return an encoder and LightGBM at its defaults."""
    encoder, matrix = encoded(table)
    rounds = {"n_estimators": ROUNDS} if stops else {}
    model = lightgbm.LGBMClassifier(**rounds, n_jobs=1, random_state=seed, verbose=-1)
    if not stops:
        return encoder, model.fit(matrix, labels), 1, 0
    seen, held, seen_labels, held_labels = divided(matrix, labels, seed)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    model.fit(seen, seen_labels, eval_set=[(held, held_labels)], callbacks=[stop])
    return encoder, model, 1, 0


class Naive:
    """One booster on cross-entropy with the soft labels of a forest that has seen the rows."""

    def __init__(self, seed: int) -> None:
        self.model = xgboost.XGBRegressor(objective="reg:logistic", n_jobs=1, random_state=seed)

    def fit(self, matrix: np.ndarray, soft_labels: np.ndarray) -> Naive:
        """Fit one output per class; one alone where there are two."""
        binary = soft_labels.shape[1] == 2
        self.model.fit(matrix, soft_labels[:, 1] if binary else soft_labels)
        return self

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        """Return probabilities of shape (n, K)."""
        predicted = self.model.predict(matrix).astype(np.float64)
        if predicted.ndim == 1:
            return np.column_stack((1 - predicted, predicted))
        return predicted / predicted.sum(axis=1, keepdims=True)


def naive(table: Any, labels: np.ndarray, seed: int):
    """Return an encoder and a booster fitted to a forest's predictions for its training rows."""
    encoder, matrix = encoded(table)
    teacher = RandomForestClassifier(n_jobs=1, random_state=seed).fit(matrix, labels)
    return encoder, Naive(seed).fit(matrix, teacher.predict_proba(matrix)), 1, 1


Fit = Callable[[Any, np.ndarray, int], tuple[Any, Any, int, int]]
BOOSTERS: dict[str, Fit] = {
    "rival": tuned,
    "xgboost": partial(xgboost_model, stops=False),
    "xgboost stopped": partial(xgboost_model, stops=True),
    "lightgbm": partial(lightgbm_model, stops=False),
    "lightgbm stopped": partial(lightgbm_model, stops=True),
    "naive distillation": naive,
}


def measured(fit: Fit, problem: Problem) -> Measured:
    """Fit a model on the training rows and measure it on the test rows."""
    rows = problem.training
    seconds, (encoder, model, models, teachers) = clocked_cpu(
        lambda: fit(rows.table, rows.labels, problem.seed)
    )
    matrix = encoder.transform(problem.test.table)
    predicted = np.asarray(model.predict_proba(matrix), dtype=np.float64)
    row_us = encoded_row_us(model.predict_proba, matrix)
    return Measured(predicted, n_bytes(model), row_us, seconds, models, teachers)


def encoded(table: Any) -> tuple[TableEncoder, np.ndarray]:
    """Return an encoder, and the table by it."""
    encoder = TableEncoder("tree").fit(table)
    return encoder, encoder.transform(table)


def divided(matrix: np.ndarray, labels: np.ndarray, seed: int):
    """Return rows to fit on, rows to stop by, and the labels of both."""
    return train_test_split(matrix, labels, test_size=HELD, stratify=labels, random_state=seed)


def n_bytes(model: Any) -> int:
    """Return the size of a booster's own file."""
    if isinstance(model, lightgbm.LGBMClassifier):
        return len(model.booster_.model_to_string().encode())
    fitted = model.model if isinstance(model, Naive) else model
    booster = fitted.get_booster()
    if fitted.early_stopping_rounds is not None:
        booster = booster[: fitted.best_iteration + 1]
    return len(booster.save_raw("ubj"))


def encoded_row_us(predict_proba: Callable[[np.ndarray], Any], matrix: np.ndarray) -> float:
    """Return the microseconds of one row that is encoded already: a tenth of the calls is so."""
    rows = [matrix[at : at + 1] for at in range(min(ROWS, len(matrix)))]
    spent = []
    for call in range(CALLS):
        row = rows[call % len(rows)]
        start = time.perf_counter()
        predict_proba(row)
        spent.append(time.perf_counter() - start)
    return 1e6 * float(np.quantile(spent, 0.1))
