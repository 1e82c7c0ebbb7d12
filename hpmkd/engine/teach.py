"""What the teachers say, asked in the order that keeps a run honest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.chain.parents import SelectionSet, TrainingSet, selection_rows
from hpmkd.data import splits
from hpmkd.data.dataset import DataWarning
from hpmkd.data.encoding import EncodingOptions
from hpmkd.data.unlabeled import warn_of_known_rows
from hpmkd.engine.teacher_costs import of_member
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.training.final_rows import NO_FINAL_ROWS, FinalRows

if TYPE_CHECKING:
    from hpmkd.data.dataset import Dataset
    from hpmkd.data.unlabeled import PseudoLabelledRows
    from hpmkd.engine.context import Assembly
    from hpmkd.engine.search import StudentSearch
    from hpmkd.knowledge.builder import KnowledgeBuilder, TeacherKnowledge
    from hpmkd.knowledge.regime import Regime
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.recipe.settings import SplitSettings
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class TeacherOutputs:
    """What the teachers said.

    Parameters
    ----------
    regime : Regime
        Where their knowledge comes from.
    selection_sets : sequence of SelectionSet
        The selection rows, and lessons by teachers that had not seen them.
    taught : TeacherKnowledge
        What they said once they had seen all training rows.
    training_set : TrainingSet
        What students are fitted on for good, so taught: all training rows, or all but the
        selection rows where these judge such students as well.
    held : Dataset
        All selection rows, in the order of their numbers.
    ranking : TrialRanking
        How trials stand beside them.
    costs : sequence of ndarray of shape (3,)
        What each teacher takes, as :func:`hpmkd.engine.teacher_costs.of_member` measures it.
    finals : FinalRows
        Judges who learnt from `lesson`, where trials saw a part of it.
    """

    regime: Regime
    selection_sets: Sequence[SelectionSet]
    taught: TeacherKnowledge
    training_set: TrainingSet
    held: Dataset
    ranking: TrialRanking
    costs: Sequence[FloatArray]
    finals: FinalRows = NO_FINAL_ROWS

    def facts(self) -> dict[str, Any]:
        """Return what a run tells of its selection rows."""
        return {"rows": len(self.held), "teacher_accuracy": self.ranking.teacher_accuracy}


def collect_knowledge(
    shared: Assembly, recipe: Recipe, training: Dataset, test: Dataset
) -> TeacherOutputs:
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
    learning.budget_plan.check(len(split_rows), recipe.search.alphas.soft)
    once = splits.exceeds(len(training), settings.once_above) and len(split_rows) == 1
    progress.start("teachers", teaching.n_folds(0 if once else len(split_rows)))
    regime = teaching.regime()
    if regime.warning:
        warnings.warn(regime.warning, DataWarning, stacklevel=2)
    teaching = teaching.with_sources_for(regime)
    if teaching.source.real:
        warn_of_known_rows(teaching.source.unlabeled, training, test)
    for_students = RowsForStudents(settings, learning, shared.seeds.selection)
    if once:
        ((kept, held_rows),) = split_rows
        selection_sets, taught = for_students.once(teaching, regime, kept, held_rows)
    else:
        selection_sets = [for_students.selection_set(teaching, *rows) for rows in split_rows]
        taught = teaching.finish(regime)
    # Measured now, so that their models, which are large, need not wait for the end.
    costs = [of_member(teacher, teaching.reader) for teacher in teaching.teachers]
    teaching.reader.forget_models()
    progress.finish()
    said, held = taught.knowledge.soft_targets, selection_rows(selection_sets)
    ranking = TrialRanking.beside(said[held], labels[held], recipe.limits)
    rows, finals = training, NO_FINAL_ROWS
    if once and selection_sets[0].is_part:
        # Their teachers have not seen the selection rows, so that students need not either.
        kept = np.setdiff1d(np.arange(len(training)), held)
        rows, said, finals = training.rows(kept), said[kept], FinalRows(selection_sets[0].held)
    training_set = for_students.training_set(rows, said, taught.extra)
    return TeacherOutputs(
        regime, selection_sets, taught, training_set, training.rows(held), ranking, costs, finals
    )


@dataclass(frozen=True)
class RowsForStudents:
    """Makes lessons of what teachers say.

    Parameters
    ----------
    settings : SplitSettings
        How many rows trials are fitted on.
    learning : StudentSearch
        Knows which encodings students read, and where encoded rows are looked for.
    seed : int
        Draws the rows of trials where there are too many.
    """

    settings: SplitSettings
    learning: StudentSearch
    seed: int

    def training_set(
        self, rows: Dataset, soft_targets: FloatArray, extra: PseudoLabelledRows | None
    ) -> TrainingSet:
        """Encode rows whose teachers say `soft_targets` of shape (n, K)."""
        learning, settings = self.learning, self.settings
        options = EncodingOptions(settings.scaling_rows, settings.single_above)
        encoded = (learning.encodings, learning.features, options)
        return TrainingSet.prepare(rows, soft_targets, extra, *encoded)

    def selection_set(
        self, teaching: KnowledgeBuilder, kept: IntArray, held: IntArray
    ) -> SelectionSet:
        """Let teachers that saw no selection row teach the rows of the trials."""
        training = teaching.reader.training
        fit_rows = self._of_trials(training, kept)
        training_set = self.training_set(training.rows(fit_rows), *teaching.soft_targets(fit_rows))
        return SelectionSet(training_set, held, training.rows(held).taken(), len(kept))

    def once(
        self, teaching: KnowledgeBuilder, regime: Regime, kept: IntArray, held: IntArray
    ) -> tuple[list[SelectionSet], TeacherKnowledge]:
        """Ask teachers once, for trials and for good; they never see the selection rows.

        On many rows they are as good without these, and need not be fitted twice. Trials are
        judged by rows of which neither their teachers nor the fuser have seen a label; and what
        is said of any row comes from a teacher that had not seen it.
        """
        training = teaching.reader.training
        fit_rows = self._of_trials(training, kept)
        taught = teaching.finish(regime, held, fit_rows)
        said = taught.knowledge.soft_targets[fit_rows]
        training_set = self.training_set(taught.fusion.rows, said, taught.extra)
        return [SelectionSet(training_set, held, training.rows(held).taken(), len(kept))], taught

    def _of_trials(self, training: Dataset, kept: IntArray) -> IntArray:
        chosen = splits.sample(training.labels[kept], self.settings.trial_rows, self.seed)
        fit_rows: IntArray = kept[chosen]
        return fit_rows
