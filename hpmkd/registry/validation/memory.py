"""A guard around the memory: whatever it does wrong costs what it knows, not the run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from hpmkd import contracts
from hpmkd.registry.registry import PluginWarning
from hpmkd.registry.validation.base import Guard, expect
from hpmkd.values import Outcome

if TYPE_CHECKING:
    from hpmkd.values import DataFacts, Hyperparameter

Answer = TypeVar("Answer")


class MemoryGuard(Guard):
    """Checks what is remembered; a failure is a warning, and nothing is known."""

    contract = contracts.Memory

    def suggest(self, facts: DataFacts, stage: str) -> list[Mapping[str, Hyperparameter]]:
        """Return hyperparameters that did well on data like this."""

        def asked() -> list[Mapping[str, Hyperparameter]]:
            found = list(self.component.suggest(facts, stage))
            for each in found:
                expect("a suggestion", each, Mapping, "a mapping of hyperparameters")
            return found

        return self._ventured("suggest", asked, [])

    def outcomes(self, facts: DataFacts) -> list[Outcome]:
        """Return what is known of other data sets."""

        def asked() -> list[Outcome]:
            found = list(self.component.outcomes(facts))
            for each in found:
                expect("an outcome", each, Outcome, "a hpmkd Outcome")
            return found

        return self._ventured("outcomes", asked, [])

    def remember(self, facts: DataFacts, outcomes: Sequence[Outcome]) -> None:
        """Keep what a run learned."""
        self._ventured("remember", lambda: self.component.remember(facts, outcomes), None)

    def _ventured(self, method: str, call: Callable[[], Answer], otherwise: Answer) -> Answer:
        try:
            with self.culprit.blamed(f"failed in {method}"):
                return call()
        except Exception as error:
            message = f"{error}; the run goes on without what it remembers"
            warnings.warn(message, PluginWarning, stacklevel=3)
            return otherwise
