"""How to repeat a run: what to type, and how exactly the result is the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

GIVEN_PROBABILITIES = "given probabilities"
#: What stands for a file or a name that the run folder does not keep.
PLACEHOLDERS: Mapping[str, str] = {
    "DATA": "the file that was distilled",
    "COLUMN": "its column of labels",
    "TEST_DATA": "the file of the test rows",
    "MORE_DATA": "the file of the rows without labels",
    "WEIGHTS": "its column of weights",
    "TEACHER": "a teacher, once for each",
    "COLUMNS": "the columns with a teacher's probabilities",
}


def command(found: Distillation, folder: str) -> str:
    """Return what to type to repeat the run, with placeholders for what its folder lacks."""
    facts = found.facts
    target = facts["target"]
    databases = facts.get("sources", {})  # runs of older versions, and of Python, know of none
    parts = ["hpmkd", "distill", *_table(databases, "data", "DATA")]
    parts += ["--target", "COLUMN" if target is None else str(target)]
    parts += [*_weights(facts), *_teachers(found)]
    for use, placeholder in (("test", "TEST_DATA"), ("unlabeled", "MORE_DATA")):
        if facts["given"][use]:
            parts += _table(databases, use, placeholder)
    for option in ("drop", "keep"):
        parts += [text for name in facts["given"][option] for text in (f"--{option}", name)]
    parts += ["--recipe", f"{folder}/recipe.toml", "--seed", str(facts["seed"])]
    return shlex.join([*parts, "--out", "AGAIN"])


def _table(databases: Mapping[str, Any], use: str, placeholder: str) -> list[str]:
    """Return the names of a database and its query, or the placeholder of a file."""
    prefix = "" if use == "data" else f"{use}-"
    known = databases.get(use, {"location": placeholder})
    options = [f"--{use}"] if prefix else []
    options.append(known["location"])
    for name in ("query", "table"):
        options += [f"--{prefix}{name}", known[name]] if name in known else []
    return options


def _weights(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was given of weights; runs of older versions know of none."""
    if facts["given"].get("weights"):
        yield from ("--weights", str(facts.get("weights") or "WEIGHTS"))
    classes = facts.get("class_weight")
    typed = [] if classes is None else [str(classes)]
    if isinstance(classes, Mapping):
        typed = [f"{label}={weight}" for label, weight in classes.items()]
    for each in typed:
        yield from ("--class-weight", each)


def _teachers(found: Distillation) -> list[str]:
    kinds = list(found.facts["teachers"].values())
    others = [kind for kind in kinds if kind != GIVEN_PROBABILITIES]
    parts = ["--teacher", "TEACHER"] if others and found.facts["given"]["teachers"] else []
    return [*parts, "--probabilities", "COLUMNS"] if len(others) < len(kinds) else parts


def sentences(found: Distillation, typed: str) -> str:
    """Return how exactly a :func:`command` gives the run again."""
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
        yield f"{same} if the machine is as fast: {' and '.join(timed)} depends on its speed."
    elif recipe.memory.name == "none":
        yield f"{same}, bit for bit, at any number of workers."
    else:
        yield (
            f"{same}, bit for bit, at any number of workers, unless the memory has learned from "
            "other data since."
        )
    meanings = [f"{name} is {meaning}" for name, meaning in PLACEHOLDERS.items() if name in typed]
    yield f"{', '.join(meanings)}."
