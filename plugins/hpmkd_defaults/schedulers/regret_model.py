"""How regret depends on softening, given the data and the state of a fit: a ridge regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import FloatArray
    from hpmkd_defaults.schedulers.paired_outcomes import Contrasts

#: Strengths of the ridge, against a loss that is a mean over data sets.
RIDGES = (0.01, 0.1, 1.0)
#: How much facts and state may matter beside softening itself: the scale of their columns.
WEIGHTS = (0.0, 0.3, 1.0)
#: Standard errors by which a relation must pay: it is the best of nine on a handful of sets.
SURE = 2.0
#: Standard deviations that a fact or state is read as at most: no set is like none before.
FARTHEST = 2.0


@dataclass(frozen=True)
class Context:
    """Scales what is known beside softening: 0 is the mean, 1 a standard deviation above it.

    Parameters
    ----------
    means, deviations : ndarray of shape (c,)
        Of what was learned from.
    weight : float
        Scale of the result.
    """

    means: FloatArray
    deviations: FloatArray
    weight: float

    @classmethod
    def of(cls, values: FloatArray, weight: float) -> Context:
        """Return the scales of values of shape (n, c), of which some may be NaN."""
        known = np.isfinite(values)
        count = np.maximum(1, known.sum(axis=0))
        means = np.where(known, values, 0.0).sum(axis=0) / count
        squares = np.where(known, (values - means) ** 2, 0.0).sum(axis=0) / count
        return cls(means, np.sqrt(squares), weight)

    def __call__(self, values: FloatArray) -> FloatArray:
        """Return scaled values; what is not known, or was always the same, is 0."""
        same = self.deviations < 1e-9
        scaled = (values - self.means) / np.where(same, 1.0, self.deviations)
        scaled = np.where(same | ~np.isfinite(scaled), 0.0, scaled)
        result: FloatArray = self.weight * np.clip(scaled, -FARTHEST, FARTHEST)
        return result


def of_softening(alphas: FloatArray, temperatures: FloatArray) -> FloatArray:
    """Return columns of shape (n, 4), all 0 at alpha = 0: the temperature is nothing there."""
    logs = np.log(temperatures)
    return np.column_stack([alphas, alphas**2, alphas * logs, alphas * logs**2])


@dataclass(frozen=True)
class Relation:
    """Predicted regret ``of_softening(alpha, T) @ table @ [1, facts, state]``, up to a constant.

    Parameters
    ----------
    table : ndarray of shape (4, 1 + F + S)
        What was learned.
    facts, states : Context
        Scales of what it is looked up by.
    """

    table: FloatArray
    facts: Context
    states: Context

    @classmethod
    def fit(cls, sets: Sequence[Contrasts], ridge: float, weight: float) -> Relation:
        """Minimise the squared error, in which every data set counts alike.

        Only differences between trials with the same hyperparameters count.
        """
        facts = Context.of(np.array([each.facts for each in sets]), weight)
        states = Context.of(np.concatenate([each.states for each in sets]), weight)
        blank = cls(np.zeros((4, 0)), facts, states)
        n_columns = 4 * (1 + len(facts.means) + len(states.means))
        gram, moment = ridge * np.eye(n_columns), np.zeros(n_columns)
        for each in sets:
            columns = blank._columns(each)
            gram += columns.T @ columns / len(each) / len(sets)
            moment += columns.T @ each.regrets / len(each) / len(sets)
        return cls(np.linalg.solve(gram, moment).reshape(4, -1), facts, states)

    def predicted(self, each: Contrasts) -> FloatArray:
        """Return the regrets of trials, of shape (n,), centred as theirs are."""
        predicted: FloatArray = self._columns(each) @ self.table.ravel()
        return predicted

    def slopes(self, facts: FloatArray, state: FloatArray, trust: float) -> FloatArray:
        """Return the weights, of shape (4,), of softening's columns on one data set, now.

        Parameters
        ----------
        facts : ndarray of shape (F,)
            Of the data set.
        state : ndarray of shape (S,)
            Of the fit.
        trust : float
            How much the state counts, in [0, 1].
        """
        known = np.concatenate([[1.0], self.facts(facts), trust * self.states(state)])
        result: FloatArray = self.table @ known
        return result

    def _columns(self, each: Contrasts) -> FloatArray:
        n = len(each)
        facts = np.tile(self.facts(each.facts), (n, 1))
        known = np.hstack([np.ones((n, 1)), facts, self.states(each.states)])
        softening = of_softening(each.alphas, each.temperatures)
        products = softening[:, :, np.newaxis] * known[:, np.newaxis, :]
        return each.centred(products.reshape(n, -1))


def learned(sets: Sequence[Contrasts]) -> Relation | None:
    """Return the relation that is best at sets that it was not fitted on.

    Strength of the ridge and weight of facts and state are those with the least error where
    each data set in turn is left out. None, if that is not less than the error of assuming that
    softening does not matter, by more than :data:`SURE` standard errors over the data sets.
    """
    gains = {
        setting: np.array([_gain(sets, at, *setting) for at in range(len(sets))])
        for setting in product(RIDGES, WEIGHTS)
    }
    best = max(gains, key=lambda setting: float(gains[setting].mean()))
    gain = gains[best]
    noise = gain.std(ddof=1) / len(gain) ** 0.5
    return Relation.fit(sets, *best) if gain.mean() > SURE * noise else None


def _gain(sets: Sequence[Contrasts], at: int, ridge: float, weight: float) -> float:
    others, left_out = [*sets[:at], *sets[at + 1 :]], sets[at]
    missed = left_out.regrets - Relation.fit(others, ridge, weight).predicted(left_out)
    return float(np.mean(left_out.regrets**2) - np.mean(missed**2))
