"""Students of the search benchmark: fitted once, written down, and looked up from then on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.chain.data import SELF, draw
from benchmarks.chain.teachers import ProblemTeachers
from benchmarks.chain.work import Work
from benchmarks.common.results import add_line, read_lines
from benchmarks.search.points import Spot, planned, points
from hpmkd.data import splits, tables
from hpmkd.data.dataset import Dataset
from hpmkd.data.probabilities import row_losses
from hpmkd.search.warm_start import facts_of
from hpmkd.training.datasets import SelectionSet, selection_rows
from hpmkd.training.trials import SearchData, predict_held_out
from hpmkd.values import DataFacts

#: Training rows of sets whose table would take too long with the 2,000 of the others.
TRAINING_ROWS = {"penbased": 1000}


@dataclass(frozen=True)
class Fit:
    """The result of one configuration.

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
            add_line(self.path, {**asdict(spot), **asdict(self.fits[spot])})
        return self.fits[spot]

    # --------------------------------------------------------------------------- file

    def _read(self) -> None:
        spot_names = [field.name for field in fields(Spot)]
        for line in read_lines(self.path):
            if "facts" in line:
                self.facts = DataFacts(**line["facts"])
                if line["points"] != _plain_points():
                    raise RuntimeError(f"{self.path} is of other points; move it away")
                continue
            spot = Spot(**{name: line.pop(name) for name in spot_names})
            self.fits[spot] = Fit(**line)

    def _begin(self) -> None:
        if self.facts is None:
            problem, noise = self._teachers.problem, self._teachers.fused.noise
            facts = facts_of(problem.training, problem.test)
            self.facts = replace(facts, noise=noise, regime=SELF)
            add_line(self.path, {"facts": asdict(self.facts), "points": _plain_points()})

    # --------------------------------------------------------------------------- fits

    @cached_property
    def _teachers(self) -> ProblemTeachers:
        problem = draw(SELF, self.name, self.seed)
        assert problem is not None
        if few := TRAINING_ROWS.get(self.name):
            training = problem.training
            dropped = 1.0 - few / len(training)
            fewer = training.rows(splits.holdout(training.labels, dropped, self.seed)[0])
            problem = replace(problem, training=fewer)
        return ProblemTeachers(problem)

    @cached_property
    def _work(self) -> Work:
        return Work(self._teachers, self._teachers.fused)

    @cached_property
    def _selection_sets(self) -> tuple[SelectionSet, ...]:
        """The selection sets; the test rows stand behind the selection rows."""
        n, test = len(self._teachers.problem.training), self._teachers.problem.test
        made = []
        for number, selection_set in enumerate(self._teachers.fused.selection_sets):
            at = np.concatenate(
                [selection_set.held_rows, n + number * len(test) + np.arange(len(test))]
            )
            table = tables.stacked([selection_set.held.table, test.table])
            labels = np.concatenate([selection_set.held.labels, test.labels])
            held = Dataset(table, labels, test.classes)
            made.append(SelectionSet(selection_set.training, at, held))
        for stage in points():  # what is compiled, is compiled before a clock runs
            predict_held_out(
                SearchData(tuple(made), self._work.fitting), Spot(stage, 0).configuration()
            )
        return tuple(made)

    def _fit(self, spot: Spot) -> Fit:
        data = SearchData(self._selection_sets, self._work.fitting)
        start = time.process_time()
        found = predict_held_out(data, spot.configuration())
        seconds = time.process_time() - start
        if found.failure is not None:
            raise RuntimeError(found.failure)
        training, test = self._teachers.problem.training, self._teachers.problem.test
        rows = selection_rows(self._teachers.fused.selection_sets)
        probabilities, of_test = np.split(found.probabilities, [len(rows)])
        labels, test_labels = training.labels[rows], np.tile(test.labels, len(self._selection_sets))
        return Fit(
            row_losses=row_losses(probabilities, labels).round(5).tolist(),
            accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
            test_log_loss=float(row_losses(of_test, test_labels).mean()),
            test_accuracy=float((of_test.argmax(axis=1) == test_labels).mean()),
            seconds=seconds,
            models=found.models_trained,
        )


def _plain_points() -> dict:
    return json.loads(json.dumps({name: list(map(dict, own)) for name, own in points().items()}))
