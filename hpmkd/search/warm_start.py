"""Reads the memory before a search, and adds to it afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data import tables
from hpmkd.optuna_trials import RecordedTrial
from hpmkd.values import DataFacts, Outcome

if TYPE_CHECKING:
    from hpmkd.contracts import Memory, Scheduler, Stage
    from hpmkd.data.dataset import Dataset
    from hpmkd.execution.journal import Journal
    from hpmkd.knowledge.builder import TeacherKnowledge
    from hpmkd.training.fit import ActiveStage
    from hpmkd.values import Configuration, Hyperparameter, Trial

#: Rows that are hashed at a time.
ROWS_AT_ONCE = 100_000

#: By stage, hyperparameters that did well on other data.
Remembered = Mapping[str, Sequence[Mapping[str, "Hyperparameter"]]]


def facts_of(training: Dataset, test: Dataset) -> DataFacts:
    """Return what is known of a data set before any teacher has predicted it.

    Its digest is that of all rows, however a seed divided them: a run with another seed has
    chosen by rows that this one tests with, so what it learned is not for this one.
    """
    parts = (each for rows in (training, test) for each in rows.blocks(ROWS_AT_ONCE))
    digest = tables.digest_of_rows((each.table, each.labels) for each in parts)
    return replace(training.facts, digest=digest)


def facts_beside(facts: DataFacts, training: Dataset, knowledge: TeacherKnowledge) -> DataFacts:
    """Return the facts with what the teachers' predictions show of the noise."""
    labels = training.labels[knowledge.rows]
    wrong = knowledge.fused.soft_targets.argmax(axis=1) != labels
    return replace(facts, noise=float(np.mean(wrong)), regime=knowledge.fused.regime.name)


def recalled(memory: Memory, facts: DataFacts, stages: Mapping[str, ActiveStage]) -> Remembered:
    """Return a memory's suggestions for every stage, those outside its space left out."""
    return {
        name: [dict(each) for each in memory.suggest(facts, name) if _possible(each, active.stage)]
        for name, active in stages.items()
    }


def _possible(hyperparameters: Mapping[str, Hyperparameter], stage: Stage) -> bool:
    replay = RecordedTrial(hyperparameters)
    return set(stage.space(replay)) == set(hyperparameters) and not replay.refused


def outcomes_elsewhere(memory: Memory, facts: DataFacts, journal: Journal) -> list[Outcome]:
    """Return a memory's outcomes of other data sets.

    Other runs may add to the memory before a run that was stopped is resumed.
    """
    return journal.get_or_compute("outcomes", lambda: list(memory.outcomes(facts)))


def teach_scheduler(scheduler: Scheduler, facts: DataFacts, known: Sequence[Outcome]) -> None:
    """Give a scheduler the outcomes of other data sets, if it learns from them."""
    learn = getattr(scheduler, "learn", None)
    if learn is not None:
        learn(facts, known)


def outcomes(
    facts: DataFacts, trials: Sequence[Trial], stages: Mapping[str, ActiveStage]
) -> list[Outcome]:
    """Return what a run learned: of its trials on all rows that did not build on a stage before."""
    counted = [each for each in trials if _counts(each)]
    return [
        outcome
        for stage in dict.fromkeys(trial.configuration.stage for trial in counted)
        for outcome in _ranked(
            facts,
            [each for each in counted if each.configuration.stage == stage],
            stages[stage].stage.defaults,
        )
    ]


def _counts(trial: Trial) -> bool:
    by_itself = trial.eligible and trial.configuration.after is None
    return by_itself and bool(np.isfinite(trial.log_loss))


def _ranked(
    facts: DataFacts, trials: Sequence[Trial], defaults: Mapping[str, Hyperparameter]
) -> Iterator[Outcome]:
    losses = np.array([trial.log_loss for trial in trials])
    for trial, loss in zip(trials, losses, strict=True):
        rank = float(np.sum(losses < loss)) / max(1, len(losses) - 1)
        regret = float(loss - losses.min())
        is_default = dict(trial.configuration.hyperparameters) == dict(defaults)
        yield Outcome(facts, _as_trained(trial), regret, rank, trial.state, is_default)


def _as_trained(trial: Trial) -> Configuration:
    """Return its configuration with the softening that the scheduler really used."""
    softening, configured = trial.softening, trial.configuration
    if softening is None:
        return configured
    return replace(configured, temperature=softening.temperature, alpha=softening.alpha)
