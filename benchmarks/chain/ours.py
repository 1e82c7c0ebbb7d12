"""The chain's own students, and the same with one part switched off each.

Students A and B grow on the margins of a linear student, in parts with a joint refit after
each, trained on (1 - a) label + a out-of-fold teacher on real rows and on the teachers' bag on
munge rows. The selection rows choose the point, whether it stands on the linear student, and
whether it is a hard student instead: by least log loss, the control always included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from benchmarks.chain.answers import Answer
from benchmarks.chain.boosted import Shape, shape_a, shape_b, shape_depth3
from benchmarks.chain.rivals import TREES, hard_boosted
from benchmarks.chain.teachers import ProblemTeachers
from benchmarks.chain.work import Work
from hpmkd.values import After, Configuration, Hyperparameter, Trial

#: Weight of a munge row; that of a point is relative to it.
MUNGE_WEIGHT = 0.5


@dataclass(frozen=True)
class Point:
    """How one candidate is trained: a, refits, weight of munge rows relative to .5."""

    alpha: float
    refits: int
    extra_weight: float = 1.0


#: Clean labels; noisy ones; very noisy ones. The first of each is the frozen form.
POINTS_A = (Point(0.1, 10), Point(0.5, 1, 2.0), Point(1.0, 1, 2.0))
POINTS_B = (Point(0.25, 6), Point(0.5, 1, 2.0), Point(1.0, 1, 2.0))
#: The softening of a tree is chosen with these, its size afterwards.
MIDDLING_TREES = (
    {"max_leaf_nodes": 64, "min_samples_leaf": 5, "shrinkage": 2.0},
    {"max_leaf_nodes": 128, "min_samples_leaf": 5, "shrinkage": 2.0},
)
#: Steps of the hard students that take part.
HARD_ETAS = (0.1, 0.3, 0.5)


@dataclass(frozen=True)
class Boosted:
    """One of our boosted students as an arm.

    Parameters
    ----------
    shape_of : callable
        Its size by the number of classes.
    etas : tuple of float
        Steps of the grown candidates.
    points : tuple of Point
        What is tried.
    starts : tuple of bool
        Whether candidates stand on the linear student.
    munge, gated : bool
        Whether munge rows teach; whether hard students take part.
    """

    shape_of: Callable[[int], Shape]
    etas: tuple[float, ...]
    points: tuple[Point, ...]
    starts: tuple[bool, ...] = (True, False)
    munge: bool = True
    gated: bool = True

    def __call__(self, teachers: ProblemTeachers) -> Answer:
        """Answer with the student that the selection rows prefer."""
        work = Work(teachers, teachers.fused if self.munge else teachers.fused.without_extra())
        best = work.best(list(self.candidates(work)))
        # Where hard labels win, the best hard student is wanted: the rival's own.
        return hard_boosted(self.shape_of)(teachers) if is_plain(best) else work.answer(best)

    def candidates(self, work: Work) -> Iterator[Configuration]:
        """Yield every point, on and off the linear student, and the hard students."""
        shape = self.shape_of(work.teachers.problem.n_classes)
        name = "gbm" if shape.limit == "max_leaves" else "xgboost"
        plain = plain_settings(shape)
        linear = work.linear() if True in self.starts else None
        for start in self.starts:
            after = After("residual", linear) if start else None
            for point, eta in product(self.points, self.etas):
                every = shape.rounds // point.refits if point.refits else 0
                settings = {**plain, "eta": eta, "refit_every": every}
                weight = MUNGE_WEIGHT * point.extra_weight if self.munge else 0.0
                yield Configuration(name, 1.0, point.alpha, settings, after, extra_weight=weight)
        for eta in HARD_ETAS if self.gated else ():
            yield Configuration(name, 1.0, 0.0, {**plain, "eta": eta, "refit_every": 0})


def is_plain(trial: Trial) -> bool:
    """Return whether a trial is of a plain student on hard labels."""
    configuration = trial.configuration
    refitted = configuration.hyperparameters["refit_every"] > 0
    return configuration.hard and configuration.after is None and not refitted


def plain_settings(shape: Shape) -> dict[str, Hyperparameter]:
    """Return the size of a student, every tree on all rows and columns."""
    whole = {"subsample": 1.0, "colsample_bytree": 1.0}
    return {"n_rounds": shape.rounds, shape.limit: shape.most, **whole}


@dataclass(frozen=True)
class SingleTree:
    """A tree trained on an assistant beside the teachers, its size chosen afterwards.

    Parameters
    ----------
    assistant : bool
        Whether student A helps to teach.
    munge : bool
        Whether munge rows do.
    """

    assistant: bool = True
    munge: bool = True

    def __call__(self, teachers: ProblemTeachers) -> Answer:
        """Answer with the tree that the selection rows prefer."""
        work = Work(teachers, teachers.fused if self.munge else teachers.fused.without_extra())
        before = work.best(list(A.candidates(work))).configuration if self.assistant else None
        afters = (None,) if before is None else (None, After("assistant", before))
        trained = work.best(
            [
                Configuration("tree", 1.0, alpha, settings, after)
                for settings in MIDDLING_TREES
                for alpha in (0.5, 1.0)
                for after in afters
            ]
        ).configuration
        sized = [replace(trained, hyperparameters=settings) for settings in TREES]
        hard = [Configuration("tree", 1.0, 0.0, settings) for settings in TREES]
        return work.answer(work.best([*hard, *sized]))


def mixed(teachers: ProblemTeachers) -> Answer:
    """Answer with the proposal's chain: logistic, tree, then A, each mixed into the next."""
    work = Work(teachers, teachers.fused.without_extra())
    before, alpha = work.linear((0.5,)), 0.5
    trees = [Configuration("tree", 1.0, alpha, each, After("mix", before)) for each in TREES]
    before = work.best(trees).configuration
    shape = shape_a(teachers.problem.n_classes)
    plain = plain_settings(shape)
    tried = [
        Configuration("gbm", 1.0, alpha, {**plain, "eta": eta}, After("mix", before))
        for eta in HARD_ETAS
    ]
    return work.answer(work.best(tried))


def refitted(points: tuple[Point, ...], refits: int) -> tuple[Point, ...]:
    """Return points with another number of refits."""
    return tuple(replace(point, refits=refits) for point in points)


A = Boosted(shape_a, (0.3,), POINTS_A)
B = Boosted(shape_b, (0.5,), POINTS_B)
#: External teachers: more weight on their predictions, and no refit.
EXTERNAL_POINTS = (Point(0.5, 0), Point(1.0, 0), Point(1.0, 0, 2.0))
OURS: dict[str, Callable[[ProblemTeachers], Answer]] = {
    "ours A": A,
    "ours B": B,
    "ours tree": SingleTree(),
    "ours depth 3": Boosted(shape_depth3, (0.3,), EXTERNAL_POINTS),
    "mix A": mixed,
    # Added when the others had been seen on the test rows: the hard control's step is tuned, so
    # ours should be. It decides no target.
    "ours A: step tuned": replace(A, etas=(0.1, 0.3, 0.5)),
    "ours A: frozen": replace(A, points=POINTS_A[:1], starts=(True,), gated=False),
    "ours A: noisy": replace(A, points=POINTS_A[1:2], starts=(True,), gated=False),
    "ours A: no linear start": replace(A, starts=(False,)),
    "ours A: no munge": replace(A, munge=False),
    "ours A: no refit": replace(A, points=refitted(POINTS_A, 0)),
    "ours A: one refit": replace(A, points=refitted(POINTS_A, 1)),
    "ours A: one target": replace(A, points=POINTS_A[:1]),
    "ours A: no teacher": replace(A, points=tuple(replace(p, alpha=0.0) for p in POINTS_A)),
    "ours tree: no assistant": SingleTree(assistant=False),
    "ours tree: no munge": SingleTree(munge=False),
}
