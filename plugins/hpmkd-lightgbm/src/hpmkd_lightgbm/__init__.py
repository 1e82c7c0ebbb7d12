"""A LightGBM student family for hpmkd.

This module is imported whenever plugins are looked for, so it imports nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd import Offer, hookimpl

if TYPE_CHECKING:
    from hpmkd.contracts import Stage


@hookimpl
def hpmkd_stages() -> list[Offer[Stage]]:
    """Offer the stage; its module, and LightGBM, are imported when a recipe chooses it."""
    summary = "LightGBM's boosted trees, grown best leaf first"
    return [Offer("lightgbm", "hpmkd_lightgbm.stage:LightGBMStage", summary)]
