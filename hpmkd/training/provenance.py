"""Provenance of a student: what its file records of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpmkd.student import Student
from hpmkd.student.decisions import THRESHOLD

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.student.drift.sketch import Sketch
    from hpmkd.values import Configuration, Trial

#: The entry of a student's facts that holds it; facts of a stage's own are left alone.
TRAINING = "training"


@dataclass(frozen=True)
class Run:
    """What all students of a run have in common."""

    recipe: str
    seed: int
    rows: int  # labelled rows that the students are fitted on
    regime: str


@dataclass(frozen=True)
class Provenance:
    """Signs students with what follows from data, recipe and seed.

    Nothing that was timed is recorded: equal runs give equal files.
    """

    run: Run
    trials: Sequence[Trial] = field(default=(), repr=False)  # those that may win
    sketch: Sketch | None = field(default=None, repr=False)  # of the rows of `run`
    max_size: int = 0  # bytes of a student's file with its sketch, else it has none; 0 for any

    def signed(
        self, student: Predictor, configuration: Configuration, trial: Trial | None = None
    ) -> Predictor:
        """Return a student whose facts record how it was made, with a sketch of its rows.

        One of a foreign class is returned as it is. `configuration` is what it was fitted by, on
        all rows; `trial` is that of the configuration, by default the one in :attr:`trials`.
        """
        if not isinstance(student, Student):
            return student
        trial = trial or self.trial_of(configuration)
        facts = {TRAINING: self.facts_of(configuration, trial), **decisions(trial)}
        return self.sketched(replace(student, facts={**student.facts, **facts}))

    def sketched(self, student: Student) -> Student:
        """Return a student with the sketch of its rows, if there is one and its file has room."""
        if self.sketch is None or not self.sketch.fits(student.encoder.schema):
            return student
        return replace(student, sketch=self.sketch).within(self.max_size)

    def facts_of(self, configuration: Configuration, trial: Trial | None = None) -> dict[str, Any]:
        """Return what a student of this configuration records, as plain values."""
        return {**asdict(self.run), **self.of(configuration, trial)}

    def trial_of(self, configuration: Configuration) -> Trial | None:
        """Return the trial of a configuration; None if it was not evaluated."""
        own = (each for each in self.trials if each.configuration.key == configuration.key)
        return next(own, None)

    def of_ensemble(self, trial: Trial, trials: Sequence[Trial], fuser: str) -> dict[str, Any]:
        """Return the facts of an ensemble of the students that some trials chose.

        `trial` is its own; `trials` are in the order of the members; `fuser` is the name of what
        fuses them.
        """
        members = [self.of(each.configuration, each) for each in trials]
        training = {**asdict(self.run), "fuser": fuser, "members": members}
        return {TRAINING: training, **decisions(trial)}

    def of(self, configuration: Configuration, trial: Trial | None = None) -> dict[str, Any]:
        """Return what one configuration adds to the facts of the run, as plain values."""
        trial = trial or self.trial_of(configuration)
        before = configuration.after
        return {
            "stage": configuration.stage,
            "alpha": configuration.alpha,
            "extra_weight": configuration.extra_weight,
            # At alpha = 0 no temperature is applied, whatever was configured.
            "temperature": configuration.temperature if configuration.alpha > 0 else 1.0,
            "hyperparameters": _plain(configuration.hyperparameters),
            "rounds": configuration.rounds,
            "after": None if before is None else str(before),
            "selection_log_loss": None if trial is None else round(trial.log_loss, 6),
        }


def decisions(trial: Trial | None) -> dict[str, Any]:
    """Return the fact of the threshold that suits the rarer of two classes, if there is one."""
    found = None if trial is None else trial.threshold
    if found is None:
        return {}
    at_best = {name: round(value, 6) for name, value in asdict(found.at_best).items()}
    return {
        THRESHOLD: {
            "class": found.label,
            "best": found.best,
            "by": found.score,
            "on_selection_rows": at_best,
        }
    }


def _plain(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers of Python for those of NumPy; a stage may draw either."""
    return {
        name: value.item() if hasattr(value, "item") else value
        for name, value in hyperparameters.items()
    }
