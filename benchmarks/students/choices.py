"""Chooses among finished candidates by their out-of-fold answers: one student, or a pool."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from benchmarks.students.answers import Answer, Answers
from benchmarks.students.candidates import FIXED, TARGETS, boosted
from benchmarks.students.data import Problem
from hpmkd.data.probabilities import row_losses
from hpmkd.student import Student, TreesModel, pool_students
from hpmkd_defaults.fusers.calibrated import CalibratedFuser
from hpmkd_defaults.fusers.two_pools import PoolFuser
from hpmkd_defaults.stages.boosted_path import as_half

#: Members of a pool at most.
MOST = 3


class Finished:
    """The finished candidates of one draw.

    Parameters
    ----------
    answers : Answers
        Of all draws.
    problem : Problem
        The draw.
    """

    def __init__(self, answers: Answers, problem: Problem) -> None:
        self.problem = problem
        self.arrays = lru_cache(maxsize=None)(lambda name: answers.read(problem, name))
        self.loss_of = answers.frame([problem.key]).set_index("arm").cv_loss

    def least(self, names: Sequence[str]) -> tuple[str, float]:
        """Return the candidate with the least loss over the held folds, and that loss."""
        name = min(names, key=lambda name: self.loss_of[name])
        return name, float(self.loss_of[name])

    def content(self, arm: str) -> bytes:
        """Return the student of an arm as the content of its file."""
        return bytes(self.arrays(arm)["content"])

    def single(self, names: Sequence[str]) -> Answer:
        """Return the answer of the candidate with the least loss over the held folds."""
        chosen = self.least(names)[0]
        found = self.arrays(chosen)
        content = self.content(chosen)
        facts = {"chosen": [chosen], "among": list(names)}
        return Answer(found["test"], len(content), 0.0, found["out_of_fold"], content, facts)

    def half(self, arm: str) -> Answer:
        """Return the boosted student of an arm with its leaves rounded to float16."""
        student = Student.from_bytes(self.content(arm))
        assert isinstance(student.model, TreesModel)
        model = student.model.with_leaf_values(as_half(student.model.leaf_values))
        rounded = Student(student.encoder, model, student.classes)
        content = rounded.to_bytes()
        test = rounded.predict_proba(self.problem.test.table)
        return Answer(test, len(content), 0.0, content=content)

    def pool(self, names: Sequence[str], fuser: Any) -> Answer:
        """Return a pool of three candidates at most, packed as one student."""
        start = time.process_time()
        labels = self.problem.training.labels
        predicted = {name: self.arrays(name)["out_of_fold"] for name in names}
        chosen, fitted = greedy(predicted, labels, fuser)
        members = [Student.from_bytes(self.content(name)) for name in chosen]
        student = pool_students(members, fitted.to_pool())
        seconds = time.process_time() - start
        content = student.to_bytes()
        stacked = np.stack([predicted[name] for name in chosen])
        facts = {
            "chosen": chosen,
            "among": list(names),
            "weights": np.round(fitted.weights, 3).tolist(),
        }
        return Answer(
            test=student.predict_proba(self.problem.test.table),
            n_bytes=len(content),
            seconds=seconds,
            # By the members that have not seen a row; only the few numbers of the pool have.
            out_of_fold=fitted.fuse(stacked, None).probabilities,
            content=content,
            facts=facts,
        )


def greedy(predicted: Mapping[str, np.ndarray], labels: np.ndarray, fuser: Any):
    """Add the member that helps a pool most, as long as one does; return names and the pool."""
    chosen: list[str] = []
    best, pool = np.inf, None
    while len(chosen) < MOST:
        tried = {}
        for name in predicted.keys() - {*chosen}:
            stacked = np.stack([predicted[each] for each in (*chosen, name)])
            fitted = fuser.fit(stacked, labels, None)
            fused = fitted.fuse(stacked, None).probabilities
            tried[name] = float(row_losses(fused, labels).mean()), fitted
        name = min(tried, key=lambda each: (tried[each][0], each), default=None)
        if name is None or tried[name][0] >= best:
            break
        best, pool = tried[name]
        chosen.append(name)
    return chosen, pool


def groups(n_classes: int) -> dict[str, list[str]]:
    """Return the candidates that are compared by their loss over the held folds, by the group."""
    family, leaves = boosted(n_classes)

    def sizes(form: str, target: str) -> list[str]:
        return [f"{form} {size} {target}" for size in leaves]

    found = {
        f"trees {target}{end}": [f"{name}{end}" for name in sizes("trees", target)]
        for target in ("plain", "hard")
        for end in ("", FIXED.format(""))
    }
    for target in TARGETS:
        found[f"boosters {target}"] = sizes(family, target)[: 1 if target == "soft" else None]
    found["hard"] = ["logistic hard", "network hard", *sizes(family, "hard")]
    for extra in ("made", "real"):
        found[extra] = [*found["hard"], f"network {extra}", *sizes(family, extra)]
    return found


#: Hard vector leaves where there are more than two classes; and the same in float16.
VECTOR, HALF = "boosters hard", "vector leaves in float16"
#: The first rounds of these that are as good as K trees over the held folds.
SHORT = "vector leaves as good as K trees"
#: The groups of which pools are made, too.
POOLED = ("hard", "made", "real")
FUSERS = {"pool": PoolFuser(), "linear pool": CalibratedFuser()}


def choices(n_classes: int) -> dict[str, Callable[[Finished], Answer]]:
    """Return the arms that choose among candidates, by name."""
    by_group = groups(n_classes)
    arms: dict[str, Callable[[Finished], Answer]] = {}
    for group, names in by_group.items():
        arms[f"best of {group}"] = partial(Finished.single, names=names)
    if n_classes > 2:
        arms[HALF] = partial(Finished.half, arm=f"best of {VECTOR}")
    for kind, fuser in FUSERS.items():
        for group in POOLED:
            arms[f"{kind} of {group}"] = partial(Finished.pool, names=by_group[group], fuser=fuser)
    return arms
