"""Finished answers of the chain benchmark: kept on disk, read back, scored."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from chain_answers import Answer
from chain_data import Problem

from hpmkd.data.probabilities import row_losses
from hpmkd.kernels import kl_divergence, soften
from hpmkd_defaults.fusers.calibration import calibrating_temperature

#: Softening needs no zeros to be harmless, but a zero can never be softened away.
SMALLEST = 1e-15
KEY = ["setting", "set", "seed", "arm"]


class Results:
    """A folder of answers: ``results.jsonl``, a line each, and ``answers/``, their arrays.

    Lines are only ever added, so that several processes may write; of two lines for one
    answer the later counts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "results.jsonl"

    def lines(self) -> list[dict]:
        """Return every line that counts."""
        if not self.file.exists():
            return []
        found = {}
        for text in self.file.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            found[tuple(line[what] for what in KEY)] = line
        return list(found.values())

    def done(self) -> set[tuple]:
        """Return the keys of finished answers."""
        return {tuple(line[what] for what in KEY) for line in self.lines()}

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
            "told": dict(answer.told),
        }
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=lambda value: value.item()) + "\n")
        return line

    def forget(self, arms: set[str]) -> None:
        """Drop the lines of some arms."""
        kept = [line for line in self.lines() if line["arm"] not in arms]
        partial = self.file.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        partial.replace(self.file)

    def frame(
        self, settings: list[str], names: list[str], seeds: list[int], arms: list[str]
    ) -> pd.DataFrame:
        """Return the lines asked for, in this order, with KL(teacher ‖ arm) where both are."""
        frame = pd.DataFrame(self.lines(), columns=[*KEY, *MEASURED, "told"])
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
        taught = self.answer(setting, name, seed, "teacher")
        said = self.answer(setting, name, seed, arm)
        if taught is None or said is None:
            return float("nan")
        return float(kl_divergence(taught, said).mean())

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
