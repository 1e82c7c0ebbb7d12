"""Shows people how far a run is: bars in a notebook and on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from hpmkd.errors import RecipeError

if TYPE_CHECKING:
    from hpmkd.progress.base import View

#: What callers from Python choose: in a notebook alone, always, never.
Shown = bool | Literal["auto"]


def view_of(progress: Shown) -> View | None:
    """Return the view that a caller from Python requests; None where nothing is shown.

    Raises
    ------
    RecipeError
        If it is none of ``"auto"``, True and False.
    """
    if not isinstance(progress, bool) and progress != "auto":
        raise RecipeError(
            f'progress: got {progress!r}; expected "auto" (shown in notebooks), True or False'
        )
    if progress is False:
        return None
    if in_notebook():
        from hpmkd.progress.notebook import NotebookProgress

        return NotebookProgress()
    return view_of_stderr() if progress is True else None


def view_of_stderr() -> View:
    """Return bars where stderr is a terminal, lines where it is not."""
    if sys.stderr.isatty():
        from hpmkd.progress.live import LiveProgress

        return LiveProgress()
    from hpmkd.progress.log import LogProgress

    return LogProgress()


def in_notebook() -> bool:
    """Whether cells of a notebook are run here."""
    if "IPython" not in sys.modules:
        return False
    from rich.console import Console

    return Console().is_jupyter
