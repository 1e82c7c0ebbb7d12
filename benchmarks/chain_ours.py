"""The chain's own students, and the same with one part switched off each.

Students A and B grow on the margins of a linear student, in parts with a joint refit after
each, taught by (1 - a) label + a out-of-fold teacher on real rows and by the teachers' bag on
munge rows. Which of the portfolio's points, whether it stands on the linear student, and
whether it is the hard control instead, the selection rows say: the least log loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from chain_answers import Answer, answered
from chain_boosted import Shape, best_of, finished, shape_a, shape_b, shape_depth3
from chain_rivals import LINES
from chain_teachers import Heard, Lesson, parts

from hpmkd.fitting import Fitting, StageInPlay
from hpmkd.lessons import Predecessors
from hpmkd.trials import RefitData, SearchData, evaluate, refit
from hpmkd.values import After, Configuration, Trial
from hpmkd_defaults.stages.boosting import GBMStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.transfers.residual import Residual


@dataclass(frozen=True)
class Point:
    """How one candidate is taught: a, refits, weight of munge rows relative to .5."""

    alpha: float
    refits: int
    extra_weight: float = 1.0


#: Clean labels; noisy labels; very noisy labels. The first of each is SCIENCE's frozen form.
POINTS_A = (Point(0.1, 10), Point(0.5, 1, 2.0), Point(1.0, 1, 2.0))
POINTS_B = (Point(0.25, 6), Point(0.5, 1, 2.0), Point(1.0, 1, 2.0))


@dataclass(frozen=True)
class Ours:
    """One of our students as an arm.

    Parameters
    ----------
    shape_of : callable
        Its size by the number of classes, and the control of that size.
    eta : float
        Step of the grown candidates.
    points : tuple of Point
        What is tried.
    starts : tuple of bool
        Whether candidates stand on the linear student.
    munge : bool
        Whether munge rows teach.
    gated : bool
        Whether the hard control is in the race.
    """

    shape_of: Callable[[int], Shape]
    eta: float
    points: tuple[Point, ...]
    starts: tuple[bool, ...] = (True, False)
    munge: bool = True
    gated: bool = True

    def __call__(self, lesson: Lesson) -> Answer:
        heard = lesson.fused if self.munge else lesson.fused.without_extra()
        work = Work(lesson, heard)
        trials = work.evaluate(list(self.candidates(lesson, work)))
        best = min(trials, key=lambda trial: trial.log_loss)
        control = self.control(lesson) if self.gated else None
        if control is not None and control[2] <= best.log_loss:
            return finished(self.shape_of(lesson.problem.n_classes), lesson, lesson.deaf, control)
        return work.answer(best)

    def control(self, lesson: Lesson):
        """Return the hard student of the same size, tuned as the rival is."""
        shape = self.shape_of(lesson.problem.n_classes)
        tried = [Configuration("boosted", 1.0, 0.0, each) for each in shape.candidates()]
        return best_of(shape, lesson.deaf, tried, lesson.seeds.students)

    def candidates(self, lesson: Lesson, work: Work) -> Iterator[Configuration]:
        """Yield every point, on and off the linear student."""
        shape = self.shape_of(lesson.problem.n_classes)
        plain = {"n_rounds": shape.rounds, shape.limit: shape.most, "eta": self.eta}
        for start in self.starts:
            after = After("residual", work.linear()) if start else None
            for point in self.points:
                settings = {**plain, "refits": point.refits, "extra_weight": point.extra_weight}
                yield Configuration("gbm", 1.0, point.alpha, settings, after)


class Work:
    """The engine's parts around one problem."""

    def __init__(self, lesson: Lesson, heard: Heard) -> None:
        self.lesson, self.heard = lesson, heard
        stages = {
            name: StageInPlay(name, "benchmark", stage)
            for name, stage in (("gbm", GBMStage()), ("logistic", LogisticStage()))
        }
        scheduler, seed = parts().scheduler.create(), lesson.seeds.students
        self.fitting = Fitting(stages, {"residual": Residual()}, scheduler, seed)
        executor = parts().executor.create()
        self.predecessors = Predecessors(self.fitting, executor, 5, lambda n: None)
        self._linear: Configuration | None = None

    def linear(self) -> Configuration:
        """Return the linear student on hard labels that the selection rows prefer."""
        if self._linear is None:
            tried = [Configuration("logistic", 1.0, 0.0, each) for each in LINES]
            best = min(self.evaluate(tried), key=lambda trial: trial.log_loss)
            self._linear = best.configuration
        return self._linear

    def evaluate(self, tried: list[Configuration]) -> list[Trial]:
        """Judge configurations by the selection rows."""
        prepared = self.predecessors.prepared
        exams = self.heard.exams
        splits = tuple(exam.split(prepared(exam.lesson, tried)) for exam in exams)
        data = SearchData(splits, self.fitting)
        trials = [evaluate(data, task) for task in enumerate(tried)]
        for trial in trials:
            if trial.failure is not None:
                raise RuntimeError(trial.failure)
        return trials

    def answer(self, best: Trial) -> Answer:
        """Refit the best on all rows, and answer."""
        chosen = best.configuration
        training = self.predecessors.prepared(self.heard.lesson, [chosen])
        student = refit(RefitData(training, self.fitting), chosen)
        if isinstance(student, str):
            raise RuntimeError(student)
        told = {**chosen.hyperparameters, "alpha": chosen.alpha, "after": str(chosen.after)}
        table = self.lesson.problem.test.table
        return answered(student, table, **told, selection=best.log_loss)


A = Ours(shape_a, 0.3, POINTS_A)
B = Ours(shape_b, 0.5, POINTS_B)
OURS: dict[str, Callable[[Lesson], Answer]] = {
    "ours A": A,
    "ours B": B,
    "ours A: frozen": replace(A, points=POINTS_A[:1], starts=(True,), gated=False),
    "ours A: noisy": replace(A, points=POINTS_A[1:2], starts=(True,), gated=False),
    "ours A: ungated": replace(A, gated=False),
    "ours A: no linear start": replace(A, starts=(False,)),
    "ours A: no munge": replace(A, munge=False),
    "ours A: no refit": replace(A, points=tuple(replace(p, refits=0) for p in POINTS_A)),
    "ours A: one refit": replace(A, points=tuple(replace(p, refits=1) for p in POINTS_A)),
    "ours A: one target": replace(A, points=POINTS_A[:1]),
    "ours A: no teacher": replace(A, points=tuple(replace(p, alpha=0.0) for p in POINTS_A)),
}
