"""The arms of the chain benchmark: a mapping of name to function, and nothing else.

An arm is ``arm(teachers: ProblemTeachers) -> Answer``. It may use

* ``teachers.problem.training`` (a ``Dataset``), ``teachers.problem.test.table`` with its finished
  student only, ``teachers.seeds.students`` for randomness, ``teachers.problem.n_classes``;
* ``teachers.fused`` / ``teachers.uniform`` / ``teachers.hard``: fused as the recipe does
  (with munge rows that they labelled) / their plain mean / hard labels. Each has
  ``selection_sets`` (one or three, whose teachers never saw the rows held out) and
  ``training`` (all rows, for the refit), both encoded as "tree" and "linear", as the engine's
  ``evaluate``, ``refit`` and every stage take them;
* ``parts()``, ``registry()``, ``recipe()``, ``cache()`` of ``teachers.py`` and
  ``teachers.members``, for the engine's own steps: with them, and ``extra.rows`` left alone, they
  find every prediction of a teacher in the cache. (``HPMDistiller.distill`` as a whole does too,
  but then fits the teachers again to measure their speed.)

A finished ``Student`` becomes an ``Answer`` by ``answers.answered(student, table, **choice)``,
which measures its size; ``choice`` is kept in the line. Time spent on teachers is not the arm's.

So a stage of the engine is one line, and its ablations are one line each::

    "ours A": staged(ChainStage(...), CANDIDATES, lambda teachers: teachers.fused, ALPHAS),
    "ours A, no munge": staged(..., lambda teachers: teachers.fused.without_extra(), ALPHAS),

For a boosted student of a fixed shape see ``boosted.py``: ``best_of`` and ``finished``.
``TARGETS`` of ``targets.py`` names the arms that a target compares: ``ours A``, ``ours B``,
``ours tree``, ``ours depth 3``. Tables show arms in the order of this mapping; one that has no
answers yet is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.chain.answers import Answer
from benchmarks.chain.ours import OURS
from benchmarks.chain.rivals import RIVALS
from benchmarks.chain.teachers import ProblemTeachers

ARMS: dict[str, Callable[[ProblemTeachers], Answer]] = {**RIVALS, **OURS}
