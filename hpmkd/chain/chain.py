"""Layer 2: stages build on the stages before them, each link accepted only where it pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.evaluation.gates import Gate, gate
from hpmkd.evaluation.ranking import NO_LIMITS, TrialRanking
from hpmkd.training.refit import best
from hpmkd.values import After

if TYPE_CHECKING:
    from hpmkd.contracts import Transfer
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class ChainLink:
    """One step of a chain."""

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
    """Takes the links of a chain one after the other."""

    links: Sequence[ChainLink]
    alphas: Sequence[float]  # weights of the teacher that the run's regime allows
    #: Evaluates configurations on the selection rows, in a race with a trial of their stage.
    evaluate: Callable[[Sequence[Configuration], Trial], list[Trial]]
    on_link: Callable[[], None] = lambda: None  # called after every link
    #: Returns why some configurations cannot all be evaluated any more, beside those trials; None
    #: if they can.
    refusal: Callable[[Sequence[Configuration], Sequence[Trial]], str | None] = (
        lambda configurations, eligible: None
    )
    ranking: TrialRanking = NO_LIMITS

    def run(self, trials: Sequence[Trial]) -> tuple[list[Trial], list[Gate]]:
        """Try every link on top of what the search found.

        Returns these trials of the stages by themselves with those of the accepted links, which may
        win, and what became of each link.
        """
        eligible, gates = list(trials), []
        for link in self.links:
            added, decision = self._try(link, eligible)
            eligible += added
            gates.append(decision)
            self.on_link()
        return eligible, gates

    def _try(self, link: ChainLink, eligible: Sequence[Trial]) -> tuple[list[Trial], Gate]:
        alone, previous = self._best(eligible, link.stage), self._best(eligible, link.after)
        if alone is None or previous is None:
            lost = link.stage if alone is None else link.after
            return [], Gate(link.name, False, f"stage {lost!r} has no student")
        candidates = list(self._candidates(link, eligible))
        if not candidates:
            return [], Gate(link.name, False, "no configuration may learn from the teacher")
        reason = None
        while candidates and (reason := self.refusal(candidates, eligible)):
            # The stage's own alpha goes last, and the control before it.
            own = alone.configuration.alpha
            candidates.remove(max(candidates, key=lambda each: (each.alpha != own, each.alpha)))
        if not candidates:
            return [], Gate(link.name, False, f"not tried: {reason}")
        found = [self.ranking.preferred(trial) for trial in self.evaluate(candidates, alone)]
        # Ties go to the control, as everywhere.
        after = min(found, key=lambda each: (not each.eligible, self.ranking.sort_key(each)))
        if after.worse_by is not None:
            reason = f"worse by {after.worse_by:.4f} on the first folds, so not tried on the others"
            return [], Gate(link.name, False, reason)
        decision = self._decide(link, alone, previous, after)
        return (found if decision.passed else self._controls(link, eligible, found)), decision

    def _best(
        self, eligible: Sequence[Trial], stage: str, *, control: bool = False
    ) -> Trial | None:
        return best(eligible, stage, control=control, ranking=self.ranking)

    def _decide(self, link: ChainLink, alone: Trial, previous: Trial, after: Trial) -> Gate:
        """Decide whether a link pays: limits come before the loss."""
        violates = self.ranking.violates_limits
        if violates(after) > violates(alone):
            return Gate(link.name, False, f"it breaks a limit, which {link.stage} alone keeps")
        if violates(after) < violates(alone):
            return Gate(link.name, True, f"it keeps the limits, which {link.stage} alone does not")
        return gate(link.name, self._rival(link, alone, previous), after, self.ranking.metric)

    def _rival(self, link: ChainLink, alone: Trial, previous: Trial) -> Trial:
        """Return what a link must beat: its stage alone, and the stage that it builds on."""
        if link.transfer.teaches:
            return alone
        return min(alone, previous, key=lambda trial: trial.loss)

    def _controls(
        self, link: ChainLink, eligible: Sequence[Trial], found: Sequence[Trial]
    ) -> list[Trial]:
        """Return the link's hard trials if they beat the hard trials without it.

        The control keeps what helps it, whether or not the student does.
        """
        alone = self._best(eligible, link.stage, control=True)
        previous = self._best(eligible, link.after, control=True)
        hard = [trial for trial in found if trial.configuration.hard and trial.eligible]
        if alone is None or previous is None or not hard:
            return []
        after = min(hard, key=lambda trial: trial.loss)
        rival = self._rival(link, alone, previous)
        return hard if gate(link.name, rival, after, self.ranking.metric).passed else []

    def _candidates(self, link: ChainLink, eligible: Sequence[Trial]) -> Iterator[Configuration]:
        """Yield the stage's best configuration on top of the stage before, for every alpha.

        The stage's best control comes on top of the control of the stage before.
        """
        for control in (True, False):
            alone = self._best(eligible, link.stage, control=control)
            previous = self._best(eligible, link.after, control=control)
            if alone is None or previous is None or (control and link.transfer.teaches):
                continue
            own = replace(
                alone.configuration, after=After(link.label, previous.configuration), rounds=None
            )
            if control:
                yield own
                continue
            for alpha in self.alphas:
                other = replace(own, alpha=alpha, temperature=own.temperature if alpha else 1.0)
                if other.soft:
                    yield other
