"""Each stage's best and its control, fitted on all rows."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.errors import FAILURES, PluginError, PluginWarning, warn
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.ranking import NO_LIMITS, TrialRanking
from hpmkd.registry.offers import blame
from hpmkd.training.student_fits import RefitData, fit_students

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.values import Configuration, Trial


#: Why a stage cannot ship under limits.
NOTHING_WITHIN = "no trial of it keeps the limits"


@dataclass(frozen=True)
class Pair:
    """A stage's best trial, and its best without a teacher (possibly the same one)."""

    student: Trial
    control: Trial

    @property
    def trials(self) -> tuple[Trial, Trial]:
        """Both."""
        return self.student, self.control


@dataclass(frozen=True)
class Refitted:
    """A student fitted on all training rows, the trial that chose it, and its footprint.

    Where the selection rows judge such students as well, the trial has these results.
    """

    trial: Trial
    student: Predictor
    footprint: Footprint


@dataclass(frozen=True)
class NamedStudent:
    """A student by its name on the leaderboard."""

    name: str
    refitted: Refitted


@dataclass(frozen=True)
class Finalists:
    """Students and controls on all rows."""

    students: Mapping[str, Refitted]  # each stage's best
    controls: Mapping[str, Refitted]  # each stage's best on hard labels
    shipped: NamedStudent
    control: NamedStudent  # what would ship if there were no teacher
    #: Further students: the same fits cut after fewer rounds, and those that turned out to break a
    #: limit, or worse than another of their stage.
    beside: tuple[Refitted, ...] = ()

    @property
    def refitted(self) -> tuple[Refitted, ...]:
        """All students of one fit that learnt from the teachers or from none, each once."""
        known = {
            each.trial.configuration.key: each
            for each in (*self.students.values(), *self.controls.values(), *self.beside)
        }
        return tuple(known.values())

    def by_name(self) -> dict[str, Predictor]:
        """Return all students by name."""
        named = {name: refitted.student for name, refitted in self.students.items()}
        return {**named, self.shipped.name: self.shipped.refitted.student}


def best(
    trials: Iterable[Trial],
    stage: str,
    *,
    control: bool = False,
    ranking: TrialRanking = NO_LIMITS,
) -> Trial | None:
    """Return a stage's trial with the lowest log loss on the selection rows.

    A control learns from no teacher. Ties go to the control, then to the trial tried first. Trials
    on a share of the rows win nothing. Only where no trial keeps the limits does one that breaks
    them win.
    """
    own = [
        trial for trial in candidates(trials, [stage]) if trial.configuration.hard or not control
    ]
    return min(own, key=ranking.sort_key, default=None)


def candidates(trials: Iterable[Trial], stages: Container[str]) -> list[Trial]:
    """Return the trials of some stages that may win."""
    return [each for each in trials if each.configuration.stage in stages and each.eligible]


def pairs(
    trials: Sequence[Trial], stages: Iterable[str], ranking: TrialRanking = NO_LIMITS
) -> dict[str, Pair]:
    """Return every stage that has both a student and a control to compare it with.

    A stage of which nothing keeps the limits drops out, unless all do. Where no
    control keeps them, the student is compared with one that takes more than it may.

    Raises
    ------
    PluginError
        If no stage has.
    """
    found, failures = {}, {}
    for stage in stages:
        student = best(trials, stage, ranking=ranking)
        control = best(trials, stage, control=True, ranking=ranking)
        if student is not None and control is not None:
            found[stage] = Pair(student, control)
        else:
            own = [trial.failure for trial in trials if trial.configuration.stage == stage]
            otherwise = "it has no control to go by" if own else "it was not tried"
            failures[stage] = next(filter(None, own), otherwise)
    within = {
        stage: pair for stage, pair in found.items() if not ranking.violates_limits(pair.student)
    }
    if within:
        failures |= {stage: NOTHING_WITHIN for stage in found if stage not in within}
    report(failures, found)
    return within or found


def fit_finalists(
    paired: Mapping[str, Pair],
    beside: Sequence[Trial],
    data: RefitData,
    pipeline: ParallelDistillationPipeline,
    on_fitted: Callable[[], None],
    finished: Callable[[Trial, Predictor], Refitted],
) -> Finalists:
    """Fit each stage's best and its control on all training rows; equal ones only once.

    A stage that fails here drops out.

    `beside` holds trials of the same fits, cut after fewer rounds. `finished` judges, signs and
    measures a student of a trial; it may raise a PluginError.

    Raises
    ------
    PluginError
        If no stage is left.
    """
    trials = [trial for pair in paired.values() for trial in pair.trials]
    chosen = [trial.configuration for trial in (*trials, *beside)]
    fitted = fit_students(pipeline, data, chosen, on_fitted)
    outcomes: dict[object, Predictor | str] = {
        each.key: writable(fitted[each.key], each, data) for each in chosen
    }
    students, controls, failures = {}, {}, {}
    for stage, pair in paired.items():
        try:
            students[stage], controls[stage] = _both(pair, outcomes, finished)
        except PluginError as failed:
            failures[stage] = str(failed)
    report(failures, students)
    cut = [
        finished(trial, student)
        for trial in beside
        if not isinstance(student := outcomes[trial.configuration.key], str)
    ]
    return Finalists(students, controls, leading(students), leading(controls), beside=tuple(cut))


def leading(students: Mapping[str, Refitted]) -> NamedStudent:
    """Return the student that the selection rows rank first, limits apart."""
    name = min(students, key=lambda each: NO_LIMITS.sort_key(students[each].trial))
    return NamedStudent(name, students[name])


def _both(
    pair: Pair,
    outcomes: Mapping[object, Predictor | str],
    finished: Callable[[Trial, Predictor], Refitted],
) -> tuple[Refitted, Refitted]:
    student, control = (outcomes[each.configuration.key] for each in pair.trials)
    if isinstance(student, str) or isinstance(control, str):
        raise PluginError(str(student if isinstance(student, str) else control))
    first = finished(pair.student, student)
    return first, first if student is control else finished(pair.control, control)


def writable(
    outcome: Predictor | str, configuration: Configuration, data: RefitData
) -> Predictor | str:
    """Return a refitted student if it can be written to a file; else why it cannot."""
    if isinstance(outcome, str):
        return outcome
    active = data.fitting.stages[configuration.stage]
    try:
        content = outcome.to_bytes()
        if not isinstance(content, bytes):
            raise TypeError(f"returned {content!r:.80}; expected bytes")
    except FAILURES as error:
        return blame(active.plugin, "stage", active.name, "failed in to_bytes", error)
    return outcome


def report(failures: Mapping[str, str], left: Mapping[str, object]) -> None:
    """Warn of stages that drop out; raise if none is left."""
    if not left:
        reasons = "; ".join(f"{stage}: {failure}" for stage, failure in failures.items())
        raise PluginError(f"no stage has a student and a control: {reasons}")
    for stage, failure in failures.items():
        message = f"stage {stage!r} dropped: {failure}"
        warn(message, PluginWarning)
