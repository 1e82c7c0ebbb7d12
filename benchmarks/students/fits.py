"""Fits a candidate: on four folds of five, judged on the fifth, five times; then on all rows.

The rounds are those with the least mean loss over all held rows, and the final student is fitted
on all rows with so many. The engine fits them, with the stages that hpmkd ships.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks.common.engine import active_stages
from benchmarks.students.answers import Answer
from benchmarks.students.candidates import FIXED, FIXED_ROUNDS, STAGES, Candidate
from benchmarks.students.teachers import FOLDS, Teachers, normalised
from hpmkd.data.unlabeled import PseudoLabelledRows
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import Fit, FitContext
from hpmkd_defaults.schedulers.constant import ConstantScheduler


class Fits:
    """Fits candidates on one draw.

    Parameters
    ----------
    teachers : Teachers
        Of the draw.
    """

    def __init__(self, teachers: Teachers) -> None:
        self.teachers, self.rows = teachers, teachers.problem.training
        stages = {
            name: stage.for_data(self.rows.facts) for name, stage in active_stages(STAGES).items()
        }
        self.fitting = FitContext(stages, {}, ConstantScheduler(), teachers.problem.seed)
        # The rows of a draw are encoded once for all candidates.
        self.training = lru_cache(maxsize=None)(self._training)

    def answers(self, name: str, candidate: Candidate) -> dict[str, Answer]:
        """Return the answer of a candidate; where its rounds are also fixed, a second one."""
        whole = self.training(candidate.extra, None)
        splits = [] if candidate.rounds == "fixed" else self._splits(candidate.extra)
        start = time.process_time()
        fits = self._fits(candidate, splits)
        rounds = {name: best_rounds(mean_losses(splits, fits)) if fits else FIXED_ROUNDS}
        if candidate.rounds == "both":
            rounds[FIXED.format(name)] = FIXED_ROUNDS
        most = None if None in rounds.values() else max(rounds.values())
        final = self.fitting.fit(whole, replace(candidate.configuration, rounds=most))
        students = {arm: final.student(n) for arm, n in rounds.items()}
        seconds = time.process_time() - start
        return {
            arm: self._answer(student, seconds, self._out_of_fold(splits, fits, rounds[arm]))
            for arm, student in students.items()
        }

    def shortest(self, candidate: Candidate, loss: float) -> Answer:
        """Return the answer of the first rounds whose loss over the held folds is no larger."""
        splits = self._splits(candidate.extra)
        start = time.process_time()
        fits = self._fits(candidate, splits)
        losses = mean_losses(splits, fits)
        rounds = int((losses <= max(loss, losses.min())).argmax()) + 1
        configuration = replace(candidate.configuration, rounds=rounds)
        student = self.fitting.fit(self.training(candidate.extra, None), configuration)
        seconds = time.process_time() - start
        return self._answer(student.student(rounds), seconds, None)

    def _fits(self, candidate: Candidate, splits: Sequence[SelectionSet]) -> list[Fit]:
        configuration = candidate.configuration
        return [self.fitting.fit(each.training, configuration, each) for each in splits]

    def _answer(self, student: Any, seconds: float, out_of_fold: np.ndarray | None) -> Answer:
        content = student.to_bytes()
        test = student.predict_proba(self.teachers.problem.test.table)
        return Answer(test, len(content), seconds, out_of_fold, content)

    def _out_of_fold(
        self, splits: Sequence[SelectionSet], fits: Sequence[Fit], rounds: int | None
    ) -> np.ndarray | None:
        """Return the probabilities of each row by the student that has not seen it."""
        if not fits:
            return None
        predicted = np.empty((len(self.rows), len(self.rows.classes)))
        for split, fit in zip(splits, fits, strict=True):
            n = None if fit.losses is None else min(rounds or 1, len(fit.losses))
            predicted[split.held_rows] = fit.student(n).predict_proba(split.held.table)
        return predicted

    def _splits(self, extra: str) -> list[SelectionSet]:
        """Return what students of each fold learn from, and the rows that judge them."""
        held = [self.teachers.fold(fold)[1] for fold in range(FOLDS)]
        return [
            SelectionSet(self.training(extra, fold), rows, self.rows.rows(rows))
            for fold, rows in enumerate(held)
        ]

    def _training(self, extra: str, fold: int | None) -> TrainingSet:
        """Return the rows that a student learns from, encoded; without a fold, or all rows."""
        at = np.arange(len(self.rows)) if fold is None else self.teachers.fold(fold)[0]
        labels, rows = self.teachers.labels, None
        if extra != "none":
            soft = normalised(labels.extra[extra, fold])
            rows = PseudoLabelledRows(self.teachers.extra_table(extra, fold), soft, extra == "real")
        soft = normalised(labels.out_of_fold[at])
        return TrainingSet.encode(self.rows.rows(at), soft, self.fitting.encodings, rows)


def best_rounds(losses: np.ndarray) -> int | None:
    """Return the rounds with the least loss; None where there is no path."""
    return int(losses.argmin()) + 1 if len(losses) else None


def mean_losses(splits: Sequence[SelectionSet], fits: Sequence[Fit]) -> np.ndarray:
    """Return the mean loss of all held rows after each round; nothing where there is no path.

    A path that ended, for its loss no longer fell, keeps its last loss, and its last student
    answers there: the first one to end must not end all others.
    """
    losses = [fit.losses for fit in fits if fit.losses is not None]
    most = max(map(len, losses), default=0)
    padded = [np.pad(each, (0, most - len(each)), mode="edge") for each in losses]
    weights = [len(split.held) for split in splits]
    return np.average(padded, axis=0, weights=weights) if losses else np.empty(0)
