"""The limits of a run: which they are, whether they are met, which stages they dropped."""

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
    description : str
        For people, e.g. ``at most 50KB``.
    unmet : str or None
        Why the shipped student breaks one; None if it keeps them.
    nearest : str
        The lines with the nearest students, and what to type; empty if it keeps them.
    dropped : tuple of str
        Stages without a student, each with why.
    """

    options: str
    description: str
    unmet: str | None
    nearest: str
    dropped: tuple[str, ...]


def limited(found: Distillation, folder: str) -> Limited | None:
    """Return the limits of a run; None if it has none. Commands name its folder."""
    limits = found.recipe.limits
    if not limits:
        return None
    unmet, _, nearest = (found.unmet(folder) or "").partition("\n")
    description = ", ".join(limits.describe(name) for name in limits.given)
    return Limited(limits.options(), description, unmet or None, nearest, tuple(_dropped(found)))


def _dropped(found: Distillation) -> Iterator[str]:
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
