"""The effect of softening alone: outcomes that differ only in alpha and temperature.

Both are the values in effect: the engine passes a memory the means over the rounds, not the
configured values.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from hpmkd.values import DataFacts, FloatArray, Outcome, TrainingState

#: A set whose regrets differ by less (standard deviation, nats) holds nothing but noise.
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Contrasts:
    """Trials of one stage on one data set.

    Parameters
    ----------
    facts : ndarray of shape (F,)
        Of the data set; see :func:`described`.
    states : ndarray of shape (n, S)
        Mean last training state of the trials with the same hyperparameters; NaN where there
        is none. See :func:`seen`.
    alphas, temperatures : ndarray of shape (n,)
        Softening of each trial.
    regrets : ndarray of shape (n,)
        Less the mean of the trials with the same hyperparameters, over the standard deviation
        of the set.
    groups : ndarray of shape (n,)
        Which trials have the same hyperparameters.
    """

    facts: FloatArray
    states: FloatArray
    alphas: FloatArray
    temperatures: FloatArray
    regrets: FloatArray
    groups: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of trials."""
        return len(self.regrets)

    def centred(self, columns: FloatArray) -> FloatArray:
        """Return columns of shape (n, p) less their mean in each group."""
        return centred(columns, self.groups)


def centred(columns: FloatArray, groups: NDArray[Any]) -> FloatArray:
    """Return columns, of shape (n,) or (n, p), less their mean in each group."""
    result = np.array(columns, dtype=np.float64)
    for group in np.unique(groups):
        result[groups == group] -= result[groups == group].mean(axis=0)
    return result


def described(facts: DataFacts) -> FloatArray:
    """Return facts as numbers: log n, log d, log K, balance, noise, external, leaking."""
    return np.array(
        [
            math.log(max(1, facts.n_rows)),
            math.log(max(1, facts.n_columns)),
            math.log(max(1, facts.n_classes)),
            facts.balance,
            math.nan if facts.noise is None else facts.noise,
            float(facts.regime == "external"),
            float(facts.regime == "leaking"),
        ]
    )


def seen(state: TrainingState | None) -> FloatArray:
    """Return gap, KL and trend; NaN where they are not known."""
    measures = (None,) * 3 if state is None else (state.gap, state.kl, state.trend)
    return np.array([math.nan if each is None else each for each in measures])


def contrasts(outcomes: Iterable[Outcome]) -> list[Contrasts]:
    """Return what the outcomes of one stage show, data set by data set.

    Trials that no other trial with the same hyperparameters stands beside are left out: what
    they gained or lost may be due to the hyperparameters, which count for more.
    """
    sets: dict[Hashable, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if math.isfinite(outcome.regret):
            sets[outcome.facts.digest or outcome.facts].append(outcome)
    found = (_of_one_set(each) for each in sets.values())
    return [each for each in found if each is not None]


def _of_one_set(outcomes: Sequence[Outcome]) -> Contrasts | None:
    groups: dict[Hashable, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        tried = outcome.configuration
        # Rows without labels count, too: their weight must not be taken for an effect of alpha.
        key = (tried.extra_weight, *sorted(tried.hyperparameters.items()))
        groups[key].append(outcome)
    groups = {key: each for key, each in groups.items() if len({*map(_softening, each)}) > 1}
    if not groups:
        return None
    paired = [outcome for each in groups.values() for outcome in each]
    number = np.repeat(np.arange(len(groups)), [len(each) for each in groups.values()])
    alphas, temperatures = np.array([*map(_softening, paired)]).T
    regrets = centred(np.array([outcome.regret for outcome in paired]), number)
    spread = max(float(np.sqrt(np.mean(regrets**2))), LEAST_SPREAD)
    states = np.concatenate([_mean_state(each) for each in groups.values()])
    facts = described(outcomes[0].facts)
    return Contrasts(facts, states, alphas, temperatures, regrets / spread, number)


def _softening(outcome: Outcome) -> tuple[float, float]:
    # Without a teacher there is no temperature.
    alpha, temperature = outcome.configuration.alpha, outcome.configuration.temperature
    return alpha, temperature if alpha > 0 else 1.0


def _mean_state(outcomes: Sequence[Outcome]) -> FloatArray:
    states = np.array([seen(outcome.state) for outcome in outcomes])
    known = np.isfinite(states)
    total = np.where(known, states, 0.0).sum(axis=0)
    mean = np.where(known.any(axis=0), total / np.maximum(1, known.sum(axis=0)), np.nan)
    return np.tile(mean, (len(outcomes), 1))
