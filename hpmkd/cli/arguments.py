"""Kinds of arguments that click does not know."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click


class FolderName(click.Path):
    """The path of a folder; an empty text names none, though a path would take it for ``.``."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a path."""
        if not str(value):
            self.fail(
                "got an empty text; expected the name of a folder, e.g. runs/mine", param, ctx
            )
        return super().convert(value, param, ctx)


class Positive(click.FloatRange):
    """A finite number above 0."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a float."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(
                f"got {value}; expected a finite number above 0, e.g. 60; leave the option out "
                "where there is no limit",
                param,
                ctx,
            )
        return number
