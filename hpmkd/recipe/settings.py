"""The values that a recipe is made of: components by name, and tables of settings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict, force_setattr

from hpmkd.errors import RecipeError
from hpmkd.values import frozen_mapping

Share = Annotated[float, Meta(gt=0, lt=1)]
Count = Annotated[int, Meta(ge=1)]
#: Of a cap or a bound, 0 sets none.
Natural = Annotated[int, Meta(ge=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Alpha = Annotated[float, Meta(ge=0, le=1)]
ExtraWeight = Annotated[float, Meta(ge=0, le=1000)]
# Finite: an infinite one would soften every prediction of a teacher to the same.
Temperature = Annotated[float, Meta(gt=0, le=sys.float_info.max)]


class Choice(Struct, frozen=True):
    """A component by name, with the settings that it is built with."""

    name: str
    settings: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        force_setattr(self, "settings", frozen_mapping(self.settings))

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only mapping does not pickle; a finished run does.
        return (Choice, (self.name, dict(self.settings)))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values that parse to the same choice."""
        return {"name": self.name, **self.settings}


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """One table of settings."""


class SplitSettings(Settings, frozen=True):
    """How the rows are divided.

    Parameters
    ----------
    test_size : float
        Share of the rows held out for the final measurement, when no test rows are given.
    folds : int
        Folds of the training rows: students are cross-validated over them, and
        teachers cross-fitted in the same ones.
    folds_until : int
        Training rows above which there are 3 folds at most, and 2 above ten times as many; 0 for
        no cap, as with all below.
    once_above : int
        Training rows above which a single holdout chooses. No teacher sees its rows: their
        predictions of these are then honest in trials and in the end.
    selection_size : float
        Share of the training rows in that holdout.
    trial_rows : int
        Rows that trials are fitted on at most. Above `once_above` the selection rows judge
        again the final fits, on all rows but themselves.
    selection_rows : int
        Selection rows at most.
    scaling_rows : int
        Rows at most from which encoders learn the scale of numbers, and sketches shares.
    single_above : int
        Training rows above which the matrix of linear students is kept in single precision.
    """

    test_size: Share = 0.2
    folds: Annotated[int, Meta(ge=2)] = 5
    folds_until: Natural = 20_000
    once_above: Natural = 200_000
    selection_size: Share = 0.25
    trial_rows: Natural = 100_000
    selection_rows: Natural = 50_000
    scaling_rows: Natural = 200_000
    single_above: Natural = 200_000


class AlphaGrids(Settings, frozen=True):
    """The teacher weights worth trying in each regime; 0 is added where it is missing.

    Parameters
    ----------
    self : tuple of float
        Of teachers that are cross-fitted. An alpha above 0 takes a fit of each teacher without each
        pair of folds.
    given : tuple of float
        Of teachers that are given and know no more than these rows show, also regime self.
    external, leaking : tuple of float
        Of teachers that know more, and of those that have seen the labels: below 1.
    """

    self: tuple[Alpha, ...] = (0.0,)
    given: tuple[Alpha, ...] = (0.0, 0.5, 1.0)
    external: tuple[Alpha, ...] = (0.0, 0.5, 1.0)
    leaking: tuple[Annotated[float, Meta(ge=0, lt=1)], ...] = (0.0, 0.25)

    @property
    def soft(self) -> bool:
        """Whether soft targets count in some regime."""
        return any(map(any, (self.self, self.given, self.external, self.leaking)))

    def of(self, regime: str, given: bool) -> tuple[float, ...]:
        """Return those of a regime, whether teachers are given or cross-fitted."""
        grid: tuple[float, ...] = getattr(self, "given" if given and regime == "self" else regime)
        return grid


class StopSettings(Settings, frozen=True):
    """When a search has converged: its last results no longer move.

    Parameters
    ----------
    window : int
        How many results are compared, >= 2; 0 never stops a search early.
    threshold : float
        Standard deviation of their log losses, in nats, under which the search ends.
    """

    window: Natural = 5
    threshold: NotNegative = 0.001

    def __post_init__(self) -> None:
        """Refuse a window of one result, which cannot move."""
        if self.window == 1:
            raise RecipeError(
                "search.stop.window: got 1; expected 2 or more results, or 0 to never stop early"
            )


class BudgetSettings(Settings, frozen=True):
    """What a run may cost; 0 sets no bound.

    Parameters
    ----------
    models : int
        Students fitted in all: trials, the chain, refits and controls.
    seconds : float
        Wall time after which no trial is proposed. Trials that run are finished, and the best
        students so far are refitted, which takes further time.
    trial_seconds : float
        Wall time after which a trial is retried once, then dropped. It takes a process of
        its own: one worker replaces this process.
    """

    models: Natural = 80
    seconds: NotNegative = 0.0
    trial_seconds: NotNegative = 0.0


class PipelineSettings(Settings, frozen=True):
    """Where tasks run.

    Parameters
    ----------
    start_seconds : float
        Cost of starting worker processes: as long as they would save less, tasks run in this
        process. 0 starts them at once.
    nested : bool
        Whether a run starts processes even inside a worker of a library such as joblib,
        Dask or multiprocessing.
    """

    start_seconds: NotNegative = 3.0
    nested: bool = False


class SearchSettings(Settings, frozen=True):
    """What the sampler may draw from, and how many trials are evaluated per batch.

    Parameters
    ----------
    batch : int
        Trials of a batch, >= 1.
    temperatures : tuple of float
        Of the teacher, > 0.
    alphas : AlphaGrids
        Its weights on rows with labels.
    extra_weights : tuple of float
        Weights of rows without labels, in a student's loss; a row with a label has 1. 0, none,
        is added where it is missing.
    racing : bool
        Whether a candidate that is clearly worse than its stage's best on the first folds is not
        fitted in the others, nor teachers that are no better than it on the first.
    stop : StopSettings
        When the search ends early.
    rounds : int
        How often students learn from the teachers, who are fused again each time, beside the best
        student so far. More than one takes a fuser that looks at it (``student_state``); each is
        kept only where it pays.
    """

    batch: Count = 8
    temperatures: Annotated[tuple[Temperature, ...], Meta(min_length=1)] = (1.0,)
    alphas: AlphaGrids = AlphaGrids()
    extra_weights: tuple[ExtraWeight, ...] = (0.0, 0.5)
    racing: bool = True
    stop: StopSettings = StopSettings()
    rounds: Count = 1

    @property
    def soft(self) -> bool:
        """Whether any student may learn from a teacher, in some regime."""
        return self.alphas.soft or any(self.extra_weights)


class EnsembleSettings(Settings, frozen=True):
    """How the best students are fused.

    Parameters
    ----------
    top : int
        How many; with fewer than two there is no ensemble.
    fuser : Choice
        Of them; without a name the recipe's own, with its settings. One that becomes plain numbers
        makes the ensemble a student in a file of its own.
    gated : bool
        False fuses the `top` that are best together, and ships the ensemble where it has a file and
        keeps the limits, whatever its results on the selection rows.
    collapse : bool
        Whether to distil the ensemble into one student again, behind a gate.
    """

    top: Natural = 3
    fuser: Choice = Choice("")
    gated: bool = True
    collapse: bool = False

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values that parse to the same; a fuser without settings as its name."""
        fuser = self.fuser.to_mapping() if self.fuser.settings else self.fuser.name
        return {**asdict(self), "fuser": fuser}


class FrontSettings(Settings, frozen=True):
    """Students fitted beside each stage's best, so that ``hpmkd pick`` has a choice.

    Parameters
    ----------
    size : int
        Students on the Pareto front of the trials (log loss, size, time) that are fitted on all
        rows, at most and as far as the budget leaves models; 0 for none.
    """

    size: Natural = 6


class DriftSettings(Settings, frozen=True):
    """What the students' files store of the training rows, to detect drift.

    Parameters
    ----------
    sketch : bool
        Whether shares of the rows by column are kept, under 1 KB each.
    """

    sketch: bool = True


class ExtraSettings(Settings, frozen=True):
    """Rows without labels that the teachers label for the students.

    Parameters
    ----------
    rows : float
        How many the augmenter makes, per training row.
    max_rows : int
        How many it makes at most.
    until : int
        Training rows above which it makes none: with so many rows per leaf, made ones
        were measured to add nothing.
    until_columns : int
        Columns above which it makes none: among so many, neighbours are no more alike than others,
        and boosted students take twenty times as long.
    """

    rows: Annotated[float, Meta(ge=0, le=1000)] = 5.0
    max_rows: Natural = 100_000
    until: Natural = 10_000
    until_columns: Natural = 1_000
