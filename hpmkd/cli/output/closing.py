"""The last lines of a run: what to ship and why, what it cost, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hpmkd.cli.output.leaderboard import wide_console
from hpmkd.evaluation.selection import pick
from hpmkd.recipe.limits import Limits
from hpmkd.recipe.units import shown_size

if TYPE_CHECKING:
    from rich.console import Console

    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.runs.result import Distillation

#: A student that is suggested for its size takes this share of the shipped one at most.
SMALLER = 0.5


def print_closing(found: Distillation, folder: Path) -> None:
    """Print the verdict with its notes, the cost, and the commands to type next."""
    console = wide_console()
    console.print()
    _print_verdict(found, console)
    console.print(f"Cost: {cost(found)}")
    console.print(f"Written to {folder}. Next:")
    commands = list(next_commands(found, folder))
    width = max(len(command) for command, _ in commands)
    for command, purpose in commands:
        console.print(f"  {command:<{width}}  {purpose}")


def _print_verdict(found: Distillation, console: Console) -> None:
    from rich.text import Text

    verdict = found.verdict
    console.print(Text.assemble((f"Verdict: {verdict.outcome}.", "bold"), f" {verdict.sentence}"))
    shipped = next(each for each in found.front if each.chosen)
    limits = found.recipe.limits
    if broken := limits.broken(shipped.metrics):
        kept = " and ".join(map(limits.describe, broken))
        console.print(
            f"  Warning: {shipped.name} breaks the limits of this run: expected {kept}.",
            style="yellow",
        )
    for note in verdict.notes:
        console.print(f"  {note}.", style="yellow" if note in verdict.warnings else None)


def cost(found: Distillation) -> str:
    """Return what a run took: models of those that it might train, teachers, time, memory."""
    counts, bound = found.counts, found.recipe.budget.models
    of = f" of at most {bound}" if bound else ""
    return (
        f"{counts['models_trained']}{of} models trained, {counts['teacher_fits']} teacher fits, "
        f"{counts['teacher_calls']} teacher calls, {counts['seconds']['total']:.1f} s, "
        f"peak memory {counts['peak_mb']:.0f} MB"
    )


def next_commands(found: Distillation, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what may be typed next, and what for.

    Where the verdict recommends the control, the commands name that.
    """
    run = shlex.quote(str(folder))
    control = _control(found) if found.verdict.outcome == "hurts" else None
    other, why = ("", "") if control is None else (f" --student {control.name}", " of the control")
    yield f"hpmkd predict {run} DATA{other}", f"predictions{why} for new rows"
    yield f"hpmkd report {run}", "the run as a page that opens offline"
    if (smaller := _smaller(found)) is not None:
        limits, student = smaller
        yield (
            f"hpmkd pick {run} {limits.options()}",
            f"a smaller student: {student.name}, {shown_size(student.bytes)}, log loss "
            f"{student.selection_log_loss:.4f} on the selection rows",
        )
    yield f"hpmkd export {run}{other} --to c", "a file that needs no hpmkd (or python, js, sql, …)"


def _control(found: Distillation) -> StudentSummary | None:
    """Return the student that the verdict compared with; None if its file is not there."""
    name = found.verdict.control
    own = [each for each in found.front if name in (each.name, each.stage)]
    # The best of a stage on hard labels, unless the best of all is that itself.
    return min(own, key=lambda each: each.role != "control", default=None)


def _smaller(found: Distillation) -> tuple[Limits, StudentSummary] | None:
    """Return the best student of half the size, with the limit to pick it by; None without one."""
    shipped = next(each for each in found.front if each.chosen)
    small = [each for each in found.front if each.bytes <= SMALLER * shipped.bytes]
    if not small:
        return None
    best = min(small, key=lambda each: (each.loss, each.bytes))
    limits = Limits(max_size=1).loosened(best.metrics)
    return limits, pick(found.front, limits)
