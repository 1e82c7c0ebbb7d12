"""Fits configurations on all training rows; runs in worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from hpmkd.data import tables
from hpmkd.errors import HpmkdError
from hpmkd.execution.jobs import Job
from hpmkd.training.trials import load_of

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.training.datasets import TrainingSet
    from hpmkd.training.fit import FitContext
    from hpmkd.values import Configuration


@dataclass(frozen=True)
class RefitData:
    """All that fitting a chosen configuration on all rows needs."""

    training: TrainingSet
    fitting: FitContext

    @cached_property
    def digest(self) -> str:
        """Digest of the rows."""
        return tables.digest(self.fitting.seed, self.training.digest)


def refit(data: RefitData, configurations: tuple[Configuration, ...]) -> list[Predictor] | str:
    """Fit configurations that differ in their rounds alone, in one fit, on all training rows.

    Return why, if their stage fails.
    """
    longest = max(configurations, key=lambda each: each.rounds or 0)
    try:
        fit = data.fitting.fit(data.training, longest)
        return [fit.student(each.rounds) for each in configurations]
    except HpmkdError as error:
        return str(error)


def fit_students(
    pipeline: ParallelDistillationPipeline,
    data: RefitData,
    configurations: Iterable[Configuration],
    on_fit: Callable[[], None],
) -> dict[object, Predictor | str]:
    """Fit configurations on all training rows; those that one fit gives are fitted once.

    Parameters
    ----------
    on_fit : callable
        Called after every fit.

    Returns
    -------
    dict
        By the key of the configuration, its student, or why there is none.
    """
    groups: dict[object, dict[object, Configuration]] = {}
    for each in configurations:
        groups.setdefault(replace(each, rounds=None).key, {})[each.key] = each
    tasks = [tuple(group.values()) for group in groups.values()]
    fitted: dict[object, Predictor | str] = {}
    for at, outcome in pipeline.run(STUDENT, data, tasks):
        own = [outcome] * len(tasks[at]) if isinstance(outcome, str) else outcome
        fitted |= {each.key: student for each, student in zip(tasks[at], own, strict=True)}
        on_fit()
    return fitted


#: Fits configurations of one fit on all rows; the result is their students, or why there are none.
STUDENT = Job(
    "student",
    refit,
    lambda task, reason: f"stage {task[0].stage!r} failed in fit: {reason}",
    lambda data, task: load_of(data.training, task[0], 1),
    lambda data, task: tables.digest(data.digest, repr([each.key for each in task])),
    failed=lambda students: isinstance(students, str),
)
