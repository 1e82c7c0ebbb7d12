"""Students of the search benchmark: fitted once, written down, and looked up from then on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from chain_data import SELF, draw
from chain_teachers import TrainingSet
from chain_work import Work
from search_points import Spot, planned, points

from hpmkd.data import splits, tables
from hpmkd.data.probabilities import row_losses
from hpmkd.knowledge.fusion import Knowledge
from hpmkd.knowledge.regime import Regime
from hpmkd.search.warm_start import facts_of
from hpmkd.training.trials import SearchData, SelectionSplit, predict_held_out
from hpmkd.values import DataFacts

#: Training rows of sets whose table would take too long with the 2,000 of the others.
TRAINING_ROWS = {"penbased": 1000}


@dataclass(frozen=True)
class Fit:
    """What became of one configuration.

    Parameters
    ----------
    row_losses : list of float
        Of every selection row, in nats.
    accuracy : float
        On the selection rows.
    test_log_loss, test_accuracy : float
        On the test rows; with several selection splits the mean over their students.
    seconds : float
        CPU time of the fits.
    models : int
        Students fitted for it, one per selection split.
    """

    row_losses: list[float]
    accuracy: float
    test_log_loss: float
    test_accuracy: float
    seconds: float
    models: int

    @cached_property
    def losses(self) -> np.ndarray:
        """Of every selection row, as an array."""
        return np.array(self.row_losses)

    @cached_property
    def log_loss(self) -> float:
        """Mean log loss on the selection rows."""
        return float(self.losses.mean())


class Table:
    """All fits of one draw of rows from one data set.

    Parameters
    ----------
    name : str
        The data set.
    seed : int
        Of the draw.
    folder : Path
        Where its file of JSON lines is.
    frozen : bool
        Whether what is not written down is an error, instead of being fitted now.

    Raises
    ------
    RuntimeError
        If the file is of other points: a stage's space has changed since.
    """

    def __init__(self, name: str, seed: int, folder: Path, frozen: bool = False) -> None:
        self.name, self.seed, self.frozen = name, seed, frozen
        self.path = folder / f"{name}-{seed}.jsonl"
        self.fits: dict[Spot, Fit] = {}
        self.facts: DataFacts | None = None
        self._read()

    @property
    def complete(self) -> bool:
        """Whether all that is planned is there."""
        return all(spot in self.fits for spot in planned())

    @property
    def n_rows(self) -> int:
        """Rows that a student is fitted on."""
        facts, fit = self.facts, next(iter(self.fits.values()))
        assert facts is not None
        return facts.n_rows - len(fit.row_losses) // fit.models

    def fill(self) -> Iterator[int]:
        """Fit all that is planned and missing; yield how many are left."""
        missing = [spot for spot in planned() if spot not in self.fits]
        for at, spot in enumerate(missing):
            self[spot]
            yield len(missing) - at - 1

    def __getitem__(self, spot: Spot) -> Fit:
        """Return a fit, made now if it never was."""
        if spot.alpha == 0:
            spot = replace(spot, temperature=1.0)
        if spot not in self.fits:
            if self.frozen:
                raise KeyError(f"{self.path} has no {spot}; run without --cached")
            self._begin()
            self.fits[spot] = self._fit(spot)
            self._write({**asdict(spot), **asdict(self.fits[spot])})
        return self.fits[spot]

    # --------------------------------------------------------------------------- file

    def _read(self) -> None:
        if not self.path.exists():
            return
        spot_names = [field.name for field in fields(Spot)]
        for text in self.path.read_text("utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:  # cut off when the process was ended
                continue
            if "facts" in line:
                self.facts = DataFacts(**line["facts"])
                if line["points"] != _plain_points():
                    raise RuntimeError(f"{self.path} is of other points; move it away")
                continue
            spot = Spot(**{name: line.pop(name) for name in spot_names})
            self.fits[spot] = Fit(**line)

    def _begin(self) -> None:
        if self.facts is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            problem, targets = self._lesson.problem, self._lesson.fused.training_set.training
            said = Knowledge((), Regime(SELF, "made so"), (), {}, targets.soft_targets)
            self.facts = facts_of(problem.training, problem.test, said)
            self._write({"facts": asdict(self.facts), "points": _plain_points()})

    def _write(self, line: dict) -> None:
        # The line break stands first: the line before may have been cut off.
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(line))

    # --------------------------------------------------------------------------- fits

    @cached_property
    def _lesson(self) -> TrainingSet:
        problem = draw(SELF, self.name, self.seed)
        assert problem is not None
        if few := TRAINING_ROWS.get(self.name):
            training = problem.training
            dropped = 1.0 - few / len(training)
            kept = training.rows(splits.holdout(training.labels, dropped, self.seed)[0])
            problem = replace(problem, training=kept)
        return TrainingSet(problem)

    @cached_property
    def _work(self) -> Work:
        return Work(self._lesson, self._lesson.fused)

    @cached_property
    def _splits(self) -> tuple[SelectionSplit, ...]:
        """The selection splits; the test rows are asked about behind the selection rows."""
        n, test = len(self._lesson.problem.training), self._lesson.problem.test
        made = []
        for number, selection_set in enumerate(self._lesson.fused.selection_sets):
            at = np.concatenate(
                [selection_set.held_rows, n + number * len(test) + np.arange(len(test))]
            )
            table = tables.stacked([selection_set.held.table, test.table])
            labels = np.concatenate([selection_set.held.labels, test.labels])
            made.append(SelectionSplit(selection_set.training_set.training, at, table, labels))
        for stage in points():  # what is compiled, is compiled before a clock runs
            predict_held_out(
                SearchData(tuple(made), self._work.fitting), Spot(stage, 0).configuration()
            )
        return tuple(made)

    def _fit(self, spot: Spot) -> Fit:
        data = SearchData(self._splits, self._work.fitting)
        start = time.process_time()
        asked = predict_held_out(data, spot.configuration())
        seconds = time.process_time() - start
        if asked.failure is not None:
            raise RuntimeError(asked.failure)
        training, test = self._lesson.problem.training, self._lesson.problem.test
        rows = np.sort(
            np.concatenate(
                [selection_set.held_rows for selection_set in self._lesson.fused.selection_sets]
            )
        )
        said, of_test = asked.said[: len(rows)], asked.said[len(rows) :]
        labels, test_labels = training.labels[rows], np.tile(test.labels, len(self._splits))
        return Fit(
            row_losses=row_losses(said, labels).round(5).tolist(),
            accuracy=float((said.argmax(axis=1) == labels).mean()),
            test_log_loss=float(row_losses(of_test, test_labels).mean()),
            test_accuracy=float((of_test.argmax(axis=1) == test_labels).mean()),
            seconds=seconds,
            models=asked.models_trained,
        )


def _plain_points() -> dict:
    return json.loads(json.dumps({name: list(map(dict, own)) for name, own in points().items()}))
