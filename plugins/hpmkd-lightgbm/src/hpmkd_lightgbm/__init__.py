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
    """Offer the stage."""
    return [Offer("lightgbm", lightgbm_stage, "LightGBM's boosted trees, grown best leaf first")]


def lightgbm_stage() -> Stage:
    """Build the stage; LightGBM is imported here and not before."""
    from hpmkd_lightgbm.stage import LightGBMStage

    return LightGBMStage()
