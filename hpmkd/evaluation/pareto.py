"""The figures that students are compared by, and the Pareto front."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, TypeVar

import msgspec

from hpmkd.registry.offers import NAME

#: Times that differ by less than this factor are equal: measurements do by chance.
TOLERANCE = 1.1

T = TypeVar("T")
SummaryRole = Literal["student", "control", "collapsed", "ensemble", "front"]


@dataclass(frozen=True)
class SelectionMetrics:
    """A student in four numbers.

    Parameters
    ----------
    loss : float
        On the selection rows, by the metric of the run; less is better.
    n_bytes : float
        Size of its file.
    row_us : float
        Time of one row, in microseconds; 0 where it was not measured: no limit is on it then, and
        all trials are equally fast.
    retention : float
        Its accuracy on the selection rows over that of the teacher, where the teacher had not
        seen them.
    """

    loss: float
    n_bytes: float
    row_us: float
    retention: float


@dataclass(frozen=True)
class StudentSummary:
    """A student that was fitted on all training rows, as in ``front.json``.

    Parameters
    ----------
    name : str
        Of its file in ``students/``: the stage of a stage's best; of others stage, trial, rounds.
    stage : str
        The student family.
    trial : int or None
        Number of the trial that it was chosen by; None of a collapsed one, whose trials are on
        soft targets of their own, and of the ensemble.
    role : {"student", "control", "collapsed", "ensemble", "front"}
        The best of its stage; the best of its stage on hard labels; distilled from the
        ensemble; the ensemble; fitted because its trial is on the front, or on the way to a
        student that keeps the limits, or outdone by its control.
    chosen : bool
        Whether it is the student that the run ships.
    selection_log_loss, selection_accuracy, selection_retention : float
        Of its trial on the selection rows, the only ones that choose.
    bytes : int
        Size of its file.
    row_us : float
        Time of one row, in microseconds.
    accuracy, log_loss : float
        On the test rows, for information: nothing chooses by them.
    on_front : bool
        Whether no other of these students beats or equals it in selection loss, size and time at
        once.
    rounds : int or None
        That it was fitted with; None where a stage has no path.
    selection_loss : float or None
        By the metric of the run, by which it is chosen: less is better, so that of AUC, average
        precision, accuracy and F1 it is 1 minus these. None where log loss is the metric.
    metric : float or None
        The metric itself on the test rows, for information.
    """

    name: str
    stage: str
    trial: int | None
    role: SummaryRole
    chosen: bool
    selection_log_loss: float
    selection_accuracy: float
    selection_retention: float
    bytes: int
    row_us: float
    accuracy: float
    log_loss: float
    on_front: bool = False
    rounds: int | None = None
    selection_loss: float | None = None
    metric: float | None = None

    @classmethod
    def read(cls, plain: Any) -> StudentSummary:
        """Make one of plain values; a wrong one raises a msgspec.ValidationError."""
        read = msgspec.convert(plain, cls)
        if not NAME.fullmatch(read.name):
            raise msgspec.ValidationError(f"got {read.name!r}, which is no student's name")
        if strange := [name for name, value in vars(read).items() if value in (inf, -inf)]:
            raise msgspec.ValidationError(f"got an infinite {strange[0]} of {read.name!r}")
        return read

    @property
    def loss(self) -> float:
        """What the run chooses by, less is better."""
        return self.selection_log_loss if self.selection_loss is None else self.selection_loss

    @property
    def metrics(self) -> SelectionMetrics:
        """What it is chosen by."""
        return SelectionMetrics(self.loss, self.bytes, self.row_us, self.selection_retention)


def no_worse(one: SelectionMetrics, other: SelectionMetrics) -> bool:
    """Whether one has no higher loss, no larger file, and is not clearly slower."""
    return (
        one.loss <= other.loss
        and one.n_bytes <= other.n_bytes
        and one.row_us <= TOLERANCE * other.row_us
    )


def pareto_front(items: Iterable[T], figures: Callable[[T], SelectionMetrics]) -> list[T]:
    """Return those that no other beats or equals in everything, lowest loss first.

    Of any two on it each is better than the other in something, and any that is not on it is
    beaten or equalled by one that is. Times within 10 % are equal. That is no order by itself (a
    is as fast as b, b as c, a not as c), so candidates are taken by loss, then size, then
    time, and each is compared with those on the front so far.
    """

    def by_loss(item: T) -> tuple[float, float, float]:
        own = figures(item)
        return own.loss, own.n_bytes, own.row_us

    front: list[T] = []
    for item in sorted(items, key=by_loss):
        if not any(no_worse(figures(each), figures(item)) for each in front):
            front.append(item)
    return front
