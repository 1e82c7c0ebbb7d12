"""No memory: nothing is kept from run to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpmkd.values import DataFacts, Hyperparameter, Outcome


class NoMemory:
    """Suggests nothing and keeps nothing."""

    def suggest(self, facts: DataFacts, stage: str) -> Sequence[Mapping[str, Hyperparameter]]:
        """Suggest nothing."""
        return ()

    def outcomes(self, facts: DataFacts) -> Sequence[Outcome]:
        """Return no outcomes."""
        return ()

    def remember(self, facts: DataFacts, outcomes: Sequence[Outcome]) -> None:
        """Keep nothing."""
