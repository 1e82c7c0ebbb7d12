"""What runs where a method fails: the standard one, and the results record that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.deepbridge.methods import NAMES, STANDARD
from hpmkd.errors import (
    DataError,
    KernelsError,
    LimitsError,
    RecipeError,
    RunFolderError,
    TeacherError,
    warn,
)

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

#: Errors that another method would meet as well, and that are raised: those of the input, of its
#: teacher and of the machine (a full disk, no memory), and warnings that were made errors.
#: KeyboardInterrupt and SystemExit are no exceptions of this kind anyway.
NOT_OF_THE_METHOD = (
    DataError,
    RecipeError,
    TeacherError,
    RunFolderError,
    KernelsError,
    OSError,
    MemoryError,
    Warning,
)


@dataclass(frozen=True, eq=False)
class FailedRun:
    """A run that gave no results, and why; the run itself if only its limits were not kept."""

    method: str
    reason: str
    found: Distillation | None = None

    def __str__(self) -> str:
        return f"{self.method} failed: {self.reason}"


def may_fall_back(error: Exception) -> bool:
    """Whether an error is the method's own: neither it nor what caused it is of another kind."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NOT_OF_THE_METHOD):
            return False
        cause = cause.__cause__
    return True


def run_each(
    recipes: Iterable[str], run: Callable[[str], Distillation], *, fall_back: bool
) -> tuple[dict[str, Distillation], list[FailedRun]]:
    """Run recipes; where none gives a result, the standard one, with a warning.

    Parameters
    ----------
    recipes : iterable of str
        Their names.
    run : callable
        Runs one by its name.
    fall_back : bool
        Whether a recipe other than the standard one may fail.

    Returns
    -------
    mapping of str to Distillation, and list of FailedRun
        By recipe, at least one; and those that failed.
    """
    found: dict[str, Distillation] = {}
    failed: list[FailedRun] = []
    for name in recipes:
        try:
            found[name] = run(name)
        except Exception as error:
            if not fall_back or name == STANDARD or not may_fall_back(error):
                raise
            failed.append(_failed(name, error))
    for each in failed:
        warn(
            f"{each}; the method {NAMES[STANDARD]!r} takes its place. fallback=False raises the "
            "error instead",
            UserWarning,
        )
    return found or {STANDARD: run(STANDARD)}, failed


def _failed(name: str, error: Exception) -> FailedRun:
    """Describe an error by its kind and the first line of its message."""
    line = str(error).strip().partition("\n")[0].rstrip(".")
    reason = f"{type(error).__name__}: {line}" if line else type(error).__name__
    kept = error.distillation if isinstance(error, LimitsError) else None
    return FailedRun(NAMES[name], reason, kept)
