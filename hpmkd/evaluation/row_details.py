"""Details of teacher, control and student on the test rows, for a report's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hpmkd.evaluation.importance import ColumnImportance
from hpmkd.evaluation.intervals import ModelIntervals
from hpmkd.evaluation.reliability import DIGITS, Reliability
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Test rows that are shown one by one, at most.
POINTS = 500
#: Quantiles of a teacher's weights.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MODELS = ("teacher", "control", "student")
#: A row for each true class, a column for each that is named.
Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ClassRecall:
    """How many rows of one class are recognised.

    Parameters
    ----------
    rows : int
        Test rows of the class.
    teacher, control, student : float or None
        Share of them that the model recognises (recall), weighted where rows are; None without
        rows or model.
    retention : float or None
        The student's share over the teacher's; None where either is unknown or the teacher's
        is 0.
    """

    rows: int
    teacher: float | None
    control: float | None
    student: float | None
    retention: float | None


@dataclass(frozen=True)
class Point:
    """One test row: the probability of its true class by teacher and student.

    Parameters
    ----------
    teacher, student : float
        Their probability of the true class, in [0, 1].
    teacher_right, student_right : bool
        Whether that class is the one they name.
    """

    teacher: float
    student: float
    teacher_right: bool
    student_right: bool


@dataclass(frozen=True)
class Weighing:
    """How much a teacher weighs from row to row, over the training rows.

    Parameters
    ----------
    teacher : str
        Its name.
    mean, deviation : float
        Mean and standard deviation of its weight.
    quantiles : tuple of float
        At 5, 25, 50, 75 and 95 %; all alike where the fuser weighs all rows alike.
    """

    teacher: str
    mean: float
    deviation: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class RowDetails:
    """What the test rows show, and how the teachers were weighed.

    Parameters
    ----------
    rows : int
        Test rows.
    reliability : tuple of Reliability
        Of each model that predicts test rows.
    by_class : tuple of ClassRecall
        One for each class, in the order of the run's classes.
    points : tuple of Point
        At most 500 test rows, drawn at random by the run's seed; none if the teacher cannot
        predict test rows.
    weights : tuple of Weighing
        One for each teacher.
    confusion : mapping of str to tuple of tuple of int
        By model: test rows by their class (row) and the one that it names (column), in the order of
        the run's classes. Empty in folders of older versions.
    intervals : tuple of ModelIntervals
        Of accuracy and log loss of every model; none in folders of older versions.
    importance : tuple of ColumnImportance
        Of at most 20 columns, on at most 300 test rows; none in folders of older versions.
    """

    rows: int
    reliability: tuple[Reliability, ...]
    by_class: tuple[ClassRecall, ...]
    points: tuple[Point, ...]
    weights: tuple[Weighing, ...]
    confusion: Mapping[str, Matrix] = field(default_factory=dict)
    intervals: tuple[ModelIntervals, ...] = ()
    importance: tuple[ColumnImportance, ...] = ()

    @classmethod
    def gather(
        cls,
        probabilities: Mapping[str, FloatArray],
        labels: IntArray,
        teachers: Sequence[str],
        weights: FloatArray,
        seed: int,
        row_weights: FloatArray | None = None,
        *,
        intervals: tuple[ModelIntervals, ...] = (),
        importance: tuple[ColumnImportance, ...] = (),
    ) -> RowDetails:
        """Gather what probabilities show.

        The M `teachers` have `weights` (n, M) in the training rows; `seed` draws the points. The
        test rows may have `row_weights` (m,). What was measured of them already is taken as it is.
        """
        known = [name for name in MODELS if name in probabilities]
        n_classes = probabilities["student"].shape[1]
        return cls(
            rows=len(labels),
            reliability=tuple(
                Reliability.measure(name, probabilities[name], labels, row_weights)
                for name in known
            ),
            by_class=tuple(
                _recall(probabilities, labels, code, row_weights) for code in range(n_classes)
            ),
            points=_points(probabilities, labels, seed),
            weights=tuple(map(_weighing, teachers, weights.T)),
            confusion={name: _confusion(probabilities[name], labels) for name in known},
            intervals=intervals,
            importance=importance,
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return the content of ``evidence.json``."""
        return {
            "rows": self.rows,
            "reliability": [each.to_mapping() for each in self.reliability],
            "by_class": [asdict(each) for each in self.by_class],
            "points": [asdict(each) for each in self.points],
            "weights": [{**asdict(each), "quantiles": [*each.quantiles]} for each in self.weights],
            "confusion": {name: [*map(list, each)] for name, each in self.confusion.items()},
            "intervals": msgspec.to_builtins(self.intervals),
            "importance": msgspec.to_builtins(self.importance),
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> RowDetails:
        """Read it back."""
        return cls(
            rows=mapping["rows"],
            reliability=tuple(Reliability.from_mapping(each) for each in mapping["reliability"]),
            by_class=tuple(ClassRecall(**each) for each in mapping["by_class"]),
            points=tuple(Point(**each) for each in mapping["points"]),
            weights=tuple(
                Weighing(**{**each, "quantiles": tuple(each["quantiles"])})
                for each in mapping["weights"]
            ),
            confusion={
                name: tuple(map(tuple, each)) for name, each in mapping.get("confusion", {}).items()
            },
            intervals=msgspec.convert(mapping.get("intervals", ()), tuple[ModelIntervals, ...]),
            importance=msgspec.convert(mapping.get("importance", ()), tuple[ColumnImportance, ...]),
        )


def _recall(
    probabilities: Mapping[str, FloatArray],
    labels: IntArray,
    code: int,
    weights: FloatArray | None,
) -> ClassRecall:
    own = labels == code
    theirs = None if weights is None else weights[own]
    shares: dict[str, float | None] = dict.fromkeys(MODELS)
    if own.any():
        for name, each in probabilities.items():
            right = each[own].argmax(axis=1) == code
            shares[name] = round(weighted_mean(right, theirs), DIGITS)
    teacher, student = shares["teacher"], shares["student"]
    ratio = student / teacher if teacher and student is not None else None
    retention = None if ratio is None else round(ratio, DIGITS)
    return ClassRecall(int(own.sum()), **shares, retention=retention)


def _confusion(probabilities: FloatArray, labels: IntArray) -> Matrix:
    from sklearn.metrics import confusion_matrix

    codes = np.arange(probabilities.shape[1])
    counted = confusion_matrix(labels, probabilities.argmax(axis=1), labels=codes)
    return tuple(tuple(row) for row in counted.tolist())


def _points(
    probabilities: Mapping[str, FloatArray], labels: IntArray, seed: int
) -> tuple[Point, ...]:
    if "teacher" not in probabilities:
        return ()
    rows: Sequence[int] = range(len(labels))
    if len(labels) > POINTS:
        drawn = np.random.default_rng(seed).choice(len(labels), POINTS, replace=False)
        rows = np.sort(drawn).tolist()
    teacher, student = probabilities["teacher"], probabilities["student"]
    return tuple(
        Point(
            teacher=round(float(teacher[row, labels[row]]), DIGITS),
            student=round(float(student[row, labels[row]]), DIGITS),
            teacher_right=bool(teacher[row].argmax() == labels[row]),
            student_right=bool(student[row].argmax() == labels[row]),
        )
        for row in rows
    )


def _weighing(teacher: str, weights: FloatArray) -> Weighing:
    quantiles = tuple(round(float(each), DIGITS) for each in np.quantile(weights, QUANTILES))
    mean, deviation = float(weights.mean()), float(weights.std())
    return Weighing(teacher, round(mean, DIGITS), round(deviation, DIGITS), quantiles)
