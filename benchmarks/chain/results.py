"""Finished answers of the chain benchmark: kept on disk, read back, scored."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.chain.answers import Answer
from benchmarks.chain.data import Problem
from benchmarks.common.results import add_line, done, read_lines, write_lines
from hpmkd.data.probabilities import row_losses
from hpmkd.kernels import kl_divergence, soften
from hpmkd_defaults.fusers.calibration import calibrating_temperature

#: Softening needs no zeros to be harmless, but a zero can never be softened away.
SMALLEST = 1e-15
KEY = ["setting", "set", "seed", "arm"]


class Results:
    """A folder of answers: ``results.jsonl``, a line each, and ``answers/``, their arrays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "results.jsonl"

    def done(self) -> set[tuple]:
        """Return the keys of finished answers."""
        return done(self.file, KEY)

    def add(
        self, problem: Problem, arm: str, answer: Answer, seconds: float, teacher_seconds: float
    ) -> dict:
        """Score an answer, keep it, and return its line."""
        path = self._array(*problem.key, arm)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.tmp.npy")
        np.save(partial, answer.probabilities.astype(np.float32))
        partial.replace(path)
        line = {
            **dict(zip(KEY, (*problem.key, arm), strict=True)),
            **scores(answer.probabilities, problem.test.labels),
            "ubj": answer.ubj,
            "packed": answer.packed,
            "seconds": round(seconds, 3),
            "teacher_seconds": round(teacher_seconds, 3),
            "rows": [len(problem.training), len(problem.test)],
            "choice": dict(answer.choice),
        }
        add_line(self.file, line)
        return line

    def forget(self, arms: set[str]) -> None:
        """Drop the lines of some arms."""
        lines = read_lines(self.file, KEY)
        write_lines(self.file, [line for line in lines if line["arm"] not in arms])

    def frame(
        self, settings: list[str], names: list[str], seeds: list[int], arms: list[str]
    ) -> pd.DataFrame:
        """Return the requested lines, in this order, with KL(teacher ‖ arm) where both are."""
        frame = pd.DataFrame(read_lines(self.file, KEY), columns=[*KEY, *MEASURED, "choice"])
        for column, order in zip(KEY, (settings, names, seeds, arms), strict=True):
            frame[column] = pd.Categorical(frame[column], order)
        frame = frame.dropna(subset=KEY).sort_values(KEY).reset_index(drop=True)
        frame["kl"] = [self._kl(*(row[what] for what in KEY)) for _, row in frame.iterrows()]
        return frame

    def answer(self, setting: str, name: str, seed: int, arm: str) -> np.ndarray | None:
        """Return probabilities (m, K), or None if there are none."""
        path = self._array(setting, name, seed, arm)
        return np.load(path).astype(np.float64) if path.exists() else None

    def _kl(self, setting: str, name: str, seed: int, arm: str) -> float:
        target = self.answer(setting, name, seed, "teacher")
        predicted = self.answer(setting, name, seed, arm)
        if target is None or predicted is None:
            return float("nan")
        return float(kl_divergence(target, predicted).mean())

    def _array(self, setting: str, name: str, seed: int, arm: str) -> Path:
        return self.folder / "answers" / f"{setting}-{name}-{seed}-{arm.replace(' ', '_')}.npy"


#: Columns of a line that are measured.
MEASURED = ("accuracy", "log_loss", "tempered", "temperature", "ubj", "packed", "seconds")


def scores(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return accuracy, log loss, and log loss at the best single temperature.

    That temperature is found on the test rows themselves: a diagnosis of how much of a loss
    is mere calibration, and no result.
    """
    known = np.maximum(probabilities, SMALLEST)
    temperature = calibrating_temperature(known, labels)
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "log_loss": float(row_losses(probabilities, labels).mean()),
        "tempered": float(row_losses(soften(known, temperature), labels).mean()),
        "temperature": temperature,
    }
