"""Builds the stages of a recipe and the links between them: who is in the race."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.chain.chain import ChainLink
from hpmkd.training.fit import ActiveStage

if TYPE_CHECKING:
    from hpmkd.recipe.resolve import Components


def active_stages(parts: Components) -> dict[str, ActiveStage]:
    """Build the stages of a recipe, simple ones first."""
    in_play = [
        ActiveStage(name, selected.offered.plugin, selected.create())
        for name, selected in parts.stages.items()
    ]
    ordered = sorted(in_play, key=lambda active: (active.stage.complexity, active.name))
    return {active.name: active for active in ordered}


def chain_links(parts: Components) -> list[ChainLink]:
    """Build the links of a recipe's chain; links of one label share a rule."""
    rules = {label: selected.create() for label, selected in parts.transfers.items()}
    return [
        ChainLink(link.stage, link.after, link.label, rules[link.label]) for link in parts.links
    ]
