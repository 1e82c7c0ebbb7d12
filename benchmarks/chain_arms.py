"""The arms of the chain benchmark: a mapping of name to function, and nothing else.

An arm is ``arm(lesson: TrainingSet) -> Answer``. It may use

* ``lesson.problem.training`` (a ``Dataset``), ``lesson.problem.test.table`` with its finished
  student only, ``lesson.seeds.students`` for randomness, ``lesson.problem.n_classes``;
* ``lesson.fused`` / ``lesson.uniform`` / ``lesson.deaf``: the teachers fused as the recipe does
  (with munge rows that they labelled) / their plain mean / nobody. Each has ``selection`` (a
  ``SelectionSplit`` or three, whose teachers never saw the rows held out) and ``training`` (all
  rows, for the refit), both ``EncodedRows`` encoded as "tree" and "linear", as the engine's
  ``hpmkd.training.datasets.evaluate``, ``refit`` and every stage take them;
* ``chain_teachers.parts()``, ``registry()``, ``recipe()``, ``cache()`` and ``lesson.teachers``,
  for the engine's own steps: with them, and ``extra.rows`` left alone, they find every answer of
  a teacher in the cache. (``HPMDistiller.distill`` as a whole does too, but then fits the
  teachers once more to measure their speed.)

A finished ``Student`` becomes an ``Answer`` by ``chain_answers.answered(student, table, **told)``,
which weighs it; ``told`` is kept in the line. Time spent on teachers is not the arm's.

So a stage of the engine is one line, and its ablations are one line each::

    "ours A": staged(ChainStage(...), CANDIDATES, lambda lesson: lesson.fused, ALPHAS),
    "ours A, no munge": staged(..., lambda lesson: lesson.fused.without_extra(), ALPHAS),

For a boosted student of a fixed shape see ``chain_boosted``: ``best_of`` and ``finished``.
``chain_targets.TARGETS`` names the arms that a target compares: ``ours A``, ``ours B``,
``ours tree``, ``ours depth 3``. Tables show arms in the order of this mapping; one that has no
answers yet is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from chain_answers import Answer
from chain_ours import OURS
from chain_rivals import RIVALS
from chain_teachers import TrainingSet

ARMS: dict[str, Callable[[TrainingSet], Answer]] = {**RIVALS, **OURS}
