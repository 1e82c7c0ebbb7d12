"""What a run with limits says of them: which they are, whether they are met, who fell to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

#: What breaking a limit is called in a table.
BREAKS: Mapping[str, str] = {
    "max_size": "size",
    "max_latency": "latency",
    "min_retention": "retention",
}


@dataclass(frozen=True)
class Limited:
    """The limits of a run.

    Parameters
    ----------
    options : str
        As they are typed, e.g. ``--max-size 50KB``.
    said : str
        For people, e.g. ``at most 50KB``.
    unmet : str or None
        Why the shipped student breaks one; None if it keeps them.
    cure : str
        The lines that say who is near, and what to type; empty if it keeps them.
    out : tuple of str
        Stages that are out of the race, each with why.
    """

    options: str
    said: str
    unmet: str | None
    cure: str
    out: tuple[str, ...]


def limited(found: Distillation, folder: str) -> Limited | None:
    """Return what there is to say of the limits of a run; None if it has none.

    Parameters
    ----------
    found : Distillation
        The run.
    folder : str
        What its folder is called in what is to be typed.
    """
    limits = found.recipe.limits
    if not limits:
        return None
    unmet, _, cure = (found.unmet(folder) or "").partition("\n")
    said = ", ".join(limits.describe(name) for name in limits.given)
    return Limited(limits.options(), said, unmet or None, cure, tuple(_out(found)))


def _out(found: Distillation) -> Iterator[str]:
    """Yield the stages of the recipe that have no student, and why."""
    for stage in found.recipe.stages:
        if stage in found.students:
            continue
        own = [each for each in found.history if each["stage"] == stage]
        failures = [each["failure"] for each in own if each["failure"] is not None]
        if not own:
            why = "it was not tried"
        elif len(failures) == len(own):
            why = str(failures[0])
        else:
            why = "no trial of it keeps the limits"
        yield f"{stage}: {why}"
