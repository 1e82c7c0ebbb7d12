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
SummaryRole = Literal["student", "control", "collapsed", "front"]


@dataclass(frozen=True)
class SelectionMetrics:
    """A student in four numbers.

    Parameters
    ----------
    log_loss : float
        On the selection rows, in nats.
    n_bytes : float
        Size of its file.
    row_us : float
        Time of one row, in microseconds; 0 where it was not measured: no limit is on it then, and
        all trials are equally fast.
    retention : float
        Its accuracy on the selection rows over that of the teacher, where the teacher had not
        seen them.
    """

    log_loss: float
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
        soft targets of their own.
    role : {"student", "control", "collapsed", "front"}
        The best of its stage; the best of its stage on hard labels; distilled from the
        ensemble; fitted because its trial is on the front, or on the way to a student that
        keeps the limits, or outdone by its control.
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
        Whether no other of these students beats or equals it in selection log loss, size and
        time at once.
    rounds : int or None
        That it was fitted with; None where a stage has no path.
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
    def metrics(self) -> SelectionMetrics:
        """What it is chosen by."""
        return SelectionMetrics(
            self.selection_log_loss, self.bytes, self.row_us, self.selection_retention
        )


def no_worse(one: SelectionMetrics, other: SelectionMetrics) -> bool:
    """Whether one has no higher log loss, no larger file, and is not clearly slower."""
    return (
        one.log_loss <= other.log_loss
        and one.n_bytes <= other.n_bytes
        and one.row_us <= TOLERANCE * other.row_us
    )


def pareto_front(items: Iterable[T], figures: Callable[[T], SelectionMetrics]) -> list[T]:
    """Return those that no other beats or equals in everything, lowest log loss first.

    Of any two on it each is better than the other in something, and any that is not on it is
    beaten or equalled by one that is. Times within 10 % are equal. That is no order by itself (a
    is as fast as b, b as c, a not as c), so candidates are taken by log loss, then size, then
    time, and each is compared with those on the front so far.
    """

    def by_loss(item: T) -> tuple[float, float, float]:
        own = figures(item)
        return own.log_loss, own.n_bytes, own.row_us

    front: list[T] = []
    for item in sorted(items, key=by_loss):
        if not any(no_worse(figures(each), figures(item)) for each in front):
            front.append(item)
    return front
