"""Layer 2: stages build on the stages before them, each step kept only where it pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.finalists import best
from hpmkd.gates import Gate, gate
from hpmkd.values import After

if TYPE_CHECKING:
    from hpmkd.contracts import Transfer
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class ChainLink:
    """One step of a chain.

    Parameters
    ----------
    stage, after : str
        Who takes over, and from whom.
    label : str
        What the rule is called.
    transfer : Transfer
        The rule.
    """

    stage: str
    after: str
    label: str
    transfer: Transfer

    @property
    def name(self) -> str:
        """What the step is called in a report."""
        return f"{self.stage} after {self.after} ({self.label})"


@dataclass(frozen=True)
class ProgressiveDistillationChain:
    """Walks through a chain, link by link.

    Parameters
    ----------
    links : sequence of ChainLink
        In the order in which they are taken.
    alphas : sequence of float
        Weights of the teacher that the run's regime allows.
    evaluate : callable
        Evaluates configurations on the selection rows and returns their trials.
    on_link : callable
        Called after every link.
    """

    links: Sequence[ChainLink]
    alphas: Sequence[float]
    evaluate: Callable[[Sequence[Configuration]], list[Trial]]
    on_link: Callable[[], None] = lambda: None

    def run(self, trials: Sequence[Trial]) -> tuple[list[Trial], list[Gate]]:
        """Try every link on top of what the search found.

        Parameters
        ----------
        trials : sequence of Trial
            Of the stages by themselves.

        Returns
        -------
        trials : list of Trial
            Those, and the trials of the links that were kept: what is in the race.
        gates : list of Gate
            What became of each link, and why.
        """
        racing, gates = list(trials), []
        for link in self.links:
            added, decision = self._taken(link, racing)
            racing += added
            gates.append(decision)
            self.on_link()
        return racing, gates

    def _taken(self, link: ChainLink, racing: Sequence[Trial]) -> tuple[list[Trial], Gate]:
        before, previous = best(racing, link.stage), best(racing, link.after)
        if before is None or previous is None:
            lost = link.stage if before is None else link.after
            return [], Gate(link.name, False, f"stage {lost!r} has no student")
        candidates = list(self._candidates(link, before, racing))
        if not candidates:
            return [], Gate(link.name, False, "no alpha above 0 may be tried")
        found = self.evaluate(candidates)
        # Ties go to the control, as everywhere.
        after = min(found, key=lambda trial: (trial.log_loss, not trial.configuration.hard))
        decision = gate(link.name, before, after)
        return (found if decision.passed else []), decision

    def _candidates(
        self, link: ChainLink, before: Trial, racing: Sequence[Trial]
    ) -> Iterator[Configuration]:
        """Yield the stage's best configuration on top of the stage before, for every alpha."""
        for alpha in self.alphas:
            if alpha == 0 and link.transfer.teaches:
                continue
            # The control of the next stage stands on the control of the one before.
            previous = best(racing, link.after, control=alpha == 0)
            if previous is not None:
                after = After(link.label, previous.configuration)
                temperature = before.configuration.temperature if alpha > 0 else 1.0
                yield replace(
                    before.configuration, alpha=alpha, temperature=temperature, after=after
                )
