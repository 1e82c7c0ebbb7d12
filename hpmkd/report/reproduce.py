"""How a run is made again: what to type, and how exactly it comes out the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

GIVEN_PROBABILITIES = "given probabilities"
#: What stands for a file or a name that the run folder does not keep.
PLACEHOLDERS: Mapping[str, str] = {
    "DATA": "the file that was distilled",
    "COLUMN": "its column of labels",
    "TEST_DATA": "the file of the test rows",
    "MORE_DATA": "the file of the rows without labels",
    "TEACHER": "what taught, once for each",
    "COLUMNS": "the columns with a teacher's probabilities",
}


def command(found: Distillation, folder: str) -> str:
    """Return what to type to repeat the run, with placeholders for what its folder lacks."""
    facts = found.facts
    target = facts.get("target")
    parts = ["hpmkd", "distill", "DATA", "--target", "COLUMN" if target is None else str(target)]
    parts += _teachers(found)
    given = facts.get("given", {})
    if given.get("test"):
        parts += ["--test", "TEST_DATA"]
    if given.get("unlabeled"):
        parts += ["--unlabeled", "MORE_DATA"]
    parts += ["--recipe", f"{folder}/recipe.toml", "--seed", str(facts["seed"])]
    return shlex.join([*parts, "--out", "AGAIN"])


def _teachers(found: Distillation) -> list[str]:
    kinds = list(found.facts.get("teachers", {}).values())
    others = [kind for kind in kinds if kind != GIVEN_PROBABILITIES]
    # Before runs kept what they were given, only fitted teachers were surely given.
    own = found.facts.get("given", {}).get("teachers", set(others) != {"cross-fitted"})
    parts = ["--teacher", "TEACHER"] if others and own else []
    return [*parts, "--probabilities", "COLUMNS"] if len(others) < len(kinds) else parts


def sentences(found: Distillation, typed: str) -> str:
    """Return how exactly the command gives the run again.

    Parameters
    ----------
    found : Distillation
        The run.
    typed : str
        What :func:`command` says.
    """
    return " ".join(_sentences(found, shlex.split(typed)))


def _sentences(found: Distillation, typed: list[str]) -> Iterator[str]:
    recipe = found.recipe
    timed = [
        name
        for name, is_set in (
            ("the budget of seconds", recipe.budget.seconds),
            ("the limit of time per row", recipe.limits.max_latency),
        )
        if is_set
    ]
    same = "With the same data, teachers and versions, this gives the same students"
    if timed:
        yield f"{same} as far as the machine is as fast: {' and '.join(timed)} is a matter of time."
    elif recipe.memory.name == "none":
        yield f"{same}, bit for bit, at any number of workers."
    else:
        yield (
            f"{same}, bit for bit, at any number of workers, unless the memory has learned from "
            "other data since."
        )
    told = [f"{name} is {what}" for name, what in PLACEHOLDERS.items() if name in typed]
    yield f"{', '.join(told)}."
    if "given" not in found.facts:
        yield (
            "This run folder does not say whether teachers, test rows or rows without labels were "
            "given: if they were, add --teacher, --test or --unlabeled."
        )
