"""Types of the settings that a recipe may give: parameters of ``__init__`` with their bounds."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Natural = Annotated[int, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
TwoOrMore = Annotated[int, Meta(ge=2)]
Positive = Annotated[float, Meta(gt=0)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Share = Annotated[float, Meta(gt=0, le=1)]
Factor = Annotated[float, Meta(ge=1, le=10)]
Temperature = Annotated[float, Meta(gt=0, le=100)]
