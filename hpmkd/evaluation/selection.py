"""Picks a student within limits from those that a run fitted, and explains why there is none."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from hpmkd.errors import LimitsError
from hpmkd.evaluation.pareto import SelectionMetrics
from hpmkd.recipe.units import shown_size, shown_time

if TYPE_CHECKING:
    from pathlib import Path

    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.evaluation.ranking import TrialRanking
    from hpmkd.recipe.limits import Limits


def pick(
    contenders: Sequence[StudentSummary], limits: Limits, run: str | Path | None = None
) -> StudentSummary:
    """Return the student of the lowest loss on the selection rows among those within limits.

    Ties go to the smaller one. An error names what to type for the run folder `run`; without one,
    what to call in Python.

    Raises
    ------
    LimitsError
        If there is none: which limit none keeps, and which come near.
    """
    within = [each for each in contenders if not limits.broken(each.metrics)]
    if not within:
        figures = [each.metrics for each in contenders]
        raise LimitsError(refusal(limits, figures, "students", contenders, run))
    # The run's own choice may have won a tie: it is the control then.
    return min(within, key=lambda each: (each.loss, not each.chosen, each.bytes))


def unmet(
    contenders: Sequence[StudentSummary],
    history: Iterable[Mapping[str, Any]],
    ranking: TrialRanking,
    run: str | Path,
) -> str | None:
    """Return why the student that a run ships breaks its limits; None if it keeps them.

    `history` has the run's trials as plain values.
    """
    if not any(each.chosen and ranking.limits.broken(each.metrics) for each in contenders):
        return None
    figures = [
        SelectionMetrics(
            each["log_loss"],
            each["bytes"],
            each["row_us"] or 0.0,
            ranking.retained(each["accuracy"]),
        )
        for each in history
        if each["share"] == 1
        and each["failure"] is None
        and each["worse_by"] is None
        and each["bytes"] is not None
    ]
    return refusal(ranking.limits, figures, "trials", contenders, run)


def refusal(
    limits: Limits,
    considered: Sequence[SelectionMetrics],
    what: str,
    contenders: Sequence[StudentSummary],
    run: str | Path | None,
) -> str:
    """Describe that none keeps the limits, which of them is to blame, and which come near.

    `considered` is all that might have been chosen, which `what` calls trials or students;
    `contenders` can be picked.
    """
    fitted = any(not limits.broken(each) for each in considered)
    lines = [
        f"no student keeps {limits.options()}. Of {len(considered)} {what}, "
        f"{', '.join(_counts(limits, considered))}"
        f"{'; fitted on all rows, none of those that may win does' * fitted}.",
        "Nearest students, and the commands that pick them without training again:",
    ]
    for merits, each in _nearest(limits, contenders):
        lines.append(f"  {', '.join(merits)}: {line_of(each)}")
        near = limits.loosened(each.metrics)
        lines.append(
            f"    found.pick({near.arguments()})"
            if run is None
            else f"    hpmkd pick {shlex.quote(str(run))} {near.options()}"
        )
    return "\n".join(lines)


def line_of(contender: StudentSummary) -> str:
    """Return a student with its figures in a line."""
    return (
        f"{contender.name}, {shown_size(contender.bytes)}, {shown_time(contender.row_us)} per row, "
        f"retention {contender.selection_retention:.4f}, log loss "
        f"{contender.selection_log_loss:.4f}"
    )


def _counts(limits: Limits, considered: Iterable[SelectionMetrics]) -> Iterator[str]:
    """Describe how many keep each limit; if some keep each, how many keep several."""
    broken = [set(limits.broken(figures)) for figures in considered]
    n_within = {name: sum(name not in each for each in broken) for name in limits.given}
    for name, n in n_within.items():
        yield f"{n or 'none'} keep{'s' * (n <= 1)} {limits.describe(name)}"
    if all(n_within.values()) and len(n_within) > 1:
        for size in range(2, len(n_within) + 1):
            for names in combinations(n_within, size):
                n = sum(each.isdisjoint(names) for each in broken)
                together = "both of them" if len(n_within) == 2 else " and ".join(_short(names))
                together = "all three" if size == 3 else together
                yield f"{n or 'none'} keep{'s' * (n <= 1)} {together}"


def _short(names: Iterable[str]) -> Iterator[str]:
    return (name.split("_")[1] for name in names)


def _nearest(
    limits: Limits, contenders: Sequence[StudentSummary]
) -> list[tuple[list[str], StudentSummary]]:
    """Return those that break one limit alone, by least, and the best by size, time, retention."""
    merits: dict[str, list[str]] = {}

    def add(
        sort_key: str, rivals: Sequence[StudentSummary], key: Callable[[StudentSummary], float]
    ) -> None:
        if rivals:
            lowest = min(map(key, rivals))
            # They come by loss: of equal ones the first.
            first = next(each for each in rivals if key(each) == lowest)
            merits.setdefault(first.name, []).append(sort_key)

    for name in limits.given:
        alone = [each for each in contenders if limits.broken(each.metrics) == (name,)]
        add(
            f"breaks only the {name.split('_')[1]} limit",
            alone,
            lambda each: limits.excess(each.metrics),
        )
    add("smallest", contenders, lambda each: each.bytes)
    add("fastest", contenders, lambda each: each.row_us)
    add("highest retention", contenders, lambda each: -each.selection_retention)
    return [(merits[each.name], each) for each in contenders if each.name in merits]
