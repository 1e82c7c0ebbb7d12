"""Alpha and temperature from what helped on other data: the proposal's learned scheduler."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hpmkd.values import Softening
from hpmkd_defaults.schedulers.paired_outcomes import contrasts, described, seen
from hpmkd_defaults.schedulers.regret_model import Relation, learned, of_softening
from hpmkd_defaults.settings_types import Count, Factor, TwoOrMore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import Configuration, DataFacts, FloatArray, Outcome, TrainingState, Trial

#: Temperatures of which a student can learn anything at all.
LOWEST, HIGHEST = 0.1, 20.0


class MetaTemperatureScheduler:
    """Moves a configuration's softening to where it promises the least regret.

    Learned from the outcomes of other data sets, stage by stage: a ridge regression of the
    regret on alpha and T and on their products with facts of the data (rows, columns,
    classes, balance, noise, regime) and the state of the fit (gap, KL, trend of the loss).
    What was learned from are states at the end of fits, so the state counts as much as there
    is progress: not at all in the first round.

    A configuration's alpha and T are where it starts: each is multiplied by one of five
    factors from 1 / `reach` to `reach`, again in every round, as long as that is within what
    was tried on the other sets. So configurations that a search asks for remain different
    students. The configured softening is kept where nothing promises less regret. Alpha stays
    0 where it is 0, and is never raised where the teachers leak.

    It is ``constant`` (softening as configured) for a stage of which it knows fewer than
    `least_sets` data sets or fewer than `least_outcomes` outcomes, or whose regret, on sets
    left out of the regression, it predicts no better (by two standard errors) than by assuming
    that softening does not matter. Only outcomes that share their hyperparameters with another
    one count: else it would take for softening what hyperparameters did.

    It learns nothing from trials of the run itself: a student that is chosen would be fitted
    otherwise at the end than it was when it was chosen.

    Parameters
    ----------
    reach : float
        Largest factor by which alpha and T are moved, >= 1.
    least_sets, least_outcomes : int
        Of a stage, from which on its relation is used; `least_sets` >= 2.
    """

    varies: ClassVar[bool] = True

    def __init__(
        self, *, reach: Factor = 2.0, least_sets: TwoOrMore = 3, least_outcomes: Count = 30
    ) -> None:
        self.reach, self.least_sets = reach, least_sets
        self.least_outcomes = least_outcomes
        self._advice: dict[str, Advice] = {}

    def learn(self, facts: DataFacts, outcomes: Sequence[Outcome]) -> None:
        """Learn a relation for each stage of which there is enough to learn from."""
        self._advice = {}
        by_stage: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            by_stage[outcome.configuration.stage].append(outcome)
        for stage, known in by_stage.items():
            sets = contrasts(known)
            if len(sets) < self.least_sets or sum(map(len, sets)) < self.least_outcomes:
                continue
            relation = learned(sets)
            if relation is not None:
                tried = np.concatenate([[each.alphas, each.temperatures] for each in sets], axis=1)
                self._advice[stage] = Advice(relation, facts, tried, self.reach)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of which it has learned enough; the others are fitted as configured."""
        return tuple(sorted(self._advice))

    def softening(self, configuration: Configuration, state: TrainingState) -> Softening:
        """Return what promises the least regret in this state."""
        configured = Softening(configuration.temperature, configuration.alpha)
        advice = self._advice.get(configuration.stage)
        if advice is None or configuration.alpha == 0:
            return configured
        return advice.least_regret(configured, state)

    def observe(self, trial: Trial) -> None:
        """Learn nothing: a student must be fitted at the end as it was when it was chosen."""


class Advice:
    """The learned effect of softening for one stage on one data set.

    Parameters
    ----------
    relation : Relation
        Learned on other data sets.
    facts : DataFacts
        Of the data set.
    tried : ndarray of shape (2, n)
        Alphas and temperatures that the relation has seen.
    reach : float
        Largest factor.
    """

    def __init__(
        self, relation: Relation, facts: DataFacts, tried: FloatArray, reach: float
    ) -> None:
        self.relation, self.facts = relation, described(facts)
        factors = reach ** np.linspace(-1.0, 1.0, 5)
        louder = factors if facts.regime != "leaking" else factors[:3]
        pairs = [(a, t) for a in louder for t in factors]
        # The smallest move first: it is taken if two promise the same.
        pairs.sort(key=lambda pair: float(np.abs(np.log(pair)).sum()))
        self.factors = np.array(pairs)
        self.low, self.high = tried.min(axis=1), tried.max(axis=1)

    def least_regret(self, configured: Softening, state: TrainingState) -> Softening:
        """Return the best softening in reach of the configured one."""
        start = np.array([configured.alpha, configured.temperature])
        within = (start * self.factors).clip([0.0, LOWEST], [1.0, HIGHEST])
        allowed = ((within >= self.low) & (within <= self.high)).all(axis=1)
        choices = np.vstack([start, within[allowed]])
        slopes = self.relation.slopes(self.facts, seen(state), state.progress)
        regrets = of_softening(choices[:, 0], choices[:, 1]) @ slopes
        alpha, temperature = choices[int(regrets.argmin())]
        return Softening(float(temperature), float(alpha))
