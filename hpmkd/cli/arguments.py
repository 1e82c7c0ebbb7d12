"""Kinds of arguments that click does not know."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click


def class_weight_of(typed: Sequence[str]) -> str | dict[str, float] | None:
    """Return the weights of classes: none, one word for all, or those of labels.

    Raises
    ------
    BadParameter
        A text that is neither "balanced" nor LABEL=WEIGHT, or both sorts.
    """
    if not typed:
        return None
    if [*typed] == ["balanced"]:
        return "balanced"
    found: dict[str, float] = {}
    for text in typed:
        label, sign, weight = text.rpartition("=")
        try:
            found[label] = float(weight)
        except ValueError:
            sign = ""
        if not sign:
            raise click.BadParameter(
                f"got {text!r}; expected balanced, alone, or LABEL=WEIGHT, such as yes=10",
                param_hint="'--class-weight'",
            )
    return found


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


class Finite(click.FloatRange):
    """A number within bounds; ``nan`` and ``inf`` are none.

    Parameters
    ----------
    expected : str
        What the error message expects instead.
    **bounds
        As click takes them.
    """

    def __init__(self, expected: str, **bounds: Any) -> None:
        super().__init__(**bounds)
        self.expected = expected

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a float."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"got {value}; expected {self.expected}", param, ctx)
        return number


class Positive(Finite):
    """A finite number above 0."""

    def __init__(self) -> None:
        expected = "a finite number above 0, e.g. 60; leave the option out where there is no limit"
        super().__init__(expected, min=0, min_open=True)


class Share(Finite):
    """A number between 0 and 1, neither of them."""

    def __init__(self) -> None:
        expected = "a share between 0 and 1, e.g. 0.2"
        super().__init__(expected, min=0, min_open=True, max=1, max_open=True)


class ThresholdOption(click.ParamType[float | str]):
    """A probability, or ``best``."""

    name = "threshold"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        """Return a float in [0, 1], or ``best``."""
        if value == "best":
            return "best"
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 <= number <= 1:
            self.fail(f"got {value}; expected a probability, from 0 to 1, or best", param, ctx)
        return number
