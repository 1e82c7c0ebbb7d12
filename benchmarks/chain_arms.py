"""The arms of the chain benchmark: a mapping of name to function, and nothing else.

An arm is ``arm(lesson: Lesson) -> Answer``. It may use

* ``lesson.problem.training`` (a ``Dataset``), ``lesson.problem.test.table`` with its finished
  student only, ``lesson.seeds.students`` for randomness, ``lesson.problem.n_classes``;
* ``lesson.fused`` / ``lesson.uniform`` / ``lesson.deaf``: the teachers fused as the recipe does
  (with munge rows that they labelled) / their plain mean / nobody. Each has ``selection`` (a
  ``SelectionSplit`` or three, whose teachers never saw the rows held out) and ``training`` (all
  rows, for the refit), both ``TrainingRows`` encoded as "tree" and "linear", as the engine's
  ``hpmkd.training.evaluate``, ``refit`` and every stage take them;
* ``chain_teachers.parts()``, ``registry()``, ``recipe()`` and ``cache()``: to run the engine
  itself, ``HPMDistiller(recipe(), registry(), lesson.problem.seed, cache())`` with ``recipe()``
  overridden as wished, but ``extra.rows`` left alone, asks no teacher again in the setting
  ``self``; ``lesson.teachers`` are the teachers to hand it.

A finished ``Student`` becomes an ``Answer`` by ``chain_answers.answered(student, table, **told)``,
which weighs it; ``told`` is kept in the line. Time spent on teachers is not the arm's.

So a stage of the engine is one line, and its ablations are one line each::

    "ours A": staged(ChainStage(...), CANDIDATES, lambda lesson: lesson.fused, ALPHAS),
    "ours A, no munge": staged(..., lambda lesson: lesson.fused.without_extra(), ALPHAS),

``chain_tables.TARGETS`` names the arms that a target compares: ``ours A``, ``ours B``,
``ours tree``, ``ours depth 3``. Tables show arms in the order of this mapping; one that has no
answers yet is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from chain_answers import Answer
from chain_rivals import RIVALS
from chain_teachers import Lesson

ARMS: dict[str, Callable[[Lesson], Answer]] = {**RIVALS}
