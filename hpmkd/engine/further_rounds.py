"""Steps 3 and 4 again: teachers are fused beside the best student that has learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.engine.search import search_again
from hpmkd.engine.student_state import asks, current_student
from hpmkd.engine.teach import teach_again
from hpmkd.evaluation.gates import Gate, gate
from hpmkd.training.refit import candidates

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.search import SearchResult
    from hpmkd.engine.split import RunRows
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.values import Trial


@dataclass(frozen=True)
class LearningRounds:
    """The final knowledge that students learned from, and the students."""

    outputs: TeacherOutputs
    found: SearchResult
    gates: Sequence[Gate] = ()  # of each further round


def further_rounds(
    ctx: RunContext, rows: RunRows, outputs: TeacherOutputs, hard: SearchResult, found: SearchResult
) -> LearningRounds:
    """Fuse and search again (``search.rounds``), as long as that pays.

    The trials of a round that is not kept, and those that a kept one replaces, win nothing.
    """
    gates: list[Gate] = []
    tried = list(found.trials)
    for number in range(2, ctx.recipe.search.rounds + 1):
        if reason := _nothing_new(ctx, rows, outputs, found):
            ctx.note(f"there is no round {number}: {reason}")
            break
        again = teach_again(ctx, rows, outputs, found.trials)
        if _target_digests(again) == _target_digests(outputs):
            ctx.note(f"there is no round {number}: the fused targets are the same")
            break
        leader = _best(ctx, outputs, found)
        searched = search_again(ctx, again, hard, found, number, len(tried) - len(hard.trials))
        tried += searched.trials[len(hard.trials) :]
        gates.append(gate(f"round {number}", leader, _best(ctx, again, searched), ctx.metric))
        if not gates[-1].passed:
            break
        outputs, found = again, searched
    return LearningRounds(outputs, found, gates)


def _nothing_new(
    ctx: RunContext, rows: RunRows, outputs: TeacherOutputs, found: SearchResult
) -> str | None:
    """Return why the fused targets would be the same; None if they may differ."""
    if not outputs.teaches:
        return "the teachers teach nothing"
    if not asks(ctx.parts.fuser):
        return "the fuser does not look at the student (fuser.student_state)"
    if rows.one_holdout:
        return "one holdout chooses, so students have predicted no other row out of fold"
    if outputs.source.pairs is not None:
        # For a row of fold j, judged on k: its teachers would have to be fitted without a third.
        return "students that learn from soft targets of rows with labels are not out of fold"
    student = current_student(ctx, found.trials)
    if student is None or student.configuration.hard:
        return "the best student has learned from no teacher"
    return None


def _target_digests(outputs: TeacherOutputs) -> list[str]:
    """Return digests of all that students learn from."""
    sets = [each.training for each in outputs.selection_sets]
    return [each.digest for each in (outputs.training, *sets)]


def _best(ctx: RunContext, outputs: TeacherOutputs, found: SearchResult) -> Trial:
    """Return the trial that leads; every stage has at least its control."""
    return min(candidates(found.trials, ctx.trainer.fitting.stages), key=outputs.ranking.sort_key)
