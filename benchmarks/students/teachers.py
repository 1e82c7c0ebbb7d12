"""The teachers of a draw: cross-fitted in five folds, fused, cached in files.

Teachers fitted without fold k label the extra rows for students that fold k judges; the rows that
an augmenter made for them are made of the other folds alone. So no student judged on fold k has
seen it: only the temperatures and weights of the fuser have, which are fitted on the out-of-fold
answers of all rows. The final student learns from extra rows made of all training rows, labelled
by the mean of the fold models.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from benchmarks.students.answers import Answer
from benchmarks.students.data import Problem
from hpmkd.data import splits
from hpmkd_defaults.augmenters.munge import Munge
from hpmkd_defaults.fusers.two_pools import PoolFuser
from hpmkd_defaults.teachers.panel import FullPanel

FOLDS = 5
#: Rows made per training row, and at most: as the default recipe does.
MADE_PER_ROW, MOST_MADE = 5, 100_000
#: The part of a name in the cache that stands for all training rows.
WHOLE = "whole"


class Clock:
    """CPU seconds by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """Add what a block takes."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + time.process_time() - start


@dataclass(frozen=True)
class Labels:
    """What the fused teachers of a draw predict, as probabilities.

    Parameters
    ----------
    out_of_fold : ndarray of shape (n, K)
        Of the training rows.
    test : ndarray of shape (m, K)
        Of the test rows, by the mean of the fold models: to report how good they are.
    extra : mapping of (str, int or None) to ndarray of shape (e, K)
        Of extra rows, by kind (``made`` or ``real``) and the fold whose rows the teachers have
        not seen; None is the mean of all fold models.
    seconds : mapping of str to float
        CPU time: ``fit`` of teachers and fuser and their answers to the training rows, ``made``
        and ``real`` of the answers to extra rows.
    """

    out_of_fold: np.ndarray
    test: np.ndarray
    extra: Mapping[tuple[str, int | None], np.ndarray]
    seconds: Mapping[str, float]


class Teachers:
    """A draw, its folds, its extra rows, and what the teachers predict for all of them."""

    def __init__(self, problem: Problem, folder: Path) -> None:
        self.problem = problem
        self.fold_of_row = splits.folds(problem.training.labels, FOLDS, problem.seed)
        name = "-".join(map(str, problem.key))
        self._file = folder / "teachers" / f"{name}.npz"

    def fold(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the rows to fit on, and of those that judge."""
        return np.flatnonzero(self.fold_of_row != fold), np.flatnonzero(self.fold_of_row == fold)

    def extra_table(self, kind: str, fold: int | None) -> Any:
        """Return the extra rows of a kind, raw; made ones follow from the rows and the seed."""
        if kind == "real":
            return self.problem.real
        rows = self.problem.training
        table = rows.table if fold is None else rows.rows(self.fold(fold)[0]).table
        n = min(MADE_PER_ROW * len(table), MOST_MADE)
        return Munge().rows(table, n, np.random.default_rng(self.problem.seed))

    @cached_property
    def labels(self) -> Labels:
        """What the teachers predict; computed once, then read from the file."""
        if not self._file.exists():
            self._write(self._predicted())
        with np.load(self._file) as arrays:
            extra = {
                (kind, None if at == WHOLE else int(at)): arrays[f"{kind}-{at}"]
                for kind in ("made", "real")
                for at in (*map(str, range(FOLDS)), WHOLE)
            }
            seconds = {what: float(arrays[f"seconds-{what}"]) for what in ("fit", "made", "real")}
            return Labels(arrays["out_of_fold"], arrays["test"], extra, seconds)

    @property
    def answer(self) -> Answer:
        """The fused teachers as an arm: out of fold, and of the test rows."""
        labels = self.labels
        spent = {f"{kind}_seconds": labels.seconds[kind] for kind in ("made", "real")}
        spent["n_classes"] = self.problem.n_classes
        test, out_of_fold = normalised(labels.test), normalised(labels.out_of_fold)
        return Answer(test, 0, labels.seconds["fit"], out_of_fold, facts=spent)

    def _write(self, arrays: Mapping[str, Any]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(f".{os.getpid()}.tmp.npz")
        np.savez_compressed(partial, **arrays)
        partial.replace(self._file)

    def _predicted(self) -> dict[str, Any]:
        """Fit every member in every fold, then the fuser; return its answers by name."""
        rows, clock = self.problem.training, Clock()
        with clock("made"):
            made = {at: self.extra_table("made", at) for at in (*range(FOLDS), None)}
        with clock("fit"):
            members = FullPanel().members(rows.facts, self.problem.seed)
        predicted: dict[str, list[np.ndarray]] = {}
        for member in members.values():
            for name, answers in self._cross_fitted(member, made, clock).items():
                predicted.setdefault(name, []).append(answers)
        with clock("fit"):
            out_of_fold = np.stack(predicted["out_of_fold"])
            fuser = PoolFuser().fit(out_of_fold, rows.labels, rows.table)
        fused = {
            name: fuser.fuse(np.stack(each), None).probabilities.astype(np.float32)
            for name, each in predicted.items()
        }
        return fused | {f"seconds-{what}": spent for what, spent in clock.seconds.items()}

    def _cross_fitted(self, member: Any, made: Mapping[int | None, Any], clock: Clock):
        """Return the answers of one member by name: out of fold, or of the mean of its models."""
        problem, rows = self.problem, self.problem.training
        found = {
            "out_of_fold": np.empty((len(rows), problem.n_classes)),
            "test": np.zeros((len(problem.test), problem.n_classes)),
            f"made-{WHOLE}": np.zeros((len(made[None]), problem.n_classes)),
            f"real-{WHOLE}": np.zeros((len(problem.real), problem.n_classes)),
        }
        for fold in range(FOLDS):
            fitted, held = self.fold(fold)
            with clock("fit"):
                part = rows.rows(fitted)
                model = clone(member).fit(part.table, part.labels)
                found["out_of_fold"][held] = answers(model, rows.rows(held).table, problem)
            found["test"] += answers(model, problem.test.table, problem) / FOLDS
            with clock("made"):
                found[f"made-{fold}"] = answers(model, made[fold], problem)
                found[f"made-{WHOLE}"] += answers(model, made[None], problem) / FOLDS
            with clock("real"):
                found[f"real-{fold}"] = answers(model, problem.real, problem)
                found[f"real-{WHOLE}"] += found[f"real-{fold}"] / FOLDS
        return found


def answers(model: Any, table: Any, problem: Problem) -> np.ndarray:
    """Return probabilities with a column for every class, of shape (n, K)."""
    predicted = np.zeros((len(table), problem.n_classes))
    predicted[:, model.classes_] = model.predict_proba(table)
    return predicted


def normalised(probabilities: np.ndarray) -> np.ndarray:
    """Return rows that sum to 1 in float64: files have single precision."""
    exact = probabilities.astype(np.float64)
    return exact / exact.sum(axis=1, keepdims=True)
