"""Models that whole runs train: what the budget of a recipe is worth, counted."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from chain_data import SELF, draw
from chain_teachers import TrainingSet, cache, registry

from hpmkd.engine.run import HPMDistiller
from hpmkd.recipe.recipe import Recipe

#: One set with a holdout, one whose selection is cross-validated.
COUNTED_SETS = ("splice", "breast_cancer")
RECIPES = ("hpm", "proposal")


def counted(path: Path, cached: bool) -> list[dict]:
    """Return what every recipe counts on every set; runs that are in the file are not repeated.

    If `cached`, nothing is run.
    """
    lines = json.loads(path.read_text("utf-8")) if path.exists() else []
    done = {(line["set"], line["recipe"]) for line in lines}
    for name in COUNTED_SETS:
        for recipe in RECIPES:
            if (name, recipe) not in done and not cached:
                lines.append(run(name, recipe))
                path.write_text(json.dumps(lines, indent=1), "utf-8")
    return lines


def run(name: str, recipe: str) -> dict:
    """Distil with a shipped recipe as it is, its memory in a folder of the run's own."""
    problem = draw(SELF, name, seed=0)
    assert problem is not None
    chosen = Recipe.load(recipe)
    with tempfile.TemporaryDirectory() as folder:
        if chosen.memory.name != "none":
            chosen = chosen.override({"memory.folder": folder})
        distiller = HPMDistiller(chosen, registry(), seed=0, cache=cache())
        found = distiller.distill(problem.training, problem.test, TrainingSet(problem).teachers)
    return {
        "set": name,
        "recipe": recipe,
        "models": found.counts["models_trained"],
        "trials": len(found.trials),
        "ended": found.facts["search"]["ended"],
    }
