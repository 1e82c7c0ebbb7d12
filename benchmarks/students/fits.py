"""Fits a candidate: on four folds of five, judged on the fifth, five times; then on all rows.

The rounds are those with the least mean loss over all held rows, and the final student is fitted
on all rows with so many. Everything is done by the stages that hpmkd ships.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.students.answers import Answer
from benchmarks.students.candidates import (
    EXTRA_WEIGHT,
    FIXED,
    FIXED_ROUNDS,
    STAGES,
    Candidate,
)
from benchmarks.students.teachers import FOLDS, Teachers, normalised
from hpmkd.data.dataset import Dataset
from hpmkd.data.probabilities import row_losses
from hpmkd.data.unlabeled import PseudoLabelledRows
from hpmkd.student import Student
from hpmkd.training.datasets import TrainingSet
from hpmkd.values import Configuration, HeldOutRows, StageInputs
from hpmkd_defaults.schedulers.constant import ConstantScheduler

ENCODINGS = {"tree", "linear"}


@dataclass(frozen=True)
class OneStudent:
    """The path of a stage that has none."""

    losses: np.ndarray
    only: Any

    def student(self, n_rounds: int) -> Any:
        """Return the only student."""
        return self.only


class Fits:
    """Fits candidates on one draw.

    Parameters
    ----------
    teachers : Teachers
        Of the draw.
    """

    def __init__(self, teachers: Teachers) -> None:
        self.teachers, self.rows = teachers, teachers.problem.training
        self.stages = {
            name: stage.for_data(self.rows.facts) if hasattr(stage, "for_data") else stage
            for name, stage in STAGES.items()
        }
        self._training: dict[tuple[str, int | None], TrainingSet] = {}

    def answers(self, name: str, candidate: Candidate) -> dict[str, Answer]:
        """Return the answer of a candidate; where its rounds are also fixed, a second one."""
        start, out_of_fold, cv = time.process_time(), {}, {}
        if candidate.rounds == "fixed":
            rounds = {name: FIXED_ROUNDS}
        else:
            paths = [self._path(candidate, fold) for fold in range(FOLDS)]
            losses = mean_losses(paths, np.bincount(self.teachers.fold_of_row))
            rounds = {name: int(losses.argmin()) + 1}
            if candidate.rounds == "both":
                rounds[FIXED.format(name)] = FIXED_ROUNDS
            cv = {"tried": len(losses)}
            out_of_fold = {arm: self._out_of_fold(paths, n) for arm, n in rounds.items()}
        whole = self._path(candidate, None, rounds=max(rounds.values()))
        students = {arm: whole.student(n) for arm, n in rounds.items()}
        seconds = time.process_time() - start
        return {
            arm: self._answer(student, seconds, out_of_fold.get(arm), rounds=rounds[arm], **cv)
            for arm, student in students.items()
        }

    def _answer(self, student: Student, seconds: float, out_of_fold: Any, **facts: Any) -> Answer:
        content = student.to_bytes()
        test = student.predict_proba(self.teachers.problem.test.table)
        return Answer(test, len(content), seconds, out_of_fold, content, facts)

    def _out_of_fold(self, paths: Sequence[Any], n_rounds: int) -> np.ndarray:
        """Return the probabilities of each row by the student that has not seen it."""
        predicted = np.empty((len(self.rows), len(self.rows.classes)))
        for fold, path in enumerate(paths):
            held = self.teachers.fold(fold)[1]
            student = path.student(min(n_rounds, len(path.losses)))
            predicted[held] = student.predict_proba(self.rows.rows(held).table)
        return predicted

    def _path(self, candidate: Candidate, fold: int | None, rounds: int | None = None) -> Any:
        """Fit the students of a candidate without one fold, or of all rows."""
        stage = self.stages[candidate.stage]
        held = None if fold is None else self.rows.rows(self.teachers.fold(fold)[1])
        limit = getattr(stage, "limit", None)
        settings = dict(candidate.settings) | ({} if rounds is None else {limit: rounds})
        inputs = self._inputs(candidate, settings, fold, held)
        if limit is not None:
            return stage.path(inputs)
        student = stage.fit(inputs)
        losses = () if held is None else row_losses(student.predict_proba(held.table), held.labels)
        return OneStudent(np.array([np.mean(losses)]) if held is not None else np.empty(0), student)

    def _inputs(
        self, candidate: Candidate, settings: dict[str, Any], fold: int | None, held: Dataset | None
    ) -> StageInputs:
        encoding = self.stages[candidate.stage].encoding
        training = self._training_set(candidate.extra, fold)
        encoder, matrix = training.encoded[encoding]
        held_rows = None
        if held is not None:
            held_rows = HeldOutRows(encoder.transform(held.table), held.labels)
        weight = EXTRA_WEIGHT if candidate.extra != "none" else 0.0
        configuration = Configuration(
            candidate.stage, 1.0, candidate.alpha, settings, extra_weight=weight
        )
        return StageInputs(
            matrix=matrix,
            encoder=encoder,
            labels=training.labels,
            soft_targets=training.soft_targets,
            classes=training.classes,
            configuration=configuration,
            scheduler=ConstantScheduler(),
            seed=self.teachers.problem.seed,
            extra=training.encoded_extra.get(encoding),
            held=held_rows,
        )

    def _training_set(self, extra: str, fold: int | None) -> TrainingSet:
        """Return the rows that a student learns from, encoded; of one fold or all rows.

        Without extra rows and without alpha the teachers are not asked at all.
        """
        if (extra, fold) not in self._training:
            at = np.arange(len(self.rows)) if fold is None else self.teachers.fold(fold)[0]
            labels, rows = self.teachers.labels, None
            if extra != "none":
                soft = normalised(labels.extra[extra, fold])
                table = self.teachers.extra_table(extra, fold)
                rows = PseudoLabelledRows(table, soft, EXTRA_WEIGHT, extra == "real")
            soft = normalised(labels.out_of_fold[at])
            training = TrainingSet.encode(self.rows.rows(at), soft, ENCODINGS, rows)
            self._training[extra, fold] = training
        return self._training[extra, fold]


def mean_losses(paths: Sequence[Any], sizes: np.ndarray) -> np.ndarray:
    """Return the mean loss of all held rows after each round, as far as the longest path goes.

    A path that has ended, because its loss no longer fell, keeps its last loss: its last student
    is the one that answers there.
    """
    most = max(len(path.losses) for path in paths)
    padded = [np.pad(path.losses, (0, most - len(path.losses)), mode="edge") for path in paths]
    return np.average(padded, axis=0, weights=sizes)
