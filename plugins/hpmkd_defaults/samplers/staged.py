"""Hyperparameters first, then how much of the teacher: in the order of what they decide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpmkd_defaults.samplers.rounds import Rounds
from hpmkd_defaults.samplers.trial_history import TrialHistory, evaluations, lowest
from hpmkd_defaults.samplers.tuning import plan
from hpmkd_defaults.settings_types import Count, Natural, Probability

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hpmkd.values import Configuration, SearchSpace, Trial


class StagedSampler:
    """Searches by coordinates: the stage and its hyperparameters, then alpha, then T.

    1. A few draws of hyperparameters of every stage, all at one softening, beside the rows
       without labels.
    2. Further draws of the stage that leads.
    3. Each stage's best hyperparameters on hard labels alone, its control; then at the other
       alphas, 0 among them where there are rows without labels; then at other weights of these.
    4. The leading stage's best at the other temperatures, if there are any: of all choices the
       one that decides least.

    On much data, 1 and 2 use a subset of the rows, and each stage's best draw is evaluated on
    all rows before 3. The budget cuts the search from its end, but for what every stage must
    have: one student on all rows, and its control. The batches' size changes nothing.

    Parameters
    ----------
    space : SearchSpace
        What to try.
    trials : int
        Draws of hyperparameters per stage, >= 1.
    more : int or None
        Further ones of the leading stage, >= 0; None for as many again.
    tune_at : float
        Hyperparameters are compared at the alpha above 0 nearest to this, in [0, 1], and at
        the temperature nearest to 1.
    subset_rows : int
        Rows to compare them on, >= 1, but a fifth of all at least.
    whole : tuple of str
        Stages whose hyperparameters are compared on all rows. How a single tree does on a
        part of the rows predicts little of how it does on all. Stages that are not in the race
        may be named.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        trials: Count = 4,
        more: Natural | None = None,
        tune_at: Probability = 0.5,
        subset_rows: Count = 10_000,
        whole: tuple[str, ...] = ("tree",),
    ) -> None:
        # Which stages fail, and where the budget ends, is known only later.
        self.total: int | None = None
        self._space = space
        self._tuning = plan(
            space,
            trials=trials,
            more=trials if more is None else more,
            tune_at=tune_at,
            subset_rows=subset_rows,
            whole=whole,
        )
        self._history = TrialHistory()
        self._rounds = Rounds(self._search())

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return up to `n` configurations of the current round."""
        return self._rounds.ask(n)

    def tell(self, trial: Trial) -> None:
        """Learn an outcome; later rounds depend on it."""
        self._history.take(trial)

    # ------------------------------------------------------------------------- rounds

    def _search(self) -> Iterator[list[Configuration]]:
        yield self._tuning.interleaved
        yield self._affordable(self._further_draws(), reserve=self._missing())
        while in_full := self._affordable(self._best_draws_in_full()):
            yield in_full
        yield self._affordable(self._controls())
        yield self._affordable(self._other_alphas())
        yield self._affordable(self._other_weights())
        yield self._affordable(self._other_temperatures())

    def _further_draws(self) -> list[Configuration]:
        """Return more draws of the stage that leads.

        The same student has a lower loss on more rows: where some stages were compared on a
        subset, the leader is one of those.
        """
        bests = {name: best for name in self._tuning.draws if (best := self._best_draw(name))}
        on_subset = {name: bests[name] for name in bests if self._tuning.on_subset(name)}
        leader = lowest((on_subset or bests).values())
        return list(self._tuning.further[leader.configuration.stage]) if leader else []

    def _best_draws_in_full(self) -> list[Configuration]:
        """Return the best draw of each stage that has no student on all rows yet.

        Should that fail there, the second best follows, and so on.
        """
        candidates = []
        for name in self._tuning.draws:
            draws = [
                replace(trial.configuration, share=1.0)
                for trial in sorted(self._history.subset_successes(name), key=_merit)
            ]
            untried = [draw for draw in draws if draw not in self._history]
            if untried and not self._history.successes(name):
                candidates.append(untried[0])
        return candidates

    def _controls(self) -> list[Configuration]:
        """Return each stage's best draw on hard labels."""
        return [best.control() for best in self._best_soft()]

    def _other_alphas(self) -> list[Configuration]:
        """Return each stage's best soft draw at the other alphas, the leading stage first."""
        return [
            other
            for best in self._best_soft()
            for alpha in sorted(set(self._space.alphas))
            if (other := replace(best, alpha=alpha, temperature=_temperature(best, alpha))).soft
        ]

    def _other_weights(self) -> list[Configuration]:
        """Return each stage's best soft draw at the other weights of rows without labels."""
        return [
            other
            for best in self._best_soft()
            for weight in sorted(set(self._space.extra_weights))
            if (other := replace(best, extra_weight=weight)).soft
        ]

    def _other_temperatures(self) -> list[Configuration]:
        """Return the leading stage's best at the other temperatures."""
        temperatures = sorted(set(self._space.temperatures))
        return [
            replace(best, temperature=temperature)
            for best in self._best_soft()[:1]
            for temperature in temperatures
            if best.alpha > 0
        ]

    # ------------------------------------------------------------------------ lookups

    def _best_draw(self, stage: str) -> Trial | None:
        return lowest(self._history.subset_successes(stage) or self._history.successes(stage))

    def _best_soft(self) -> list[Configuration]:
        """Return each stage's best configuration with soft targets, the best stage first."""
        bests = [
            lowest(trial for trial in self._history.successes(name) if trial.configuration.soft)
            for name in self._tuning.draws
        ]
        return [best.configuration for best in sorted(filter(None, bests), key=_merit)]

    def _missing(self) -> int:
        """Return how many evaluations are owed to the stages that are still in the race."""
        owed = 0
        for name in self._tuning.draws:
            if self._best_draw(name):
                owed += self._tuning.on_subset(name)  # its best draw in full
                owed += self._tuning.soft  # its control
        return owed

    def _affordable(
        self, configurations: Iterable[Configuration], reserve: int = 0
    ) -> list[Configuration]:
        """Return what is new of them, as many as the budget allows."""
        new = [each for each in configurations if each not in self._history]
        left = evaluations(self._space, self._history.models) - reserve
        return new[: max(0, left)]


def _temperature(best: Configuration, alpha: float) -> float:
    return best.temperature if alpha > 0 else 1.0


def _merit(trial: Trial) -> tuple[float, int]:
    return trial.log_loss, trial.number
