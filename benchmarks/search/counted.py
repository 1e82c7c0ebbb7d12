"""Models that whole runs train: the budget of a recipe, counted."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.chain.data import SELF, draw
from benchmarks.chain.teachers import ProblemTeachers, cache, registry
from benchmarks.common.results import add_line, done, read_lines
from hpmkd.engine.run import HPMDistiller
from hpmkd.recipe.recipe import Recipe

#: One set whose selection is cross-validated, two with a holdout.
COUNTED_SETS = ("breast_cancer", "phoneme", "segment")
RECIPES = ("hpm", "proposal")


def counted(path: Path, cached: bool) -> list[dict]:
    """Return the counts of every recipe on every set; runs that are in the file are not repeated.

    If `cached`, nothing is run.
    """
    known = done(path, ("set", "recipe"))
    for name in COUNTED_SETS:
        for recipe in RECIPES:
            if (name, recipe) not in known and not cached:
                add_line(path, run(name, recipe))
    return read_lines(path)


def run(name: str, recipe: str) -> dict:
    """Distil with a shipped recipe as it is, its memory in a folder of the run's own."""
    problem = draw(SELF, name, seed=0)
    assert problem is not None
    chosen = Recipe.load(recipe)
    with tempfile.TemporaryDirectory() as folder:
        if chosen.memory.name != "none":
            chosen = chosen.override({"memory.folder": folder})
        distiller = HPMDistiller(chosen, registry(), seed=0, cache=cache())
        members = ProblemTeachers(problem).members
        found = distiller.distill(problem.training, problem.test, members)
    return {
        "set": name,
        "recipe": recipe,
        "models": found.counts["models_trained"],
        "tuned": found.counts["trained_for"]["tuning"]["trials"],
        "trials": len(found.trials),
        "ended": found.facts["search"]["ended"],
    }
