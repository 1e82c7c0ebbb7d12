"""Answers of arms: what they predict, how large they are, what they cost; kept on disk.

A folder of answers is ``results.jsonl``, a line each, and ``answers/``, their arrays. A line is
written last: what has one is whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common.results import add_line, done, key_of, read_lines
from benchmarks.students.data import Problem
from hpmkd.data.probabilities import row_losses

KEY = ("set", "rows", "seed", "arm")


@dataclass(frozen=True)
class Answer:
    """What an arm predicts for the test rows.

    Parameters
    ----------
    test : ndarray of shape (m, K)
        Probabilities of the test rows.
    n_bytes : int
        Of the model as a file.
    seconds : float
        CPU time of the arm itself: without its teachers, and without the arms it chooses among.
    out_of_fold : ndarray of shape (n, K) or None
        Probabilities of the training rows, each by a student that has not seen it.
    content : bytes
        The student as the content of its file.
    facts : mapping
        What was chosen; plain JSON values.
    """

    test: np.ndarray
    n_bytes: int
    seconds: float
    out_of_fold: np.ndarray | None = None
    content: bytes = b""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Answers:
    """The answers in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "results.jsonl"

    def done(self) -> set[tuple]:
        """Return the keys of finished answers."""
        return done(self.file, KEY)

    def frame(self, wanted: Sequence[tuple[str, int, int]]) -> pd.DataFrame:
        """Return the lines of these draws, of several of one key the last, in their order."""
        lines = {draw: [] for draw in wanted}
        for line in read_lines(self.file, KEY):
            if (draw := key_of(line, KEY[:3])) in lines:
                lines[draw].append(line)
        return pd.DataFrame([line for draw in wanted for line in lines[draw]])

    def add(self, problem: Problem, arm: str, answer: Answer) -> dict:
        """Score an answer, keep it, and return its line."""
        arrays = {
            "test": answer.test.astype(np.float32),
            "content": np.frombuffer(answer.content, dtype=np.uint8),
        }
        facts = {
            "log_loss": float(row_losses(answer.test, problem.test.labels).mean()),
            "accuracy": float((answer.test.argmax(axis=1) == problem.test.labels).mean()),
            "bytes": answer.n_bytes,
            "seconds": round(answer.seconds, 3),
            "n": [len(problem.training), len(problem.test), len(problem.real)],
            **answer.facts,
        }
        if answer.out_of_fold is not None:
            arrays["out_of_fold"] = answer.out_of_fold
            losses = row_losses(answer.out_of_fold, problem.training.labels)
            facts["cv_loss"] = float(losses.mean())
        path = self._path(problem, arm)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.tmp.npz")
        np.savez_compressed(partial, **arrays)
        partial.replace(path)
        return self.note(problem, arm, facts)

    def note(self, problem: Problem, arm: str, facts: Mapping[str, Any]) -> dict:
        """Keep what was measured of an arm, and return its line."""
        line = {**dict(zip(KEY, (*problem.key, arm), strict=True)), **facts}
        add_line(self.file, line)
        return line

    def read(self, problem: Problem, arm: str) -> dict[str, np.ndarray]:
        """Return the arrays of a finished answer by name."""
        with np.load(self._path(problem, arm)) as arrays:
            return dict(arrays)

    def _path(self, problem: Problem, arm: str) -> Path:
        name = "-".join(map(str, (*problem.key, arm))).replace(" ", "_")
        return self.folder / "answers" / f"{name}.npz"
