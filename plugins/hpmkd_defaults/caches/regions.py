"""The regions of the intelligent cache; imports nothing heavy, for the command line looks here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Region = Literal["teacher", "feature", "attention"]
#: Percent of the budget. A flood of entries in one region cannot push another's out.
REGIONS: Mapping[Region, int] = {"teacher": 50, "feature": 30, "attention": 20}
