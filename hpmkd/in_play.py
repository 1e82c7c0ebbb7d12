"""Builds the stages of a recipe and the links between them: who is in the race."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.chain import ChainLink
from hpmkd.fitting import StageInPlay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.components import Components
    from hpmkd.contracts import Transfer


def stages_in_play(parts: Components) -> dict[str, StageInPlay]:
    """Build the stages of a recipe, simple ones first."""
    in_play = [
        StageInPlay(name, selected.offered.plugin, selected.create())
        for name, selected in parts.stages.items()
    ]
    ordered = sorted(in_play, key=lambda played: (played.stage.complexity, played.name))
    return {played.name: played for played in ordered}


def links_in_play(parts: Components, stages: Mapping[str, StageInPlay]) -> list[ChainLink]:
    """Build the links of a recipe's chain; links of one label share a rule."""
    rules = {label: selected.create() for label, selected in parts.transfers.items()}
    return [
        ChainLink(
            link.stage,
            link.after,
            link.label,
            rules[link.label],
            refusal(link.stage, stages[link.stage], rules[link.label]),
        )
        for link in parts.links
    ]


def refusal(name: str, played: StageInPlay, transfer: Transfer) -> str:
    """Say why a stage cannot take over by a rule; nothing if it can."""
    if transfer.teaches or played.reads_start:
        return ""
    return f"stage {name!r} cannot start from another student"
