"""What the teachers say, asked in the order that keeps a run honest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd import splits
from hpmkd.dataset import DataWarning
from hpmkd.lessons import Exam, Lesson, selection_rows
from hpmkd.overlap import warn_of_known_rows
from hpmkd.standing import Standing

if TYPE_CHECKING:
    from hpmkd.assembly import Assembly
    from hpmkd.dataset import Dataset
    from hpmkd.recipe import Recipe
    from hpmkd.regime import Regime
    from hpmkd.teaching import Taught, Teaching


@dataclass(frozen=True)
class Heard:
    """What the teachers said.

    Parameters
    ----------
    regime : Regime
        Where their knowledge comes from.
    exams : sequence of Exam
        The selection rows, and lessons by teachers that had not seen them.
    taught : Taught
        What they said once they had seen all training rows.
    lesson : Lesson
        All training rows, so taught.
    standing : Standing
        How trials stand beside them.
    teaching : Teaching
        How they were asked.
    """

    regime: Regime
    exams: Sequence[Exam]
    taught: Taught
    lesson: Lesson
    standing: Standing
    teaching: Teaching

    def facts(self) -> dict[str, Any]:
        """Return what a run tells of its selection rows."""
        rows = len(selection_rows(self.exams))
        return {"rows": rows, "teacher_accuracy": self.standing.teacher_accuracy}


def listen(shared: Assembly, recipe: Recipe, training: Dataset, test: Dataset) -> Heard:
    """Ask the teachers: first without the selection rows, then about everything.

    Parameters
    ----------
    shared : Assembly
        The parts of the run.
    recipe : Recipe
        How rows are split, and what students have to keep.
    training, test : Dataset
        Of the test rows only those are looked at that were handed in without labels, too.
    """
    learning, progress, teaching = shared.learning, shared.progress, shared.teaching
    labels, settings = training.labels, recipe.split
    split_rows = splits.for_selection(labels, settings, shared.seeds.selection)
    learning.rations.check(len(split_rows), recipe.search.alphas.soft)
    progress.start("teachers", teaching.n_folds(len(split_rows)))
    regime = teaching.regime()
    if regime.warning:
        warnings.warn(regime.warning, DataWarning, stacklevel=2)
    teaching = teaching.with_sources_for(regime)
    if teaching.source.real:
        warn_of_known_rows(teaching.source.unlabeled, training, test)
    encoded = (learning.encodings, learning.features)
    exams = []
    for fit_rows, held_rows in split_rows:
        lesson = Lesson.prepare(training.rows(fit_rows), *teaching.soft_targets(fit_rows), *encoded)
        exams.append(Exam(lesson, held_rows, training.rows(held_rows)))
    taught = teaching.finish(regime)
    progress.finish()
    said, held = taught.knowledge.soft_targets, selection_rows(exams)
    standing = Standing.beside(said[held], labels[held], recipe.limits)
    lesson = Lesson.prepare(training, said, taught.extra, *encoded)
    return Heard(regime, exams, taught, lesson, standing, teaching)
